import { realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { isMangamotionError } from '../../../errors.js';
import { errnoOf } from '../../../files/errors.js';
import type { Entry, ScheduledEntry } from '../../../schedule/crontab/entry.js';
import type { Catalog, CommandContext } from '../../argv/command.js';
import type { Invocation } from '../../argv/invocation.js';
import { parseCommandLine } from '../../argv/parser.js';

const HELP_WIDTH = 80;

/** All that is wrong with a command line of the schedule, by the parser that will run it. */
export async function validateCommand(
  argv: readonly string[],
  catalog: Catalog,
): Promise<readonly string[]> {
  const messages = new Set<string>();
  for (let rest: readonly string[] | undefined = argv; rest !== undefined;) {
    const message = await mistakeIn(rest, catalog);
    if (message === undefined || messages.size >= MOST_MISTAKES) break;
    messages.add(message);
    rest = await withoutMistake(rest, message, catalog);
  }
  return [...messages];
}

const MOST_MISTAKES = 10;

/** The first mistake: the parser ends at it. */
async function mistakeIn(argv: readonly string[], catalog: Catalog): Promise<string | undefined> {
  try {
    const parsed = await parseCommandLine(argv, catalog, HELP_WIDTH);
    if (parsed.kind !== 'run' || parsed.invocation.name === 'help')
      return `\`${argv.join(' ')}\` runs nothing`;
    const [group] = parsed.invocation.name.split(' ');
    return group === 'schedule' ? 'a schedule cannot run a schedule' : undefined;
  } catch (error) {
    if (isMangamotionError(error, 'usage')) return error.message;
    throw error;
  }
}

/**
 * The command line without the option that is wrong, alone or with its value; `undefined` where no option
 * is. Leaving out the wrong words would be another mistake.
 */
async function withoutMistake(
  argv: readonly string[],
  message: string,
  catalog: Catalog,
): Promise<readonly string[] | undefined> {
  for (const [at, word] of argv.entries()) {
    if (!word.startsWith('-') || !message.includes(word.replace(/=.*$/s, ''))) continue;
    const next = argv[at + 1];
    const hasValue = next !== undefined && !next.startsWith('-') && !word.includes('=');
    for (const count of hasValue ? [2, 1] : [1]) {
      const rest = argv.toSpliced(at, count);
      const left = await mistakeIn(rest, catalog);
      if (left !== message && left?.includes('argument') !== true) return rest;
    }
  }
  return undefined;
}

/** Commands that write into a destination; into one of them the earlier of these goes first. */
const WRITERS = [
  'backup full',
  'backup incremental',
  'backup metadata',
  'backup copy',
  'backup prune',
];

/** The entry, which was found right, with what its command writes into. */
export async function withDestination(
  entry: Entry,
  { catalog, cwd }: Pick<CommandContext, 'catalog' | 'cwd'>,
): Promise<ScheduledEntry> {
  const parsed = await parseCommandLine(entry.argv, catalog, HELP_WIDTH);
  const invocation = parsed.kind === 'run' ? parsed.invocation : undefined;
  const rank = WRITERS.indexOf(invocation?.name ?? '');
  if (invocation === undefined || rank === -1) {
    return { ...entry, destination: undefined, rank: WRITERS.length };
  }
  return { ...entry, destination: await destinationOf(invocation, cwd), rank };
}

/**
 * What is wrong with the folder that the command of an entry, which was found right, works on. `undefined`
 * where it is there, and for a bucket, which would have to be asked for.
 */
export async function missingDestination(
  { argv }: Entry,
  { catalog, cwd }: Pick<CommandContext, 'catalog' | 'cwd'>,
): Promise<string | undefined> {
  const parsed = await parseCommandLine(argv, catalog, HELP_WIDTH);
  const { destination } = parsed.kind === 'run' ? parsed.invocation.args : {};
  if (typeof destination !== 'string' || isBucket(destination)) return undefined;
  try {
    const found = await stat(path.resolve(cwd, destination));
    return found.isDirectory() ? undefined : `${destination} is not a folder`;
  } catch (error) {
    // Another user may look into it.
    return errnoOf(error) === 'ENOENT' ? `there is no folder ${destination}` : undefined;
  }
}

/** One text for each destination, however it is spelt. */
async function destinationOf({ args }: Invocation, cwd: string): Promise<string | undefined> {
  const { destination } = args;
  if (typeof destination !== 'string') return undefined;
  if (isBucket(destination)) return destination.replace(/^s3/i, 's3').replace(/\/+$/, '');
  return await realPath(path.resolve(cwd, destination));
}

function isBucket(destination: string): boolean {
  return /^s3:\/\//i.test(destination);
}

/** The path without symbolic links, as far as there is something. */
async function realPath(absolute: string): Promise<string> {
  try {
    return await realpath(absolute);
  } catch {
    const folder = path.dirname(absolute);
    return folder === absolute
      ? absolute
      : path.join(await realPath(folder), path.basename(absolute));
  }
}
