import type { Entry, Problem, Remark } from './entry.js';
import { nextFiring, shortestGapMs } from './firings.js';
import type { OptionComment } from './option-comment.js';
import { DEFAULT_OPTIONS, readOptionComment } from './option-comment.js';
import { nameOf, readEntryLine } from './entry-line.js';
import { linesOf, unquoted } from './words.js';
import { isZone } from './zone.js';

/**
 * Parses the schedule file: a crontab whose commands are commands of mangamotion. The parser is pure and
 * does not check the commands; `checkCrontab` does.
 */

export interface ParseOptions {
  /** The zone of entries without a CRON_TZ before them. */
  zone: string;
  /** What is wrong with that zone, for people; `undefined` where nothing is. */
  zoneProblem?: string | undefined;
  /** Each time must occur at least once after this instant. */
  now: Date;
}

export interface Crontab {
  entries: Entry[];
  /** All mistakes, in the order of the file; a file with a mistake must not be used. */
  problems: Problem[];
  /** What else should be looked at, in the order of the file; the file can be used. */
  remarks: Remark[];
}

/** The command of a line, and the column at which it begins, from 1. */
interface CommandOfLine {
  argv: readonly string[];
  line: number;
  column: number;
}

/** Parses the text of a crontab. */
export function parseCrontab(
  text: string,
  options: ParseOptions,
): Crontab & { commands: CommandOfLine[] } {
  return new Parser(options).parse(text);
}

/** A comment that sets options, and its line. */
type PrecedingComment = Pick<OptionComment, 'columns' | 'options'> & { line: number };

class Parser {
  readonly #options: ParseOptions;
  readonly #entries: Entry[] = [];
  readonly #problems: Problem[] = [];
  readonly #remarks: Remark[] = [];
  /** The commands of all lines, also of those with another mistake. */
  readonly #commands: CommandOfLine[] = [];
  #zone: string;
  /** Whether no CRON_TZ has been read yet. */
  #hasDefaultZone = true;
  #comment: PrecedingComment | undefined;

  constructor(options: ParseOptions) {
    this.#options = options;
    this.#zone = options.zone;
  }

  parse(text: string): Crontab & { commands: CommandOfLine[] } {
    for (const [index, line] of linesOf(text).entries()) this.#line(line, index + 1);
    this.#endComment();
    return {
      entries: this.#entries,
      problems: this.#problems,
      remarks: this.#remarks,
      commands: this.#commands,
    };
  }

  #line(text: string, line: number): void {
    const trimmed = text.trim();
    if (trimmed === '') return;
    if (trimmed.startsWith('#')) this.#comments(text, line);
    else if (/^\w+\s*=/.test(trimmed)) this.#setting(text, line);
    else this.#entry(text, line);
  }

  #comments(text: string, line: number): void {
    const { options, columns, problems, remarks } = readOptionComment(text, line);
    this.#remarks.push(...remarks);
    if (options === undefined) return;
    this.#endComment();
    this.#comment = { options, columns, line };
    this.#problems.push(...problems);
  }

  /** Reports options that no entry follows. */
  #endComment(): void {
    if (this.#comment === undefined) return;
    this.#fail(this.#comment.line, 1, 'these options belong to no entry: put them above one');
    this.#comment = undefined;
  }

  #setting(text: string, line: number): void {
    const [, name = '', value = ''] = /^\s*(\w+)\s*=(.*)$/.exec(text) ?? [];
    const zone = unquoted(value);
    if (name !== 'CRON_TZ') {
      const hint = 'set it in the environment of the daemon, or in a file given with --env-file';
      this.#fail(line, 1, `${name} is not set here: ${hint}`);
    } else if (!isZone(zone)) {
      this.#fail(line, text.indexOf('=') + 2, `there is no time zone ${JSON.stringify(zone)}`);
    } else {
      this.#zone = zone;
      this.#hasDefaultZone = false;
    }
  }

  #entry(text: string, line: number): void {
    const comment = this.#comment;
    this.#comment = undefined;
    const { fields, timeText, timeColumn, argv, commandColumn, isWhole, mistakes } =
      readEntryLine(text);
    for (const { column, message } of mistakes) this.#fail(line, column, message);
    if (isWhole && argv.length > 0) this.#commands.push({ argv, line, column: commandColumn });
    const name = this.#nameFor(comment?.options?.name, argv, line);
    if (fields === undefined) return;
    const timing = { fields, zone: this.#zone };
    if (nextFiring(timing, this.#options.now) === undefined) {
      this.#fail(line, timeColumn, `${timeText} never runs: no calendar has such a day`);
    }
    const own = { name, line, timing, timeText, argv, commandColumn };
    const entry = { ...DEFAULT_OPTIONS, ...comment?.options, ...own };
    this.#entries.push(entry);
    this.#remarkOn(entry, comment);
  }

  #remarkOn(entry: Entry, comment: PrecedingComment | undefined): void {
    const { line, jitterMs, timing } = entry;
    const { zoneProblem, now } = this.#options;
    if (zoneProblem !== undefined && this.#hasDefaultZone) {
      // Once is enough: it is the same for all entries above the first CRON_TZ.
      this.#hasDefaultZone = false;
      this.#remark(line, 1, zoneProblem);
    }
    if (jitterMs > 0 && jitterMs > shortestGapMs(timing.fields, now)) {
      const column = comment?.columns.get('jitter') ?? 1;
      this.#remark(
        comment?.line ?? line,
        column,
        'jitter is longer than the time between two runs',
      );
    }
  }

  #nameFor(given: string | undefined, argv: readonly string[], line: number): string {
    const taken = new Set(this.#entries.map(({ name }) => name));
    if (given !== undefined) {
      if (taken.has(given)) this.#fail(line, 1, `another entry already has the name ${given}`);
      return given;
    }
    const base = nameOf(argv);
    let name = base;
    for (let number = 2; taken.has(name); number++) name = `${base}-${number}`;
    return name;
  }

  #fail(line: number, column: number, message: string): void {
    this.#problems.push({ line, column, message });
  }

  #remark(line: number, column: number, message: string): void {
    this.#remarks.push({ line, column, message, severity: 'mistake' });
  }
}
