import { SECRET_VARIABLES, isSecretVariable } from '../../config/variables.js';
import { durationMs } from '../../duration.js';
import type { EntryOptions, Problem, Remark } from './entry.js';
import { CATCH_UPS, OVERLAPS } from './entry.js';
import { splitWords } from './words.js';

export const DEFAULT_OPTIONS: EntryOptions = {
  timeoutMs: undefined,
  jitterMs: 0,
  overlap: 'skip',
  catchup: 'once',
  onFailure: undefined,
  onSuccess: undefined,
  passEnv: [],
};

/** The options that a comment sets. */
type CommentOptions = Partial<EntryOptions & { name: string }>;

export interface OptionComment {
  /** `undefined` for prose, which sets none. */
  options: CommentOptions | undefined;
  /** The column of each option by its name, from 1. */
  columns: ReadonlyMap<string, number>;
  problems: Problem[];
  remarks: Remark[];
}

/** A comment that begins so is prose, whatever its words look like. */
const PROSE_MARKS = ['(', 'not imported'] as const;

/**
 * Reads the options of a comment every word of which is `key=value`; any other comment is prose. Prose
 * in which an option seems to be set is remarked on. The text is that of the line, with the `#`.
 */
export function readOptionComment(text: string, line: number): OptionComment {
  const begin = text.indexOf('#') + 1;
  const words = splitWords(text.slice(begin));
  if (!Array.isArray(words) || !words.every((word) => /^[\w-]+=/.test(word.text))) {
    return { ...NO_OPTIONS, remarks: remarksOnProse(text.slice(begin), begin, line) };
  }
  if (words.length === 0) return NO_OPTIONS;
  const options: CommentOptions = {};
  const problems: Problem[] = [];
  const remarks: Remark[] = [];
  const columns = new Map<string, number>();
  for (const word of words) {
    const [, key = '', value = ''] = /^([\w-]+)=(.*)$/s.exec(word.text) ?? [];
    const column = begin + word.at + 1;
    const read = columns.has(key) ? `${key} is set twice` : readOption(key, value);
    columns.set(key, column);
    if (typeof read === 'string') problems.push({ line, column, message: read });
    else Object.assign(options, read);
    const wrong = HOOKS.has(key) ? problemOfHook(value) : undefined;
    if (wrong !== undefined) {
      remarks.push({ line, column, message: `${key} ${wrong}`, severity: 'mistake' });
    }
  }
  return { options, columns, problems, remarks };
}

const NO_OPTIONS: OptionComment = {
  options: undefined,
  columns: new Map(),
  problems: [],
  remarks: [],
};

function remarksOnProse(comment: string, begin: number, line: number): Remark[] {
  const trimmed = comment.trimStart();
  if (PROSE_MARKS.some((mark) => trimmed.startsWith(mark))) return [];
  const names = Object.keys(READERS).join('|');
  const found = [...comment.matchAll(new RegExp(`(?<=^|\\s)(${names})\\s*=`, 'gi'))];
  const [first] = found;
  if (first === undefined) return [];
  const shown = found.map(([, name = '']) => name.toLowerCase()).join(', ');
  const message = `${shown} not set: a comment sets options only if each of its words is key=value`;
  return [{ line, column: begin + first.index + 1, message, severity: 'mistake' }];
}

const HOOKS: ReadonlySet<string> = new Set(['on-failure', 'on-success']);

/** What is wrong with a hook that looks like a URL. Any other text is a command line. */
function problemOfHook(hook: string): string | undefined {
  const [, scheme] = /^([a-z][a-z0-9+.-]*):\/\//i.exec(hook) ?? [];
  if (scheme === undefined) return undefined;
  // The URL is not repeated: there may be a token in it.
  if (!/^https?$/i.test(scheme)) return `cannot use ${scheme}://: give an http or https URL`;
  return URL.canParse(hook) ? undefined : 'is not a valid URL';
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
  'pass-env': (value) => {
    const passEnv = value.split(',');
    // A hook has all other variables anyway: another name is a slip.
    return passEnv.every(isSecretVariable)
      ? { passEnv }
      : `must be names of secret settings with commas between (${SECRET_VARIABLES.join(', ')})`;
  },
};

/** Returns the option, or what is wrong with it. */
function readOption(key: string, value: string): CommentOptions | string {
  const reader = Object.hasOwn(READERS, key) ? READERS[key] : undefined;
  const known = Object.keys(READERS).join(', ');
  if (reader === undefined) return `unknown option ${key}: the options are ${known}`;
  const read = reader(value);
  return typeof read === 'string' ? `${key} ${read}, not ${JSON.stringify(value)}` : read;
}
