import type { AllRecords } from '../../../drill/all-records.js';
import type { ReadRecords } from '../../../drill/records.js';
import type { CommandContext } from '../../argv/command.js';
import { destinationArguments } from '../backup/backup-options.js';
import { scheduledDestinations } from '../schedule/destinations.js';
import { FILE_OPTION } from '../schedule/file.js';
import { STATE_OPTION, stateFolderOf } from '../schedule/state-folder.js';

/** The options of `drill history` and `drill report` that say where records are read. */
export const recordsArguments = {
  destination: {
    ...destinationArguments.destination,
    description:
      'the folders and s3://bucket/prefix whose records are read too, those of drills of all hosts ' +
      '(default: the destinations of the schedule)',
    optional: true,
    repeatable: true,
  },
} as const;

export const recordsOptions = { file: FILE_OPTION, stateDir: STATE_OPTION } as const;

/** Reads the records of this host and those at destinations, and warns of what cannot be read. */
export async function readRecordsOf(
  context: CommandContext,
  named: readonly string[],
  { file, stateDir }: { file: string; stateDir: string | undefined },
): Promise<AllRecords> {
  const { readAllRecords } = await import('../../../drill/all-records.js');
  const { recordsFolderOf } = await import('../../../drill/records.js');
  const { openDestination } = await import('../../../repository/locate.js');
  const folder = recordsFolderOf(stateFolderOf(context, stateDir));
  const onUnread = (why: string): void => {
    context.warn(`the destinations of the schedule are not known, nor their records: ${why}`);
  };
  const places = named.length > 0 ? named : await scheduledDestinations(context, file, onUnread);
  const destinations = [...new Set(places)].map((text) => ({
    text,
    open: () => openDestination(text, context.cwd, context),
  }));
  const all = await readAllRecords(folder, destinations, context.signal);
  warnOfDamaged(context, all.damaged);
  for (const { destination, why } of all.unread) {
    context.warn(`the records of drills at ${destination} cannot be read: ${why}`);
  }
  return all;
}

const MOST_NAMED = 5;

/** Names the damaged lines of the records: the first of them, and how many there are. */
export function warnOfDamaged(
  { warn }: Pick<CommandContext, 'warn'>,
  damaged: ReadRecords['damaged'],
): void {
  for (const { file, fromEnd } of damaged.slice(0, MOST_NAMED)) {
    warn(`${file}: line ${fromEnd} from the end is not a record of a drill`);
  }
  const more = damaged.length - MOST_NAMED;
  if (more > 0) warn(`${more} more lines of the records are not records of a drill`);
}
