import { durationMs } from '../../duration.js';
import type { EntryOptions, Problem } from './entry.js';
import { CATCH_UPS, OVERLAPS } from './entry.js';
import type { Word } from './words.js';
import { splitWords } from './words.js';

export const DEFAULT_OPTIONS: EntryOptions = {
  timeoutMs: undefined,
  jitterMs: 0,
  overlap: 'skip',
  catchup: 'once',
  onFailure: undefined,
  onSuccess: undefined,
};

/** The options of a comment; the name is `undefined` where it sets none. */
export interface OptionComment {
  name: string | undefined;
  options: Partial<EntryOptions>;
}

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const KEYS = [
  'name',
  'timeout',
  'jitter',
  'overlap',
  'catchup',
  'on-failure',
  'on-success',
] as const;
type Key = (typeof KEYS)[number];

/**
 * Reads the options of a comment every word of which is `key=value`; returns `undefined` for any other
 * comment. The text is that of the line, with the `#`.
 */
export function readOptionComment(
  text: string,
  line: number,
): { comment: OptionComment; problems: Problem[] } | undefined {
  const begin = text.indexOf('#') + 1;
  const words = splitWords(text.slice(begin));
  if (!Array.isArray(words) || words.length === 0) return undefined;
  if (!words.every((word) => /^[\w-]+=/.test(word.text))) return undefined;
  const comment: OptionComment = { name: undefined, options: {} };
  const problems: Problem[] = [];
  const seen = new Set<string>();
  for (const word of words) {
    const message = readOption(word, comment, seen);
    if (message !== undefined) problems.push({ line, column: begin + word.at + 1, message });
  }
  return { comment, problems };
}

function readOption(word: Word, comment: OptionComment, seen: Set<string>): string | undefined {
  const [, key = '', value = ''] = /^([\w-]+)=(.*)$/s.exec(word.text) ?? [];
  if (!isKey(key)) return `unknown option ${key}: the options are ${KEYS.join(', ')}`;
  if (seen.has(key)) return `${key} is set twice`;
  seen.add(key);
  if (key === 'name') {
    if (!NAME.test(value)) return `name must be letters, digits, dots, dashes, not ${shown(value)}`;
    comment.name = value;
    return undefined;
  }
  const read = READERS[key](value);
  if (typeof read === 'string') return `${key} ${read}, not ${shown(value)}`;
  Object.assign(comment.options, read);
  return undefined;
}

const READERS: Record<Exclude<Key, 'name'>, (value: string) => Partial<EntryOptions> | string> = {
  timeout: (value) => {
    const timeoutMs = durationMs(value);
    return timeoutMs === undefined || timeoutMs === 0
      ? 'must be a time such as 50m or 2h'
      : { timeoutMs };
  },
  jitter: (value) => {
    const jitterMs = durationMs(value);
    return jitterMs === undefined ? 'must be a time such as 30s or 5m' : { jitterMs };
  },
  overlap: (value) => {
    const overlap = OVERLAPS.find((one) => one === value);
    return overlap === undefined ? `must be ${OVERLAPS.join(', ')}` : { overlap };
  },
  catchup: (value) => {
    const catchup = CATCH_UPS.find((one) => one === value);
    return catchup === undefined ? `must be ${CATCH_UPS.join(' or ')}` : { catchup };
  },
  'on-failure': (onFailure) => (onFailure === '' ? 'must be a command or a URL' : { onFailure }),
  'on-success': (onSuccess) => (onSuccess === '' ? 'must be a command or a URL' : { onSuccess }),
};

function isKey(key: string): key is Key {
  return KEYS.some((one) => one === key);
}

function shown(value: string): string {
  return JSON.stringify(value);
}
