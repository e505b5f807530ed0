import type { Entry, Problem, Remark } from './entry.js';
import { nextFiring, shortestGapMs } from './firings.js';
import type { OptionComment } from './option-comment.js';
import { DEFAULT_OPTIONS, readOptionComment } from './option-comment.js';
import type { TimeFields } from './time-fields.js';
import { FIELDS, SHORTHANDS, looksLikeField, parseTimeFields } from './time-fields.js';
import type { Word } from './words.js';
import { linesOf, splitWords, unquoted } from './words.js';
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
    const split = splitWords(text);
    const words = Array.isArray(split) ? split : split.words;
    const columnOf = (word: number) => (words[word]?.at ?? text.length) + 1;
    const fail = (word: number, message: string) => this.#fail(line, columnOf(word), message);
    const { fields, wordCount } = this.#time(words, fail, !Array.isArray(split));
    const texts = words.map((word) => word.text);
    const argv = texts.slice(wordCount);
    const commandColumn = columnOf(wordCount);
    if (!Array.isArray(split)) {
      this.#fail(line, split.unclosedAt + 1, 'this quotation is not closed');
    } else if (argv.length > 0) this.#commands.push({ argv, line, column: commandColumn });
    else if (words.length >= wordCount) fail(wordCount, 'there is no command after the time');
    const name = this.#nameFor(comment?.options?.name, argv, line);
    if (fields === undefined) return;
    const timing = { fields, zone: this.#zone };
    const timeText = texts.slice(0, wordCount).join(' ');
    if (nextFiring(timing, this.#options.now) === undefined) {
      fail(0, `${timeText} never runs: no calendar has such a day`);
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

  /**
   * Reads the words of the time, and reports what is wrong with them: `fields` is then `undefined`.
   * `wordCount` is the number of words in front of the command.
   */
  #time(
    words: readonly Word[],
    fail: (word: number, message: string) => void,
    isCut: boolean,
  ): { fields: TimeFields | undefined; wordCount: number } {
    const texts = words.map((word) => word.text);
    const [first = ''] = texts;
    const isShorthand = first.startsWith('@');
    const shorthand = isShorthand ? SHORTHANDS[first.toLowerCase()] : undefined;
    if (isShorthand && shorthand === undefined) {
      fail(0, `unknown time ${first}: use ${Object.keys(SHORTHANDS).join(', ')}`);
      return { fields: undefined, wordCount: 1 };
    }
    const count = looksLikeField(texts[FIELDS] ?? '') ? FIELDS + 1 : FIELDS;
    const chosen = shorthand?.split(' ') ?? texts.slice(0, count);
    if (chosen.length < FIELDS) {
      if (!isCut) fail(0, `a line begins with ${FIELDS} time fields and a command`);
      return { fields: undefined, wordCount: FIELDS };
    }
    const fields = parseTimeFields(chosen);
    const wordCount = shorthand === undefined ? count : 1;
    if (!Array.isArray(fields)) return { fields, wordCount };
    for (const { field, message } of fields) fail(field, message);
    return { fields: undefined, wordCount };
  }

  #nameFor(given: string | undefined, argv: readonly string[], line: number): string {
    const taken = new Set(this.#entries.map(({ name }) => name));
    if (given !== undefined) {
      if (taken.has(given)) this.#fail(line, 1, `another entry already has the name ${given}`);
      return given;
    }
    // The name leaves out the options, so that it does not change with, say, the retention.
    const options = argv.findIndex((word) => word.startsWith('-'));
    const plain = argv.slice(0, options === -1 ? argv.length : options).join('-');
    const base =
      plain
        .replace(/[^A-Za-z0-9._]+/g, '-')
        .replace(/^[-.]+|-+$/g, '')
        .slice(0, 56) || 'entry';
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

/** Resolves to all that is wrong with the words of a command, for people. */
export type Validate = (argv: readonly string[]) => Promise<readonly string[]>;

/** Resolves to a warning about an entry whose command is right; `undefined` where there is none. */
export type Inspect = (entry: Entry) => Promise<string | undefined>;

/** Parses a crontab and checks its commands. Reports all mistakes, in the order of the file. */
export async function checkCrontab(
  text: string,
  { validate, inspect, ...options }: ParseOptions & { validate: Validate; inspect: Inspect },
): Promise<Crontab> {
  const { entries, problems, remarks, commands } = parseCrontab(text, options);
  const all = [...problems];
  const wrongLines = new Set<number>();
  for (const { argv, line, column } of commands) {
    const messages = await validate(argv);
    all.push(...messages.map((message) => ({ line, column, message })));
    if (messages.length > 0) wrongLines.add(line);
  }
  const warnings: Remark[] = [];
  for (const entry of entries) {
    const { line, commandColumn: column } = entry;
    const message = wrongLines.has(line) ? undefined : await inspect(entry);
    if (message !== undefined) warnings.push({ line, column, message, severity: 'warning' });
  }
  if (all.length === 0 && entries.length === 0) {
    all.push({ line: 1, column: 1, message: 'there is no entry in this file' });
  }
  return {
    entries,
    problems: all.sort(byPlace),
    remarks: [...remarks, ...warnings].sort(byPlace),
  };
}

function byPlace(a: Problem, b: Problem): number {
  return a.line - b.line || a.column - b.column;
}
