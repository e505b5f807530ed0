import type { Problem } from './entry.js';
import { SHORTHANDS, looksLikeField } from './time-fields.js';
import { quoteWord, splitWords } from './words.js';

/** The result of `schedule import`. */
export interface Imported {
  /** The text of the equivalent schedule. */
  text: string;
  /** How many entries it has. */
  entries: number;
  /** Lines or settings that were not imported, for people. */
  notes: Problem[];
}

const FIELDS = 5;
const TYPES = new Set(['full', 'incremental', 'metadata']);
/** The retention of the script where none was set. */
const DEFAULT_KEEP_DAYS = 30;

/**
 * Converts the lines of a crontab that call `backup-minio.sh TYPE DESTINATION` into a schedule.
 * `isSystem` is true for the crontab of the system, where each line names a user before the command.
 */
export function importCrontab(text: string, { isSystem }: { isSystem: boolean }): Imported {
  const lines: string[] = [];
  const notes: Problem[] = [];
  let entries = 0;
  const settings = new Map<string, string>();
  for (const [index, line] of text
    .replace(/^\ufeff/, '')
    .split(/\r?\n/)
    .entries()) {
    const trimmed = line.trim();
    const note = (message: string, column = 1) => notes.push({ line: index + 1, column, message });
    if (trimmed === '' || trimmed.startsWith('#')) {
      lines.push(asComment(trimmed));
      continue;
    }
    const setting = /^(\w+)\s*=\s*(.*)$/.exec(trimmed);
    if (setting !== null) {
      const [, name = '', value = ''] = setting;
      if (name === 'CRON_TZ' || name === 'TZ') lines.push(`CRON_TZ=${unquoted(value)}`);
      else {
        settings.set(name, unquoted(value));
        if (name !== 'BACKUP_RETENTION_DAYS') {
          note(`${name} is left out: set it in the environment of the daemon if it is needed`);
        }
      }
      continue;
    }
    const imported = importLine(trimmed, isSystem, settings);
    if (typeof imported === 'string') {
      note(imported);
      lines.push(`# not imported: ${trimmed}`);
    } else {
      entries += 1;
      lines.push(imported.line);
      for (const message of imported.notes) note(message);
    }
  }
  return { text: `${lines.join('\n').trimEnd()}\n`, entries, notes };
}

/** Changes a comment that would now set options, so that it does not. */
function asComment(trimmed: string): string {
  const words = trimmed.replace(/^#+/, '').trim().split(/\s+/);
  const isOption = trimmed !== '' && words.every((word) => /^[\w-]+=/.test(word));
  return isOption ? `# (${trimmed.replace(/^#+\s*/, '')})` : trimmed;
}

function unquoted(value: string): string {
  return value.trim().replace(/^(["'])(.*)\1$/, '$2');
}

function importLine(
  line: string,
  isSystem: boolean,
  settings: ReadonlyMap<string, string>,
): { line: string; notes: string[] } | string {
  // In a crontab, the text after an unescaped % is the input of the command.
  const words = splitWords(line.replace(/(?<!\\)%.*$/, '').replaceAll('\\%', '%'));
  if (!Array.isArray(words)) return 'a quotation in it is not closed';
  const texts = words.map((word) => word.text);
  const isShort = texts[0]?.startsWith('@') ?? false;
  if (isShort && SHORTHANDS[texts[0]?.toLowerCase() ?? ''] === undefined) {
    return `${texts[0] ?? ''} has no equivalent`;
  }
  const count = isShort ? 1 : FIELDS;
  if (!isShort && !texts.slice(0, FIELDS).every(looksLikeField))
    return 'it does not begin with a time';
  const command = texts.slice(count + (isSystem ? 1 : 0));
  const time = texts.slice(0, count).join(' ');
  return importCommand(time, command, settings);
}

function importCommand(
  time: string,
  command: readonly string[],
  settings: ReadonlyMap<string, string>,
): { line: string; notes: string[] } | string {
  const at = command.findIndex((word) => /(^|\/)backup-minio\.sh$/.test(word));
  if (at === -1) return 'it does not call backup-minio.sh';
  const [type = '', destination = '', ...rest] = command.slice(at + 1);
  if (!TYPES.has(type)) return `backup-minio.sh has no type ${JSON.stringify(type)}`;
  if (destination === '') return 'it names no destination';
  const own = Object.fromEntries(
    command.slice(0, at).flatMap((word) => {
      const [, name = '', value = ''] = /^(\w+)=(.*)$/s.exec(word) ?? [];
      return name === '' ? [] : [[name, value]];
    }),
  ) as Record<string, string>;
  const keep =
    own.BACKUP_RETENTION_DAYS ?? settings.get('BACKUP_RETENTION_DAYS') ?? String(DEFAULT_KEEP_DAYS);
  const notes: string[] = [];
  const isKeep = /^[1-9]\d{0,4}$/.test(keep);
  if (!isKeep) notes.push(`BACKUP_RETENTION_DAYS ${JSON.stringify(keep)} is not a number of days`);
  const others = Object.keys(own).filter((name) => name !== 'BACKUP_RETENTION_DAYS');
  if (others.length > 0) notes.push(`${others.join(', ')} left out: set them for the daemon`);
  // Drops the redirection of the output: the daemon keeps a log of each run.
  const left = rest.filter((word, index) => !isRedirection(word, rest[index - 1]));
  if (left.length > 0) notes.push(`${left.map(quoteWord).join(' ')} is left out`);
  const words = ['backup', type, quoteWord(destination), ...(isKeep ? ['--keep-days', keep] : [])];
  return { line: `${time}   ${words.join(' ')}`, notes };
}

function isRedirection(word: string, before: string | undefined): boolean {
  return /^\d*>>?/.test(word) || /^\d*>>?$/.test(before ?? '');
}
