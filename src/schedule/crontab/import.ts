import { SECRET_VARIABLES, isSecretVariable } from '../../config/variables.js';
import type { Problem } from './entry.js';
import { nextFiring } from './firings.js';
import type { ImportedCommand } from './import-command.js';
import { importCommand } from './import-command.js';
import { readOptionComment } from './option-comment.js';
import { FIELDS, SHORTHANDS, parseTimeFields } from './time-fields.js';
import { linesOf, unquoted } from './words.js';
import { isZone } from './zone.js';

/** The result of `schedule import`. */
export interface Imported {
  /** The text of the equivalent schedule. */
  text: string;
  /** How many entries it has. */
  entries: number;
  /** Lines or settings that were not imported, for people. */
  notes: Problem[];
}

/** The setting of the retention, and its value where none was set. */
const RETENTION = 'BACKUP_RETENTION_DAYS';
const DEFAULT_KEEP_DAYS = '30';

/**
 * Converts a crontab into a schedule: the lines that call `backup-minio.sh TYPE DESTINATION`, or this
 * program, and mean the same without a shell. Every other line becomes a comment with the reason.
 * `isSystem` is true for the crontab of the system, where each line names a user before the command.
 */
export function importCrontab(text: string, { isSystem }: { isSystem: boolean }): Imported {
  return new Importer(text, isSystem).import();
}

class Importer {
  readonly #source: readonly string[];
  readonly #isSystem: boolean;
  readonly #lines: string[] = [];
  readonly #notes: Problem[] = [];
  #entries = 0;
  #keepDays = DEFAULT_KEEP_DAYS;
  /** The user of the entries so far, in a crontab of the system. */
  #user: string | undefined;
  /** A CRON_TZ that does not exist: nobody knows when the lines below it run. */
  #brokenZone: string | undefined;

  constructor(text: string, isSystem: boolean) {
    this.#source = linesOf(text);
    this.#isSystem = isSystem;
  }

  import(): Imported {
    for (const [index, line] of this.#source.entries()) this.#line(line.trim(), index + 1);
    const text = `${this.#lines.join('\n').trimEnd()}\n`;
    return { text, entries: this.#entries, notes: this.#notes };
  }

  #line(trimmed: string, line: number): void {
    const setting = /^(\w+|"\w+"|'\w+')\s*=\s*(.*)$/.exec(trimmed);
    if (trimmed === '' || trimmed.startsWith('#')) this.#lines.push(asProse(trimmed));
    else if (setting !== null) {
      const [, name = '', value = ''] = setting;
      this.#setting({ name: unquoted(name), value: unquoted(value), trimmed, line });
    } else this.#command(trimmed, line);
  }

  #setting(setting: { name: string; value: string; trimmed: string; line: number }): void {
    const { name, value, trimmed, line } = setting;
    if (name === RETENTION) this.#keepDays = value;
    else if (name === 'CRON_TZ') {
      this.#brokenZone = isZone(value) ? undefined : value;
      if (isZone(value)) this.#lines.push(`CRON_TZ=${value}`);
      else this.#refuse(trimmed, line, `there is no time zone ${JSON.stringify(value)}`);
    } else if (name === 'TZ') {
      const reason =
        'TZ is left out: cron takes the times in CRON_TZ or in the zone of the machine';
      this.#refuse(trimmed, line, reason);
    } else {
      const reason = `${name} is left out: set it in the environment of the daemon if it is needed`;
      this.#refuse(trimmed, line, reason);
    }
  }

