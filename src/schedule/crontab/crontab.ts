import type { Entry, Problem } from './entry.js';
import { nextFiring } from './firings.js';
import type { OptionComment } from './option-comment.js';
import { DEFAULT_OPTIONS, readOptionComment } from './option-comment.js';
import { SHORTHANDS, looksLikeField, parseTimeFields } from './time-fields.js';
import type { TimeFields } from './time-fields.js';
import type { Word } from './words.js';
import { splitWords } from './words.js';
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

const FIELDS = 5;

/** Parses the text of a crontab. */
export function parseCrontab(text: string, options: ParseOptions): Crontab {
  return new Parser(options).parse(text);
}

class Parser {
  readonly #options: ParseOptions;
  readonly #entries: Entry[] = [];
  readonly #problems: Problem[] = [];
  #zone: string;
  #comment: { comment: OptionComment; line: number } | undefined;

  constructor(options: ParseOptions) {
    this.#options = options;
    this.#zone = options.zone;
  }

  parse(text: string): Crontab {
    // An editor of another system may have used other line ends, or begun the file with a byte order
    // mark.
    const lines = text.replace(/^\ufeff/, '').split(/\r?\n/);
    for (const [index, line] of lines.entries()) this.#line(line, index + 1);
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
    this.#comment = { comment: read.comment, line };
    this.#problems.push(...read.problems);
  }

  /** Reports options that no entry follows. */
  #endComment(): void {
    if (this.#comment === undefined) return;
    this.#fail(this.#comment.line, 1, 'these options belong to no entry: put them above one');
    this.#comment = undefined;
  }

  #setting(text: string, line: number): void {
    const [, name = '', value = ''] = /^\s*(\w+)\s*=\s*(.*?)\s*$/.exec(text) ?? [];
    const zone = value.replace(/^(["'])(.*)\1$/, '$2');
    if (name !== 'CRON_TZ') {
      const hint = 'set it in the environment of the daemon, or in a file given with --env-file';
      this.#fail(line, 1, `${name} is not set here: ${hint}`);
    } else if (!isZone(zone)) {
      this.#fail(line, text.indexOf('=') + 2, `there is no time zone ${JSON.stringify(zone)}`);
    } else this.#zone = zone;
  }

  #entry(text: string, line: number): void {
    const given = this.#comment?.comment;
    this.#comment = undefined;
    const words = splitWords(text);
    if (!Array.isArray(words)) {
      this.#fail(line, words.unclosedAt + 1, 'this quotation is not closed');
      return;
    }
    const time = this.#time(words, line);
    if (time === undefined) return;
    const { fields, command, timeText } = time;
    const argv = command.map((word) => word.text);
    const column = (command[0]?.at ?? text.length) + 1;
    if (argv.length === 0) this.#fail(line, column, 'there is no command after the time');
    const timing = { fields, zone: this.#zone };
    if (nextFiring(timing, this.#options.now) === undefined) {
      this.#fail(
        line,
        (words[0]?.at ?? 0) + 1,
        `${timeText} never runs: no calendar has such a day`,
      );
    }
    const name = this.#nameFor(given?.name, argv, line);
    this.#entries.push({
      ...DEFAULT_OPTIONS,
      ...given?.options,
      name,
      line,
      timing,
      timeText,
      argv,
      commandColumn: column,
    });
  }

  #time(
    words: readonly Word[],
    line: number,
  ): { fields: TimeFields; command: readonly Word[]; timeText: string } | undefined {
    const [first] = words;
    if (first?.text.startsWith('@')) return this.#shorthand(words, first, line);
    const count = looksLikeField(words[FIELDS]?.text ?? '') ? FIELDS + 1 : FIELDS;
    const chosen = words.slice(0, count);
    if (chosen.length < FIELDS) {
      this.#fail(
        line,
        (first?.at ?? 0) + 1,
        `a line begins with ${FIELDS} time fields and a command`,
      );
      return undefined;
    }
    const fields = parseTimeFields(chosen.map((word) => word.text));
    if (Array.isArray(fields)) {
      for (const { field, message } of fields) {
        this.#fail(line, (chosen[field]?.at ?? 0) + 1, message);
      }
      return undefined;
    }
    const timeText = chosen.map((word) => word.text).join(' ');
    return { fields, command: words.slice(count), timeText };
  }

  #shorthand(words: readonly Word[], first: Word, line: number) {
    const text = SHORTHANDS[first.text.toLowerCase()];
    const fields = text === undefined ? [] : parseTimeFields(text.split(' '));
    if (!Array.isArray(fields)) return { fields, command: words.slice(1), timeText: first.text };
    const known = Object.keys(SHORTHANDS).join(', ');
    this.#fail(line, first.at + 1, `unknown time ${first.text}: use ${known}`);
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
