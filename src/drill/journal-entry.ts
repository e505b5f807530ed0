import * as v from 'valibot';
import { type LockOwner, decodeClaim, encodeClaim } from '../lock/claim.js';

/** What a drill writes down before it makes a bucket. It is a claim with more fields. Pure. */

/** The folder of the journal in a destination. */
export const JOURNAL_FOLDER = '.mangamotion-drill';

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
