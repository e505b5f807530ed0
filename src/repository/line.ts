import type { Judged } from './judged.js';
import { type RetentionPolicy, isWithinDays, keptByPolicy, withinDays } from './policy.js';

/**
 * Why the backups of one line stay; those that do not are absent. They come oldest first by
 * sequence.
 *
 * Only complete backups use up what the policy grants, and of these only sound ones: a backup with a
 * piece missing must not push out one that could still be restored. It is not thrown away earlier
 * than others for that, since the piece may come back (a disk that is not mounted).
 */
export function keptInLine(
  line: readonly Judged[],
  policy: RetentionPolicy,
  now: Date,
): Map<string, string[]> {
  const complete = line.filter(({ summary }) => summary.status === 'complete');
  const sound = complete.filter((backup) => backup.sound);
  const bySound = keptByPolicy(sound, policy, now);
  const byAll = keptByPolicy(complete, policy, now);
  const always = new Map([...lastOnes(complete), ...lastOnes(sound)]);
  const newest = sound.at(-1);
  const newestAt = newest === undefined ? -1 : line.indexOf(newest);

  return new Map(
    line.flatMap((backup, index): [string, string[]][] => {
      const { id, summary } = backup;
      const reasons =
        summary.status === 'complete'
          ? [...((backup.sound ? bySound : byAll).get(id) ?? []), ...(always.get(id) ?? [])]
          : [
              ...(isWithinDays(backup, policy, now) ? [withinDays(policy)] : []),
              ...(index > newestAt ? [`${summary.status}, and no complete one is newer`] : []),
            ];
      return reasons.length === 0 ? [] : [[id, reasons]];
    }),
  );
}

/**
 * The last full, and the last of the line: they stay however old they are, for with backups that
 * have stopped coming in nothing newer will replace them.
 */
function lastOnes(complete: readonly Judged[]): Map<string, string[]> {
  const lastFull = complete.findLast(({ summary }) => summary.type === 'full');
  const last = complete.at(-1);
  const both = new Set([lastFull, last].filter((backup) => backup !== undefined));
  return new Map([...both].map(({ id, summary }) => [id, [`last complete ${summary.type}`]]));
}
