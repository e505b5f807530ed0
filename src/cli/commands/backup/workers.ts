import { availableParallelism } from 'node:os';
import { MOST_WORKERS } from '../../../config/backup-values.js';
import type { OptionSpecs } from '../../argv/option-specs.js';
import type { CommandContext } from '../../argv/command.js';
import { wholeNumberTo } from '../../values/count.js';

/** How many threads read objects for a backup. */

export const workerOption = {
  workers: {
    value: 'n',
    description:
      `read objects with n threads, at most ${MOST_WORKERS}, each with up to 32 requests at once and up ` +
      'to 60 MB of memory (default: half of the processors, at most 4; BACKUP_WORKERS)',
    parse: wholeNumberTo(MOST_WORKERS),
  },
} as const satisfies OptionSpecs;

/** Where nobody says how many: more would gain little on one machine, and take memory. */
const MOST_BY_DEFAULT = 4;

/** Resolves to the number of threads beside the main one; 0 where that reads the objects itself. */
export async function readersFor(
  context: Pick<CommandContext, 'config'>,
  workers: number | undefined,
): Promise<number> {
  const { backup } = await context.config();
  const byProcessors = Math.min(MOST_BY_DEFAULT, Math.floor(availableParallelism() / 2));
  const wanted = workers ?? backup.workers ?? byProcessors;
  return wanted > 1 ? wanted : 0;
}
