import type { LockOptions } from '../../../backup/protection.js';
import { parseLockDays } from '../../../config/backup-values.js';
import { countOf } from '../../../count-of.js';
import { MangamotionError, messageOf } from '../../../errors.js';
import { lockDaysOf } from '../../../repository/retention/lock-days.js';
import type { RetentionPolicy } from '../../../repository/retention/policy.js';
import { isS3Url, parseS3Url } from '../../../repository/s3/s3-location.js';
import type { CommandContext } from '../../argv/command.js';
import type { OptionSpecs, OptionValues } from '../../argv/option-specs.js';
import { knownLocks, rememberLocks } from '../schedule/state-folder.js';

/** The object locks of a backup. */
export const objectLockOptions = {
  lock: {
    description:
      'lock the files of the backup in the bucket, and those that it refers to, for as long as it is ' +
      'kept (s3:// with object lock only)',
  },
  lockDays: {
    value: 'n',
    description: 'lock them for n days (BACKUP_LOCK_DAYS)',
    parse: (text: string) => {
      const read = parseLockDays(text);
      if (typeof read !== 'string') return read.days;
      throw new MangamotionError('usage', read);
    },
  },
  lockMode: {
    value: 'mode',
    description:
      'how to lock: GOVERNANCE (the default), which a special right can end, or COMPLIANCE, which ' +
      'nobody can',
    choices: ['GOVERNANCE', 'COMPLIANCE'],
  },
} as const satisfies OptionSpecs;

/** A lock that nobody can end lasts no longer without --yes. */
const LONGEST_UNASKED_DAYS = 400;

/**
 * Resolves to how the backup is locked; `undefined` if it is not. The setting is for destinations in
 * buckets; a flag is refused for a folder.
 */
export async function lockSettings(
  context: CommandContext,
  options: OptionValues<typeof objectLockOptions> & { policy: RetentionPolicy },
  location: string,
): Promise<LockOptions | undefined> {
  const { lock, lockDays, lockMode, policy } = options;
  const { backup } = await context.config();
  const isAsked = lock || lockDays !== undefined;
  if (!isS3Url(location)) {
    if (!isAsked && lockMode === undefined) return undefined;
    const flag = lock ? '--lock' : lockDays === undefined ? '--lock-mode' : '--lock-days';
    throw new MangamotionError('usage', `${flag}: ${location} is not an s3:// destination`, {
      hint: 'Leave it out: the files of a folder cannot be locked.',
    });
  }
  if (!isAsked && backup.lockDays === undefined) {
    if (lockMode === undefined) return undefined;
    throw new MangamotionError(
      'usage',
      '--lock-mode needs --lock, --lock-days or BACKUP_LOCK_DAYS',
    );
  }
  const days = lockDays ?? (lock ? lockDaysOf(policy) : backup.lockDays);
  if (days === undefined) {
    throw new MangamotionError('usage', '--lock: no rule says for how long the backup is kept', {
      hint: 'Use --lock-days.',
    });
  }
  const mode = lockMode ?? 'GOVERNANCE';
  if (mode === 'COMPLIANCE' && days > LONGEST_UNASKED_DAYS && !context.saysYes) {
    throw new MangamotionError(
      'usage',
      `COMPLIANCE for ${countOf(days, 'day')} needs --yes: nobody can end such a lock, and what it holds is paid for`,
      { hint: `Without --yes it is at most ${LONGEST_UNASKED_DAYS} days.` },
    );
  }
  const { bucket } = parseS3Url(location);
  const place = { endpoint: (await context.openBackupStore()).endpoint, bucket, mode };
  return {
    ...{ mode, days, proof: await knownLocks(context, place) },
    onProved: async (proof) => {
      try {
        await rememberLocks(context, place, proof);
      } catch (error) {
        context.warn(`the next run proves the locks again: ${messageOf(error)}`);
      }
    },
  };
}
