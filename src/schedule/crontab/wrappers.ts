import { durationMs } from '../../duration.js';

/** What commands in front of a command do to it, as options of an entry. */
export interface Wrapped {
  /** The command behind them. */
  words: readonly string[];
  /** The options of the entry: `overlap=wait`. */
  options: ReadonlyMap<'overlap' | 'timeout', string>;
  /** The variables that are set for the command alone. */
  assignments: ReadonlyMap<string, string>;
  /** What has no equivalent and changes no result, for people. */
  leftOut: readonly string[];
  /** The lock files of `flock`. */
  locks: readonly string[];
  /** A command line of the shell that is still to be read: that of `sh -c`. */
  script: string | undefined;
}

interface Unwrapping {
  words: string[];
  options: Map<'overlap' | 'timeout', string>;
  assignments: Map<string, string>;
  leftOut: string[];
  locks: string[];
  script: string | undefined;
}

/**
 * Takes assignments and known commands off the front of a command. Returns the reason, for people, where
 * one of them does more than an entry can. Whatever is not known stays in front.
 */
export function unwrap(words: readonly string[]): Wrapped | string {
  const state: Unwrapping = {
    ...{ words: [...words], options: new Map(), assignments: new Map() },
    ...{ leftOut: [], locks: [], script: undefined },
  };
  for (;;) {
    const [first = ''] = state.words;
    const [, name, value = ''] = /^([A-Za-z_]\w*)=(.*)$/s.exec(first) ?? [];
    if (name !== undefined) {
      if (state.assignments.has(name)) return `${name} is set twice`;
      state.assignments.set(name, value);
      state.words.shift();
      continue;
    }
    const reader = READERS[baseName(first)];
    if (reader === undefined || !Object.hasOwn(READERS, baseName(first))) return state;
    state.words.shift();
    const problem = reader(state);
    if (problem !== undefined) return problem;
    if (state.script !== undefined) return state;
  }
}

/** Returns the last part of a path. */
export function baseName(word: string): string {
  return word.replace(/^.*\//s, '');
}

/** Each reads its own options off the front of the words, and returns what it cannot translate. */
const READERS: Readonly<Record<string, (state: Unwrapping) => string | undefined>> = {
  nice: (state) => leaveOut(state, 'nice', /^-n$|^--adjustment$/, /^-(n|-adjustment=)?-?\d+$/),
  ionice: (state) =>
    leaveOut(
      state,
      'ionice',
      /^-[cn]$|^--class(data)?$/,
      /^-(t|[cn]\d)$|^--(ignore|class(data)?=\w+)$/,
    ),
  nohup: (state) => leaveOut(state, 'nohup', NEVER, NEVER),
  env: ({ words }) => refuseOption('env', words),
  flock: readFlock,
  timeout: readTimeout,
  sh: readShell,
  bash: readShell,
  dash: readShell,
};

const NEVER = /(?!)/;

function leaveOut(
  { words, leftOut }: Unwrapping,
  name: string,
  withValue: RegExp,
  alone: RegExp,
): string | undefined {
  const own = [name];
  for (;;) {
    const [word = ''] = words;
    if (withValue.test(word)) own.push(...words.splice(0, 2));
    else if (alone.test(word)) own.push(...words.splice(0, 1));
    else break;
  }
  leftOut.push(own.join(' '));
  return refuseOption(name, words);
}

function refuseOption(name: string, [word = '']: readonly string[]): string | undefined {
  return word.startsWith('-') ? `${name} ${word} has no equivalent` : undefined;
}

function readFlock(state: Unwrapping): string | undefined {
  const { words, options, locks } = state;
  if (options.has('overlap')) return 'two flock have no equivalent';
  let overlap = 'wait';
  for (; words[0]?.startsWith('-') ?? false; words.shift()) {
    const [word = ''] = words;
    if (/^(-n|--nb|--nonblock)$/.test(word)) overlap = 'skip';
    else if (!/^(-[xeoFv]|--(exclusive|close|no-fork|verbose))$/.test(word)) {
      return `flock ${word} has no equivalent`;
    }
  }
  // Here the time limit would be for the run alone, and there it is for the time of waiting too.
  if (overlap === 'wait' && options.has('timeout')) return 'timeout before flock has no equivalent';
  const lock = words.shift();
  if (lock === undefined || /^\d+$/.test(lock)) return 'flock without a file has no equivalent';
  options.set('overlap', overlap);
  locks.push(lock);
  return /^(-c|--command)$/.test(words[0] ?? '') ? readScript(state, 'flock') : undefined;
}

function readTimeout({ words, options }: Unwrapping): string | undefined {
  if (options.has('timeout')) return 'two timeout have no equivalent';
  for (; words[0]?.startsWith('-') ?? false; words.shift()) {
    const [word = '', value = ''] = words;
    const isKill = /^(-k|--kill-after)$/.test(word);
    const isSignal = /^(-s|--signal)$/.test(word) && TERM.test(value);
    if (isKill || isSignal) words.shift();
    else if (!/^(-k.+|--kill-after=.+|-v|--verbose|--preserve-status|--foreground)$/.test(word)) {
      const [, signal = ''] = /^(?:-s|--signal=)(.+)$/.exec(word) ?? [];
      if (!TERM.test(signal)) return `timeout ${word} ${value} has no equivalent`;
    }
  }
  const [, count = '', unit = 's'] = /^(\d{1,6})([smhd]?)$/.exec(words.shift() ?? '') ?? [];
  const time = `${count}${unit === '' ? 's' : unit}`;
  const ms = durationMs(time);
  if (ms === undefined) return 'the time of timeout is not a number of s, m, h or d';
  // 0 is no limit.
  if (ms > 0) options.set('timeout', time);
  return undefined;
}

const TERM = /^(SIG)?TERM$|^15$/;

function readShell(state: Unwrapping): string | undefined {
  const { words } = state;
  if (words[0] === '-c') return readScript(state, 'sh');
  // They change nothing but how a script ends, or what it prints.
  while (/^-[eux]+$/.test(words[0] ?? '')) words.shift();
  return refuseOption('sh', words);
}

function readScript(state: Unwrapping, name: string): string | undefined {
  const [, script, ...more] = state.words;
  if (script === undefined || more.length > 0) return `this ${name} -c has no equivalent`;
  state.script = script;
  state.words = [];
  return undefined;
}
