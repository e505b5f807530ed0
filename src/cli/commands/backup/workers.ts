import { availableParallelism } from 'node:os';
import { MOST_WORKERS } from '../../../config/backup-values.js';
import type { OptionSpecs } from '../../argv/option-specs.js';
import type { CommandContext } from '../../argv/command.js';
import { wholeNumberTo } from '../../values/count.js';

/** How much of a backup, a check or a restore goes on at once. */

const optionThat = (works: string, takes: string) =>
  ({
    workers: {
      value: 'n',
      description:
        `${works}, at most ${MOST_WORKERS}, each with up to ${takes} of memory ` +
        '(default: half of the processors, at most 4; BACKUP_WORKERS)',
      parse: wholeNumberTo(MOST_WORKERS),
    },
  }) as const satisfies OptionSpecs;

export const workerOption = optionThat(
  'read objects with n threads',
  '32 requests at once and up to 60 MB',
);
export const verifyWorkerOption = optionThat(
  'read with n workers',
  '16 requests at once and up to 60 MB',
);
export const restoreWorkerOption = optionThat(
  'read and upload objects with n workers',
  '24 objects at once and up to 60 MB',
);

/** Where nobody says how many: more would gain little on one machine, and take memory. */
const MOST_BY_DEFAULT = 4;

/** Resolves to the number of workers, at least 1. Where a limit of the rate is set, it is 1. */
export async function workersFor(
  context: Pick<CommandContext, 'config'>,
  workers: number | undefined,
): Promise<number> {
  const { backup, limitRate } = await context.config();
  if (limitRate !== undefined) return 1;
  const byProcessors = Math.min(MOST_BY_DEFAULT, Math.floor(availableParallelism() / 2));
  return Math.max(1, workers ?? backup.workers ?? byProcessors);
}

/** Resolves to the number of threads beside the main one; 0 where that reads the objects itself. */
export async function readersFor(
  context: Pick<CommandContext, 'config'>,
  workers: number | undefined,
): Promise<number> {
  const wanted = await workersFor(context, workers);
  return wanted > 1 ? wanted : 0;
}
