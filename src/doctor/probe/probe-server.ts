import { isMangamotionError, messageOf } from '../../errors.js';
import type { ObjectStore } from '../../object-store/port.js';
import type { AnswerSheet } from './answers.js';
import type { JournalEntry, ProbeJournal } from './journal.js';
import { makeBucket, removeBucket } from './probe-bucket.js';
import {
  askAboutChecksums,
  askAboutKeys,
  askAboutListings,
  askAboutLock,
  askAboutMetadata,
  askAboutTags,
  askAboutTimes,
  outlastRetention,
} from './questions.js';

export interface ProbeOutcome {
  answers: AnswerSheet;
  /** Buckets that could not be removed, with the reason: the next probe tries again. */
  left: readonly { bucket: string; why: string }[];
  /** Buckets of dead probes that this one removed. */
  cleared: number;
}

/** The removal goes on after Ctrl-C. */
const CLEAN_UP_MS = 60_000;

/**
 * Asks a server all questions, in buckets of its own, which it removes; so it does with those that dead
 * probes have left, and with no others. Rejects where no bucket can be made, and with the reason of the
 * signal.
 */
export async function probeServer(
  store: ObjectStore,
  journal: ProbeJournal,
  { now, signal }: { now: () => Date; signal: AbortSignal },
): Promise<ProbeOutcome> {
  const left: { bucket: string; why: string }[] = [];
  let cleared = 0;
  for (const entry of await journal.dead(store.endpoint, now())) {
    const why = await whyNotRemoved(store, journal, entry, signal);
    if (why === undefined) cleared += 1;
    else left.push({ bucket: entry.bucket, why });
  }
  const made: JournalEntry[] = [];
  const lock = { isHeld: false };
  try {
    const { bucket } = await make(false);
    const place = { store, bucket, signal };
    const listings = await answered(() => askAboutListings(place));
    const answers: AnswerSheet = {
      last_page: partOf(listings, ({ last_page }) => last_page),
      start_after: partOf(listings, ({ start_after }) => start_after),
      listing: partOf(listings, ({ listing }) => listing),
      times: await answered(() => askAboutTimes(place)),
      metadata: await answered(() => askAboutMetadata(place)),
      tags: await answered(() => askAboutTags(place)),
      checksums: await answered(() => askAboutChecksums(place)),
      keys: await answered(() => askAboutKeys(place)),
      lock: await answered(askAboutLocks),
    };
    return { answers, left, cleared };
  } finally {
    const limit = AbortSignal.timeout(CLEAN_UP_MS);
    if (lock.isHeld) await outlastRetention(limit);
    for (const entry of made) {
      const why = await whyNotRemoved(store, journal, entry, limit);
      if (why !== undefined) left.push({ bucket: entry.bucket, why });
    }
  }

  async function make(objectLock: boolean): Promise<JournalEntry> {
    const entry = await makeBucket(store, journal, { objectLock, now: now(), signal });
    made.push(entry);
    return entry;
  }

  async function askAboutLocks(): Promise<'resists' | 'gives_in' | 'unsupported'> {
    let bucket: string;
    try {
      ({ bucket } = await make(true));
    } catch (error) {
      if (isMangamotionError(error, 'refused')) return 'unsupported';
      throw error;
    }
    const answer = await askAboutLock({ store, bucket, signal });
    lock.isHeld = answer === 'resists';
    return answer;
  }

  async function answered<T>(ask: () => Promise<T>): Promise<{ answer: T } | { error: string }> {
    try {
      return { answer: await ask() };
    } catch (error) {
      signal.throwIfAborted();
      return { error: messageOf(error) };
    }
  }
}

function partOf<Whole, Part>(
  whole: { answer: Whole } | { error: string },
  part: (whole: Whole) => Part,
): { answer: Part } | { error: string } {
  return 'error' in whole ? whole : { answer: part(whole.answer) };
}

async function whyNotRemoved(
  store: ObjectStore,
  journal: ProbeJournal,
  entry: JournalEntry,
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    const isGone = await removeBucket(store, journal, entry, signal);
    return isGone ? undefined : 'it holds what no probe has put there';
  } catch (error) {
    return messageOf(error);
  }
}
