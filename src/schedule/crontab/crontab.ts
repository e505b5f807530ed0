import type { Entry, Problem } from './entry.js';
import { nextFiring } from './firings.js';
import type { CommentOptions } from './option-comment.js';
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
  /** Each time must occur at least once after this instant. */
  now: Date;
}

export interface Crontab {
  entries: Entry[];
  /** All mistakes, in the order of the file; a file with a mistake must not be used. */
  problems: Problem[];
}

/** Parses the text of a crontab. */
export function parseCrontab(text: string, options: ParseOptions): Crontab {
  return new Parser(options).parse(text);
}

class Parser {
  readonly #options: ParseOptions;
  readonly #entries: Entry[] = [];
  readonly #problems: Problem[] = [];
  #zone: string;
  #comment: { options: CommentOptions; line: number } | undefined;

  constructor(options: ParseOptions) {
    this.#options = options;
    this.#zone = options.zone;
  }

  parse(text: string): Crontab {
    for (const [index, line] of linesOf(text).entries()) this.#line(line, index + 1);
    this.#endComment();
    return { entries: this.#entries, problems: this.#problems };
  }

  #line(text: string, line: number): void {
    const trimmed = text.trim();
    if (trimmed === '') return;
    if (trimmed.startsWith('#')) this.#comments(text, line);
    else if (/^\w+\s*=/.test(trimmed)) this.#setting(text, line);
    else this.#entry(text, line);
  }

  #comments(text: string, line: number): void {
    const read = readOptionComment(text, line);
    if (read === undefined) return;
    this.#endComment();
    this.#comment = { options: read.options, line };
    this.#problems.push(...read.problems);
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
    } else this.#zone = zone;
  }

  #entry(text: string, line: number): void {
    const given = this.#comment?.options;
    this.#comment = undefined;
    const words = splitWords(text);
    if (!Array.isArray(words)) {
      this.#fail(line, words.unclosedAt + 1, 'this quotation is not closed');
      return;
    }
    const columnOf = (word: number) => (words[word]?.at ?? text.length) + 1;
    const fail = (word: number, message: string) => this.#fail(line, columnOf(word), message);
    const time = this.#time(words, fail);
    if (time === undefined) return;
    const { fields, wordCount } = time;
    const texts = words.map((word) => word.text);
    const argv = texts.slice(wordCount);
    if (argv.length === 0) fail(wordCount, 'there is no command after the time');
    const timing = { fields, zone: this.#zone };
    const timeText = texts.slice(0, wordCount).join(' ');
    if (nextFiring(timing, this.#options.now) === undefined) {
      fail(0, `${timeText} never runs: no calendar has such a day`);
    }
    const name = this.#nameFor(given?.name, argv, line);
    const entry = { name, line, timing, timeText, argv, commandColumn: columnOf(wordCount) };
    this.#entries.push({ ...DEFAULT_OPTIONS, ...given, ...entry });
  }

  /** Reads the words of the time. Returns `undefined` where they are not valid. */
  #time(
    words: readonly Word[],
    fail: (word: number, message: string) => void,
  ): { fields: TimeFields; wordCount: number } | undefined {
    const texts = words.map((word) => word.text);
    const [first = ''] = texts;
    const isShorthand = first.startsWith('@');
    const shorthand = isShorthand ? SHORTHANDS[first.toLowerCase()] : undefined;
    if (isShorthand && shorthand === undefined) {
      fail(0, `unknown time ${first}: use ${Object.keys(SHORTHANDS).join(', ')}`);
      return undefined;
    }
    const count = looksLikeField(texts[FIELDS] ?? '') ? FIELDS + 1 : FIELDS;
    const chosen = shorthand?.split(' ') ?? texts.slice(0, count);
    if (chosen.length < FIELDS) {
      fail(0, `a line begins with ${FIELDS} time fields and a command`);
      return undefined;
    }
    const fields = parseTimeFields(chosen);
    if (!Array.isArray(fields)) {
      return { fields, wordCount: shorthand === undefined ? count : 1 };
    }
    for (const { field, message } of fields) fail(field, message);
    return undefined;
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
}

/** Resolves to what is wrong with the words of a command, for people; `undefined` where nothing is. */
export type Validate = (argv: readonly string[]) => Promise<string | undefined>;

/** Parses a crontab and checks its commands. Reports all mistakes, in the order of the file. */
export async function checkCrontab(
  text: string,
  { validate, ...options }: ParseOptions & { validate: Validate },
): Promise<Crontab> {
  const { entries, problems } = parseCrontab(text, options);
  const wrong: Problem[] = [];
  for (const { argv, line, commandColumn: column } of entries) {
    const message = argv.length === 0 ? undefined : await validate(argv);
    if (message !== undefined) wrong.push({ line, column, message });
  }
  const all = [...problems, ...wrong];
  all.sort((a, b) => a.line - b.line || a.column - b.column);
  if (all.length === 0 && entries.length === 0) {
    all.push({ line: 1, column: 1, message: 'there is no entry in this file' });
  }
  return { entries, problems: all };
}
