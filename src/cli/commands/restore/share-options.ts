import { MangamotionError } from '../../../errors.js';
import type { PastValues } from '../backup/backup-name.js';
import { type ShareValues, checkShareOptions } from '../backup/shares.js';

interface RestoreShareValues extends ShareValues, Pick<PastValues, 'asStoredAt'> {
  key: readonly string[];
  deleteExtra: boolean;
}

/** Throws `usage` for options that contradict each other. */
export function checkRestoreShares(scope: string, options: RestoreShareValues): void {
  checkShareOptions(options, options.asStoredAt);
  const { engine, shard, key, deleteExtra } = options;
  if (engine === undefined && shard === undefined) return;
  const option = engine === undefined ? '--shard' : '--engine';
  if (scope === 'metadata' || scope === 'redis') {
    throw new MangamotionError(
      'usage',
      `${option} is not for the scope ${scope}, which has no objects`,
    );
  }
  if (key.length > 0) {
    throw new MangamotionError('usage', `${option} and --key cannot be combined`, {
      hint: 'Restore single objects with --key alone.',
    });
  }
  if (shard === undefined || !deleteExtra) return;
  throw new MangamotionError('usage', '--shard and --delete-extra cannot be combined', {
    hint: 'Give --delete-extra to the command without --shard at the end.',
  });
}
