import type { Problem } from './entry.js';
import { FIELDS, SHORTHANDS, looksLikeField } from './time-fields.js';
import { linesOf, quoteWord, splitWords, unquoted } from './words.js';

/** The result of `schedule import`. */
export interface Imported {
  /** The text of the equivalent schedule. */
  text: string;
  /** How many entries it has. */
  entries: number;
  /** Lines or settings that were not imported, for people. */
  notes: Problem[];
}

const TYPES = new Set(['full', 'incremental', 'metadata']);
/** The setting of the retention, and its value where none was set. */
const RETENTION = 'BACKUP_RETENTION_DAYS';
const DEFAULT_KEEP_DAYS = '30';

/**
 * Converts the lines of a crontab that call `backup-minio.sh TYPE DESTINATION` into a schedule.
 * `isSystem` is true for the crontab of the system, where each line names a user before the command.
 */
export function importCrontab(text: string, { isSystem }: { isSystem: boolean }): Imported {
  const lines: string[] = [];
  const notes: Problem[] = [];
  let entries = 0;
  let keepDays = DEFAULT_KEEP_DAYS;
  for (const [index, line] of linesOf(text).entries()) {
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
      else if (name === RETENTION) keepDays = unquoted(value);
      else note(`${name} is left out: set it in the environment of the daemon if it is needed`);
      continue;
    }
    const imported = importLine(trimmed, isSystem, keepDays);
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

function importLine(
  line: string,
  isSystem: boolean,
  keepDays: string,
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
  return importCommand(time, command, keepDays);
}

function importCommand(
  time: string,
  command: readonly string[],
  keepDays: string,
): { line: string; notes: string[] } | string {
  const at = command.findIndex((word) => /(^|\/)backup-minio\.sh$/.test(word));
  if (at === -1) return 'it does not call backup-minio.sh';
  const [type = '', destination = '', ...rest] = command.slice(at + 1);
  if (!TYPES.has(type)) return `backup-minio.sh has no type ${JSON.stringify(type)}`;
  if (destination === '') return 'it names no destination';
  const assignments = command.slice(0, at).flatMap((word) => {
    const [, name, value = ''] = /^(\w+)=(.*)$/s.exec(word) ?? [];
    return name === undefined ? [] : [[name, value] as const];
  });
  const { [RETENTION]: keep = keepDays, ...others } = Object.fromEntries(assignments);
  const notes: string[] = [];
  const isKeep = /^[1-9]\d{0,4}$/.test(keep);
  if (!isKeep) notes.push(`${RETENTION} ${JSON.stringify(keep)} is not a number of days`);
  const left = Object.keys(others);
  if (left.length > 0) notes.push(`${left.join(', ')} left out: set them for the daemon`);
  // Drops the redirection of the output: the daemon keeps a log of each run.
  const words = rest.filter((word, index) => !isRedirection(word, rest[index - 1]));
  if (words.length > 0) notes.push(`${words.map(quoteWord).join(' ')} is left out`);
  const options = isKeep ? ` --keep-days ${keep}` : '';
  return { line: `${time}   backup ${type} ${quoteWord(destination)}${options}`, notes };
}

function isRedirection(word: string, before: string | undefined): boolean {
  return /^\d*>>?/.test(word) || /^\d*>>?$/.test(before ?? '');
}