  #command(trimmed: string, line: number): void {
    const imported = this.#import(trimmed);
    if (typeof imported === 'string') {
      this.#refuse(trimmed, line, imported);
      return;
    }
    const { time, options, command, comment, leftOut } = imported;
    if (comment !== undefined) this.#lines.push(asProse(comment));
    for (const one of leftOut) {
      const message = `${one} is left out: the unit of the daemon can set it for all runs`;
      this.#lines.push(asProse(`# ${message}`));
      this.#note(line, message);
    }
    if (options.length > 0) this.#lines.push(`# ${options.join(' ')}`);
    this.#lines.push(`${time}   ${command}`);
    this.#entries += 1;
  }

  #import(line: string): (ImportedCommand & { time: string }) | string {
    const split = timeOf(line);
    if (typeof split === 'string') return split;
    const [, user, rest = ''] = this.#isSystem
      ? (/^(\S+)\s+(.*)$/s.exec(split.command) ?? [])
      : [undefined, undefined, split.command];
    // In a crontab, the text after an unescaped % is the input of the command.
    if (/(?<!\\)%/.test(rest)) return 'the text after its % is the input of a command';
    // Some crons take two backslashes for one, and then the % begins the input.
    if (rest.includes('\\\\%')) return 'a backslash before \\% means something else to each cron';
    const keepDays = this.#keepDays;
    const context = {
      retention: RETENTION,
      keepDays,
      isShared: (file: string) => this.#isShared(file),
    };
    const command = importCommand(rest.replaceAll('\\%', '%'), context);
    if (typeof command === 'string') return command;
    if (this.#brokenZone !== undefined) {
      return `it runs in a time zone that does not exist, ${this.#brokenZone}`;
    }
    if (this.#user !== undefined && user !== this.#user) {
      return `it runs as ${user ?? ''} and others as ${this.#user}: a daemon has one user`;
    }
    this.#user = user;
    return { ...command, time: split.time };
  }

  /** Whether other lines name the file too. */
  #isShared(file: string): boolean {
    const lines = this.#source.filter((line) => !/^\s*#/.test(line) && line.includes(file));
    return lines.length > 1;
  }

  #refuse(trimmed: string, line: number, reason: string): void {
    this.#lines.push(`# not imported (${reason}): ${withoutSecrets(trimmed)}`);
    this.#note(line, reason);
  }

  #note(line: number, message: string): void {
    this.#notes.push({ line, column: 1, message });
  }
}

/** Changes a comment that the schedule would read, or report, as one with options. */
function asProse(comment: string): string {
  const { options, remarks } = readOptionComment(comment, 1);
  const isProse = options === undefined && remarks.length === 0;
  return isProse ? comment : `# (${comment.replace(/^#+\s*/, '')})`;
}

/** The file may be read by others: what a secret setting is set to does not go into it. */
function withoutSecrets(line: string): string {
  const names = SECRET_VARIABLES.join('|');
  const assignment = new RegExp(`\\b(${names})(\\s*=\\s*)("[^"]*"|'[^']*'|\\S+)`, 'g');
  const [, first = ''] = /^["']?(\w+)/.exec(line) ?? [];
  if (isSecretVariable(first)) return `${first}=…`;
  return line.replace(assignment, '$1$2…');
}

/** A day of every kind comes after it. */
const SOME_DAY = new Date('2000-01-01T00:00:00Z');

/** Splits a line into its time and the rest. Returns the reason where that is no time. */
function timeOf(line: string): { time: string; command: string } | string {
  const isShort = line.startsWith('@');
  const [, time = '', command = ''] =
    (isShort ? /^(\S+)\s+(.*)$/s : /^((?:\S+\s+){4}\S+)\s+(.*)$/s).exec(line) ?? [];
  const shorthand = isShort ? SHORTHANDS[time.toLowerCase()] : undefined;
  if (isShort && shorthand === undefined) return `${line.split(/\s/)[0] ?? ''} has no equivalent`;
  const words = (shorthand ?? time).split(/\s+/);
  if (words.length !== FIELDS || !/^[\d*]/.test(words[0] ?? ''))
    return 'it does not begin with a time';
  const fields = parseTimeFields(words);
  if (Array.isArray(fields)) return fields[0]?.message ?? 'it does not begin with a time';
  if (nextFiring({ fields, zone: 'UTC' }, SOME_DAY) === undefined) return 'it never runs';
  return { time: isShort ? time : words.join(' '), command };
}
