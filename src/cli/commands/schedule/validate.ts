import path from 'node:path';
import { isMangamotionError } from '../../../errors.js';
import type { ScheduledEntry } from '../../../schedule/crontab/entry.js';
import type { Entry } from '../../../schedule/crontab/entry.js';
import type { Catalog, CommandContext } from '../../argv/command.js';
import type { Invocation } from '../../argv/invocation.js';
import { parseCommandLine } from '../../argv/parser.js';

const HELP_WIDTH = 80;

/** What is wrong with a command line of the schedule, by the parser that will run it. */
export async function validateCommand(
  argv: readonly string[],
  catalog: Catalog,
): Promise<string | undefined> {
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

/** Commands that write into a destination; into one of them the earlier of these goes first. */
const WRITERS = ['backup full', 'backup incremental', 'backup metadata', 'backup prune'];

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
  return { ...entry, destination: destinationOf(invocation, cwd), rank };
}

function destinationOf({ args }: Invocation, cwd: string): string | undefined {
  const { destination } = args;
  if (typeof destination !== 'string') return undefined;
  const isUrl = destination.startsWith('s3://');
  return isUrl ? destination.replace(/\/+$/, '') : path.resolve(cwd, destination);
}
