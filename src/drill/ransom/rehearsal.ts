import { MangamotionError, messageOf } from '../../errors.js';
import type { BucketPlace } from '../../repository/backup-files.js';
import { type JournalContext, clearStale } from '../journal.js';
import { OwnEntry } from '../own-entry.js';
import {
  type Cleared,
  clearRehearsal,
  rehearsalPlaceOf,
  versionsBelow,
} from '../clear-rehearsal.js';

/** The place of a ransom drill: below the prefix of the destination, in its bucket. */
export interface Rehearsal {
  /** Its store changes nothing outside of it. */
  place: BucketPlace;
  /** Writes down when the locks end that are about to be set. */
  willLock: (until: Date) => Promise<void>;
  /**
   * Removes what is not locked. The entry in the journal stays as long as anything is left, and a later
   * drill clears it. Rejects if the versions cannot be listed, or the journal not be written.
   */
  end: () => Promise<Cleared & { lockedUntil: string | undefined }>;
}

/**
 * Writes the place into the journal before anything is put there, and clears what dead drills left. Rejects if the
 * keys may not list versions, without which neither damage nor recovery can be seen.
 */
export async function openRehearsal(
  context: JournalContext & { destination: BucketPlace },
): Promise<Rehearsal> {
  const { destination, signal, warn } = context;
  const what = { server: destination.store.endpoint, prefix: '', buckets: 0, rehearsal: {} };
  const entry = new OwnEntry(context, what);
  await entry.put('named');
  const place = {
    ...rehearsalPlaceOf(destination, entry.drill),
    signal: entry.signal,
  };
  try {
    await clearStale(context, entry);
    const [there] = await versionsBelow(place, { signal });
    if (there !== undefined) {
      throw new MangamotionError('refused', `there is something in ${place.url} already`, {
        hint: 'Run the drill again: the name of its place is random.',
      });
    }
  } catch (error) {
    await entry.stop();
    await entry.forget().catch((left: unknown) => warn(messageOf(left)));
    throw error;
  }
  return {
    place,
    willLock: async (until) => {
      entry.drill.rehearsal = { locked_until: until.toISOString() };
      await entry.put('named');
    },
    end: async () => {
      await entry.stop();
      let cleared: Cleared | undefined;
      try {
        cleared = await clearRehearsal(place);
        return { ...cleared, lockedUntil: entry.drill.rehearsal?.locked_until };
      } finally {
        // A request that a signal ended may still be carried out: a later drill looks again.
        if (cleared?.left === 0 && !entry.signal.aborted) await entry.forget();
        else {
          entry.drill.rehearsal = { ...entry.drill.rehearsal, ended: true };
          await entry.leave();
        }
      }
    },
  };
}
