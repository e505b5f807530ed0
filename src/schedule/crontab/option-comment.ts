import { durationMs } from '../../duration.js';
import type { EntryOptions, Problem } from './entry.js';
import { CATCH_UPS, OVERLAPS } from './entry.js';
import { splitWords } from './words.js';

export const DEFAULT_OPTIONS: EntryOptions = {
  timeoutMs: undefined,
  jitterMs: 0,
  overlap: 'skip',
  catchup: 'once',
  onFailure: undefined,
  onSuccess: undefined,
};

/** The options that a comment sets. */
export type CommentOptions = Partial<EntryOptions & { name: string }>;

/**
 * Reads the options of a comment every word of which is `key=value`; returns `undefined` for any other
 * comment. The text is that of the line, with the `#`.
 */
export function readOptionComment(
  text: string,
  line: number,
): { options: CommentOptions; problems: Problem[] } | undefined {
  const begin = text.indexOf('#') + 1;
  const words = splitWords(text.slice(begin));
  if (!Array.isArray(words) || words.length === 0) return undefined;
  if (!words.every((word) => /^[\w-]+=/.test(word.text))) return undefined;
  const options: CommentOptions = {};
  const problems: Problem[] = [];
  const seen = new Set<string>();
  for (const word of words) {
    const [, key = '', value = ''] = /^([\w-]+)=(.*)$/s.exec(word.text) ?? [];
    const read = seen.has(key) ? `${key} is set twice` : readOption(key, value);
    seen.add(key);
    if (typeof read !== 'string') Object.assign(options, read);
    else problems.push({ line, column: begin + word.at + 1, message: read });
  }
  return { options, problems };
}

/** Reads each option; for a wrong value returns what the option must be. */
const READERS: Record<string, (value: string) => CommentOptions | string> = {
  name: (name) =>
    /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(name)
      ? { name }
      : 'must be letters, digits, dots, dashes',
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

/** Returns the option, or what is wrong with it. */
function readOption(key: string, value: string): CommentOptions | string {
  const reader = Object.hasOwn(READERS, key) ? READERS[key] : undefined;
  const known = Object.keys(READERS).join(', ');
  if (reader === undefined) return `unknown option ${key}: the options are ${known}`;
  const read = reader(value);
  return typeof read === 'string' ? `${key} ${read}, not ${JSON.stringify(value)}` : read;
}
