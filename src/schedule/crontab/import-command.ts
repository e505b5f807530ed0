import { splitShellLine } from './shell-words.js';
import type { Wrapped } from './wrappers.js';
import { baseName, unwrap } from './wrappers.js';
import { quoteWord } from './words.js';

/** A command line as an entry of the schedule. */
export interface ImportedCommand {
  /** The arguments of mangamotion, quoted. */
  command: string;
  /** `overlap=wait`, for the comment above it. */
  options: string[];
  /** The comment at the end of the line, with its #. */
  comment: string | undefined;
  /** What was left out though it changes no result. */
  leftOut: readonly string[];
}

interface ImportContext {
  /** The setting of the retention, and the value of it that applies. */
  retention: string;
  keepDays: string;
  /** Whether other lines name a lock file too. */
  isShared: (file: string) => boolean;
}

/** They change where programs and messages are looked up. */
const HARMLESS = /^(PATH|LANG|LC_\w+|MAILTO)$/;
const TYPES = new Set(['full', 'incremental', 'metadata']);
const DEEPEST = 3;

/** Reads a command line of cron. Returns the reason, for people, where no entry means the same. */
export function importCommand(line: string, context: ImportContext): ImportedCommand | string {
  const found = read(line, undefined, 0);
  if (typeof found === 'string') return found;
  const { words, options, assignments, leftOut, locks, comment, folder } = found;
  const shared = locks.find(context.isShared);
  if (shared !== undefined) return `other lines use its lock too: ${shared}`;
  const { retention } = context;
  const keep = assignments.get(retention) ?? context.keepDays;
  const wrong = [...assignments.keys()].filter(
    (name) => name !== retention && !HARMLESS.test(name),
  );
  const argv = argvOf(words, { keep, folder, retention });
  if (typeof argv === 'string') return argv;
  if (wrong.length > 0) {
    const are = wrong.length === 1 ? 'is' : 'are';
    return `${wrong.join(', ')} ${are} set for this line alone, and a daemon has one environment`;
  }
  if (argv.isOwn && assignments.has(retention)) {
    return `${retention} is set for this line alone: add --keep-days to the command`;
  }
  return {
    command: argv.words.map(quoteWord).join(' '),
    options: [...options].map(([name, value]) => `${name}=${value}`),
    ...{ comment, leftOut },
  };
}

type Read = Omit<Wrapped, 'script'> & {
  comment: string | undefined;
  /** The folder of `cd FOLDER &&`. */
  folder: string | undefined;
};

/** Reads a command line, and the one that it hands to another shell. */
function read(line: string, folder: string | undefined, depth: number): Read | string {
  const split = splitShellLine(line);
  if (typeof split === 'string') return split;
  const and = split.words.findIndex(({ kind }) => kind === 'and');
  let words = split.words;
  let into = folder;
  if (and !== -1) {
    const [cd, target] = words;
    const isFolder = cd?.text === 'cd' && and === 2 && target?.text.startsWith('/');
    if (isFolder !== true || folder !== undefined) return 'a condition with && in it needs a shell';
    into = target?.text;
    words = words.slice(and + 1);
    if (words.some(({ kind }) => kind === 'and')) return 'a condition with && in it needs a shell';
  }
  const wrapped = unwrap(words.map(({ text }) => text));
  if (typeof wrapped === 'string') return wrapped;
  const { script, ...outer } = wrapped;
  const { comment } = split;
  if (script === undefined) return { ...outer, comment, folder: into };
  if (depth === DEEPEST) return 'there are too many shells in it';
  const inner = read(script, into, depth + 1);
  if (typeof inner === 'string') return inner;
  const twice = [...inner.options.keys()].find((name) => outer.options.has(name));
  if (twice !== undefined) return `two ${twice} have no equivalent`;
  // Then the time limit would be for the time of waiting too.
  const isLimited = outer.options.has('timeout') && inner.options.get('overlap') === 'wait';
  if (isLimited) return 'timeout before flock has no equivalent';
  return {
    words: inner.words,
    options: new Map([...outer.options, ...inner.options]),
    assignments: new Map([...outer.assignments, ...inner.assignments]),
    leftOut: [...outer.leftOut, ...inner.leftOut],
    locks: [...outer.locks, ...inner.locks],
    comment,
    folder: inner.folder,
  };
}

interface Argv {
  words: string[];
  /** Whether the line called this program, and not the script. */
  isOwn: boolean;
}

function argvOf(
  [program = '', ...rest]: readonly string[],
  { keep, folder, retention }: { keep: string; folder: string | undefined; retention: string },
): Argv | string {
  const name = baseName(program);
  const isRelative = program.includes('/') && !program.startsWith('/');
  if (name === 'mangamotion') return ownArgv(rest, folder);
  if (name !== 'backup-minio.sh') {
    return rest.some((word) => word.includes('backup-minio.sh'))
      ? `${name} in front of backup-minio.sh has no equivalent`
      : 'it does not call backup-minio.sh or mangamotion';
  }
  const [type = '', destination = '', ...more] = rest;
  if (!TYPES.has(type)) return `backup-minio.sh has no type ${JSON.stringify(type)}`;
  if (destination === '') return 'it names no destination';
  if (more.length > 0) return `${more.map(quoteWord).join(' ')} has no equivalent`;
  const place = placeOf(destination, folder);
  if (place === undefined) return 'its destination is not an absolute path';
  const needsFolder = isRelative || place !== destination || folder === undefined;
  if (!needsFolder && !`${place}/`.startsWith(`${folder}/`)) {
    return `it runs only if ${folder} exists`;
  }
  if (!/^[1-9]\d{0,4}$/.test(keep)) {
    return `${retention} ${JSON.stringify(keep)} is not a number of days`;
  }
  return { words: ['backup', type, place, '--keep-days', keep], isOwn: false };
}

function ownArgv(rest: readonly string[], folder: string | undefined): Argv | string {
  const [group = '', command = '', place = ''] = rest;
  if (folder !== undefined) return `it runs in ${folder}, and the daemon in one folder for all`;
  if (group === '' || group === 'schedule') return 'a schedule cannot run it';
  const isPlace = group === 'backup' && /^[^-]/.test(command) && /^[^-]/.test(place);
  if (isPlace && placeOf(place, undefined) === undefined) {
    return 'its destination is not an absolute path';
  }
  const file = rest.findIndex((word) => /^--(env-file|config|ca-file)\b/.test(word));
  const value = /=(.*)$/s.exec(rest[file] ?? '')?.[1] ?? rest[file + 1];
  if (file !== -1 && value?.startsWith('/') !== true) return `${rest[file] ?? ''} is not absolute`;
  return { words: [...rest], isOwn: true };
}

/** The destination as the daemon can find it; `undefined` for one in the home folder of a user. */
function placeOf(destination: string, folder: string | undefined): string | undefined {
  if (/^(\/|s3:\/\/)/.test(destination)) return destination;
  if (folder === undefined) return undefined;
  return `${folder}/${destination}`.replace(/\/(\.\/)+/g, '/').replace(/\/(\.|)$/, '');
}
