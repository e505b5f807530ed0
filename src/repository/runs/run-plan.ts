import { createHash, randomBytes } from 'node:crypto';
import * as v from 'valibot';
import { isTooDense } from '../../archive/limits.js';
import { PLAN_SUFFIX, backupTypeOf, partIdFor } from '../names.js';
import { compareKeys } from '../../key-order.js';
import { type KeyRange, keyRange, summarySchema } from '../summary.js';

/**
 * The plan of a run whose backup is made of parts: what each shard is to capture, and how. It lies at
 * the destination, so that whoever reads it there can go on with the run.
 */

export const RUN_PLAN_VERSION = 1;

/** A plan: some 200 bytes for each shard. */
export const LARGEST_PLAN_BYTES = 64 * 1024 * 1024;

const backupId = v.pipe(
  v.string(),
  v.check((id) => backupTypeOf(id) !== undefined),
);
const time = v.pipe(
  v.string(),
  v.check((text) => !Number.isNaN(Date.parse(text))),
);

const planSchema = v.object({
  format: v.literal(RUN_PLAN_VERSION),
  /** The id that the backup will have. */
  run: backupId,
  /** Random; in the manifest of each part, so that none of another run is taken. */
  token: v.pipe(v.string(), v.regex(/^[0-9a-f]{32}$/)),
  /** The name that the user gave the run (`--run`); `null` if none. */
  name: v.nullable(v.string()),
  type: v.picklist(['full', 'incremental']),
  /** Name and version of the program: workers of another version refuse the run. */
  tool: v.string(),
  created_at: time,
  source: summarySchema.entries.source,
  /** The backup with which the store is compared; `null` for the first of a line. */
  earlier: v.nullable(backupId),
  /** The last trusted backup of the line. */
  last_trusted: v.nullable(backupId),
  refresh_metadata: v.boolean(),
  acls: v.boolean(),
  /** Buckets whose objects can be locked, or may be. */
  lockable: v.array(v.string()),
  /** The age recipients of the archives; none: they are not encrypted. */
  recipients: v.array(v.string()),
  /** The public key of the host key that opens the indexes; `null` if they are not encrypted, or there is none. */
  host_recipient: v.nullable(v.string()),
  /** How the files are locked; `null`: they are not. */
  lock: v.nullable(v.object({ mode: v.picklist(['GOVERNANCE', 'COMPLIANCE']), until: time })),
  /** The ranges of keys, in order. They cover each bucket without gap or overlap. */
  shards: v.array(
    v.object({
      range: keyRange,
      /** The store no longer has the bucket, and the earlier backup does. */
      gone: v.optional(v.literal(true)),
    }),
  ),
});

export type RunPlan = v.InferOutput<typeof planSchema>;

/** The name of the plan at the destination. */
export function planName(run: string): string {
  return run + PLAN_SUFFIX;
}

export function newToken(): string {
  return randomBytes(16).toString('hex');
}

/** Returns a new id for a part. Two workers on one shard never share one. */
export function newPartId({ run }: Pick<RunPlan, 'run'>, shard: number): string {
  return partIdFor(run, shard, randomBytes(4).toString('hex'));
}

/** Encodes a plan as one line of JSON, behind a line with its SHA-256. */
export function encodePlan(plan: RunPlan): string {
  const text = `${JSON.stringify(plan)}\n`;
  return `${digestOf(text)}\n${text}`;
}

/** Decodes a plan, which may be forged or cut. Throws a SyntaxError that names the fault. */
export function decodePlan(bytes: Buffer): RunPlan {
  const end = bytes.indexOf('\n');
  const text = bytes.toString('utf8', end + 1);
  if (end < 0 || digestOf(text) !== bytes.toString('latin1', 0, end)) {
    throw new SyntaxError('its digest is wrong');
  }
  if (isTooDense(bytes)) throw new SyntaxError('it has more values than its length can hold');
  const json: unknown = JSON.parse(text);
  const parsed = v.safeParse(planSchema, json);
  if (parsed.success) return parsed.output;
  throw new SyntaxError(`${v.getDotPath(parsed.issues[0]) ?? ''}: ${parsed.issues[0].message}`);
}

/**
 * Throws a SyntaxError unless the ranges cover each of their buckets without gap or overlap, in order. With a
 * gap, a backup would be complete without the objects in it.
 */
export function checkRanges(ranges: readonly KeyRange[]): void {
  const ends = new Map<string, string | null>();
  for (const { bucket, after, through } of ranges) {
    const isNext = ends.has(bucket) ? after !== null && after === ends.get(bucket) : after === null;
    const isEmpty = after !== null && through !== null && compareKeys(after, through) >= 0;
    if (!isNext || isEmpty) throw new SyntaxError(`its ranges of ${bucket} have a gap or overlap`);
    ends.set(bucket, through);
  }
  const open = [...ends].find(([, through]) => through !== null);
  if (open !== undefined) throw new SyntaxError(`its ranges do not reach the end of ${open[0]}`);
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
