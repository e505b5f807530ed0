import type { TimeFields } from './time-fields.js';
import { FIELDS, SHORTHANDS, looksLikeField, parseTimeFields } from './time-fields.js';
import { splitWords } from './words.js';

/** The parts of a line that has a time and a command. Columns are from 1. */
export interface EntryLine {
  /** `undefined` where the time has mistakes. */
  fields: TimeFields | undefined;
  /** The time as it is written: `0 2 * * *`. */
  timeText: string;
  timeColumn: number;
  argv: readonly string[];
  commandColumn: number;
  /** False where a quotation is not closed: the words behind it are missing. */
  isWhole: boolean;
  mistakes: readonly { column: number; message: string }[];
}

/** Splits a line into its time and its command, and reports all mistakes in the time. */
export function readEntryLine(text: string): EntryLine {
  const split = splitWords(text);
  const isWhole = Array.isArray(split);
  const words = isWhole ? split : split.words;
  const texts = words.map((word) => word.text);
  const columnOf = (word: number) => (words[word]?.at ?? text.length) + 1;
  const time = readTime(texts, isWhole);
  const { fields, wordCount } = time;
  const mistakes = time.mistakes.map(({ word, message }) => ({ column: columnOf(word), message }));
  const commandColumn = columnOf(wordCount);
  if (!isWhole) {
    mistakes.push({ column: split.unclosedAt + 1, message: 'this quotation is not closed' });
  } else if (words.length === wordCount) {
    mistakes.push({ column: commandColumn, message: 'there is no command after the time' });
  }
  return {
    ...{ fields, timeText: texts.slice(0, wordCount).join(' '), timeColumn: columnOf(0) },
    ...{ argv: texts.slice(wordCount), commandColumn, isWhole, mistakes },
  };
}

interface Time {
  fields: TimeFields | undefined;
  /** The number of words in front of the command. */
  wordCount: number;
  mistakes: readonly { word: number; message: string }[];
}

function readTime(texts: readonly string[], isWhole: boolean): Time {
  const failed = (wordCount: number, ...mistakes: Time['mistakes']): Time => ({
    ...{ fields: undefined, wordCount, mistakes },
  });
  const [first = ''] = texts;
  const isShorthand = first.startsWith('@');
  const shorthand = isShorthand ? SHORTHANDS[first.toLowerCase()] : undefined;
  if (isShorthand && shorthand === undefined) {
    const known = Object.keys(SHORTHANDS).join(', ');
    return failed(1, { word: 0, message: `unknown time ${first}: use ${known}` });
  }
  const count = looksLikeField(texts[FIELDS] ?? '') ? FIELDS + 1 : FIELDS;
  const chosen = shorthand?.split(' ') ?? texts.slice(0, count);
  if (chosen.length < FIELDS) {
    const message = `a line begins with ${FIELDS} time fields and a command`;
    return isWhole ? failed(FIELDS, { word: 0, message }) : failed(FIELDS);
  }
  const fields = parseTimeFields(chosen);
  const wordCount = shorthand === undefined ? count : 1;
  if (!Array.isArray(fields)) return { fields, wordCount, mistakes: [] };
  return failed(wordCount, ...fields.map(({ field, message }) => ({ word: field, message })));
}

/**
 * Returns the name of an entry that is given none. It leaves out the options of the command, so that it does
 * not change with, say, the retention.
 */
export function nameOf(argv: readonly string[]): string {
  const options = argv.findIndex((word) => word.startsWith('-'));
  const plain = argv.slice(0, options === -1 ? argv.length : options).join('-');
  const name = plain
    .replace(/[^A-Za-z0-9._]+/g, '-')
    .replace(/^[-.]+|-+$/g, '')
    .slice(0, 56);
  return name === '' ? 'entry' : name;
}
