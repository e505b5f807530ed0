import * as v from 'valibot';
import { type LockOwner, decodeClaim, encodeClaim } from '../lock/claim.js';

/** What a drill writes down before it makes a bucket. It is a claim with more fields. Pure. */

/** The folder of the journal in a destination. */
export const JOURNAL_FOLDER = '.mangamotion-drill';

/** The folder of the places of ransom drills in a destination. */
const REHEARSAL_FOLDER = '.mangamotion-drill-ransom';

/** Returns the part of the keys of a ransom drill behind the prefix of the destination. */
export function rehearsalPrefixOf({ run }: Pick<DrillFields, 'run'>): string {
  return `${REHEARSAL_FOLDER}/${run}/`;
}

/** The begin of the name of every bucket of a drill, after the prefix that the operator chose. */
export const BUCKET_STEM = 'mangamotion-drill-';

const LONGEST_PREFIX = 20;

const PREFIX = /^[a-z0-9](?:[a-z0-9-]{0,18}[a-z0-9-])?$/;

/** Whether the names of buckets may begin with this. */
export function isBucketPrefix(text: string): boolean {
  return PREFIX.test(text) && text.length <= LONGEST_PREFIX;
}

const hex = (digits: number) => v.pipe(v.string(), v.regex(new RegExp(`^[0-9a-f]{${digits}}$`)));

const schema = v.object({
  run: hex(20),
  /** The content of the marker objects. */
  token: hex(64),
  /** The endpoint of the server that has the buckets. */
  server: v.string(),
  prefix: v.pipe(
    v.string(),
    v.check((text) => text === '' || isBucketPrefix(text)),
  ),
  buckets: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(9999)),
  /**
   * `named`: nothing was made. `making`: no bucket of these names existed, so one that exists since
   * then was made by the drill.
   */
  phase: v.picklist(['named', 'making']),
  /** When the entry was first put, by the clock of the destination; RFC 3339. Entries of 0.1 lack it. */
  named_at: v.optional(v.pipe(v.string(), v.isoTimestamp())),
  /** The destination, as the drill knew it: a copy of the journal elsewhere is not renewed. */
  place: v.optional(v.string()),
  /** Present if the entry is of the place of a ransom drill in the destination, and of no buckets. */
  rehearsal: v.optional(
    v.object({
      /** When the locks there end, by the clock of the server; RFC 3339. Absent: nothing is locked yet. */
      locked_until: v.optional(v.pipe(v.string(), v.isoTimestamp())),
      /** The drill has ended: whatever can be removed may be. */
      ended: v.optional(v.boolean()),
    }),
  ),
});

export type DrillFields = v.InferOutput<typeof schema>;

export interface JournalEntry {
  since: string;
  owner: LockOwner;
  drill: DrillFields;
}

/** Returns the names of an entry's buckets. */
export function bucketNamesOf({ run, prefix, buckets }: DrillFields): string[] {
  return Array.from({ length: buckets }, (_, at) => `${prefix}${BUCKET_STEM}${run}-${at}`);
}

/** The marker has a name of its own, so that it cannot be an object of the backup. */
export function markerKeyOf({ run }: Pick<DrillFields, 'run'>): string {
  return `.mangamotion-drill/${run}`;
}

/** No drill takes longer. */
export const LONGEST_DRILL_MS = 7 * 86_400_000;
/** The clocks of the destination and of the server may differ by this much. */
const CLOCK_TOLERANCE_MS = 5 * 60_000;

/**
 * Whether a bucket can have been made by the drill of an entry, as far as times tell.
 * `modifiedAtMs` is when the entry was last put, by the clock of the destination.
 */
export function isOfThatTime(
  { since, drill }: Pick<JournalEntry, 'since' | 'drill'>,
  { modifiedAtMs, createdAt }: { modifiedAtMs: number; createdAt: string | null | undefined },
): boolean {
  const from = Date.parse(drill.named_at ?? since);
  const createdMs = Date.parse(createdAt ?? '');
  // An entry that claims more was changed by somebody, or a clock is wrong.
  if (!(modifiedAtMs - from <= LONGEST_DRILL_MS)) return false;
  return createdMs >= from - CLOCK_TOLERANCE_MS && createdMs <= modifiedAtMs + CLOCK_TOLERANCE_MS;
}

export function encodeEntry({ since, owner, drill }: JournalEntry): string {
  const claim = JSON.parse(encodeClaim({ state: 'held', since, owner })) as object;
  return `${JSON.stringify({ ...claim, drill }, null, 2)}\n`;
}

/** Returns `undefined` for what is no entry of this version. */
export function decodeEntry(content: string | undefined): JournalEntry | undefined {
  const claim = decodeClaim(content);
  if (claim === undefined || content === undefined) return undefined;
  const parsed = v.safeParse(v.object({ drill: schema }), JSON.parse(content));
  if (!parsed.success) return undefined;
  return { since: claim.since, owner: claim.owner, drill: parsed.output.drill };
}
