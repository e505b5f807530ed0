import { createHash } from 'node:crypto';
import * as z from 'zod/mini';
import { FORMAT_VERSION } from '../archive/footer.js';
import { BACKUP_TYPES, backupTypeOf } from './names.js';

/**
 * The summary of a backup: its commit point. It is written last; a backup without one does not
 * exist. Its fields are a promise to users, who read it with jq.
 */

const count = z.number().check(z.int(), z.nonnegative());
/** Ids become file names: nothing else may pass for one. */
const backupId = z.string().check(z.refine((id) => backupTypeOf(id) !== undefined));
const time = z.string().check(z.refine((text) => !Number.isNaN(Date.parse(text))));
const digest = z.string().check(z.regex(/^[0-9a-f]{64}$/));

const failure = z.object({
  bucket: z.string(),
  /** Empty where it is no object that failed. */
  key: z.string(),
  /** Of the bucket: `policy`, `lifecycle`, … */
  document: z.optional(z.string()),
  reason: z.string(),
});

const documentFidelity = z.object({
  bucket: z.string(),
  /** `policy`, `lifecycle`, … */
  document: z.string(),
  /** `none`: the bucket has none; `unsupported`: the server knows no such documents. */
  state: z.enum(['captured', 'none', 'unsupported', 'failed']),
  /** Why it is not captured. */
  reason: z.optional(z.string()),
});

const suspicion = z.object({
  bucket: z.string(),
  /** Objects in the parent, and how many of them the store no longer has. */
  before: count,
  deleted: count,
});

const summarySchema = z.object({
  format: z.number().check(z.int(), z.positive()),
  id: backupId,
  type: z.enum(BACKUP_TYPES),
  status: z.enum(['complete', 'partial', 'suspect']),
  /** The order of backups: one more than the highest of its destination. */
  sequence: count,
  /** The id of the backup that an incremental was compared with. */
  parent: z.nullable(backupId),
  /** Ids of the other archives that hold objects of this backup. */
  references: z.array(backupId),
  destination: z.string(),
  created_at: time,
  finished_at: time,
  duration_seconds: z.number(),
  source: z.object({
    endpoint: z.string(),
    /** What was selected; null where all buckets were. */
    buckets: z.nullable(z.array(z.string())),
    excluded_buckets: z.array(z.string()),
  }),
  objects: z.object({
    /** Listed in the store. */
    total: count,
    /** Whose bytes were copied by this run. */
    captured: count,
    /** Of the captured ones: those that an earlier run, which never ended, had copied already. */
    salvaged: z._default(count, 0),
    /** Whose bytes lie in an earlier archive. With the captured ones: all that is in the backup. */
    unchanged: count,
    /** Of the captured ones: overwritten between the listing and the copy. */
    changed: count,
    vanished: count,
    failed: count,
    /** Of the unchanged ones: those whose tags and holds were taken from the parent unread. */
    unverified: z._default(count, 0),
    /** Objects of the parent that the store no longer has. */
    deleted: z._default(count, 0),
  }),
  /** Sum of the sizes of its objects. */
  bytes: count,
  /** Of the tar.gz; of a plain folder: the sum of the sizes of its files. */
  archive_bytes: count,
  buckets: z.array(z.object({ name: z.string(), objects: count, bytes: count })),
  failures: z.array(failure),
  /** Buckets of which so much was deleted since the parent that it may be an accident. */
  suspicious: z._default(z.array(suspicion), []),
  fidelity: z.object({
    /** What exists on an S3 server and is not in this backup. */
    not_captured: z.array(z.string()),
    /** What became of each document of each bucket; empty in backups from before there were any. */
    documents: z._default(z.array(documentFidelity), []),
  }),
  archive: z.object({
    /** `ID.tar.gz`, or the name of the plain folder, which is the id. */
    file: z.string(),
    /**
     * Of the whole tar.gz. Of a plain folder: of its `index/directory.json`, which holds the digests
     * of the index chunks, which hold those of the objects: no file can change without a finding.
     */
    sha256: digest,
    /** Where it lies in the tar.gz; of a plain folder: 0 and the size of the file. */
    directory: z.object({ offset: count, length: count, sha256: digest }),
  }),
  tool: z.string(),
});

export type Summary = z.infer<typeof summarySchema>;
/** How many objects a backup holds. */
export function objectsIn({ objects }: Pick<Summary, 'objects'>): number {
  return objects.captured + objects.unchanged;
}

export type Suspicion = z.infer<typeof suspicion>;
/** What could not be captured: an object, or a document of a bucket. */
export type Failure = z.infer<typeof failure>;
export type DocumentFidelity = z.infer<typeof documentFidelity>;

export type DecodedSummary =
  | { kind: 'valid'; summary: Summary }
  | { kind: 'newer'; version: number }
  | { kind: 'damaged'; reason: string };

/** JSON for people and jq, with the SHA-256 of the rest of it as last field. */
export function encodeSummary(summary: Summary): string {
  const text = JSON.stringify(summary, null, 2);
  const sha256 = createHash('sha256').update(text).digest('hex');
  return `${JSON.stringify({ ...summary, digest: sha256 }, null, 2)}\n`;
}

/**
 * Any byte that was changed since `encodeSummary` makes it damaged: white space too. Every version
 * makes the digest in this way, so that a changed digit is not taken for a newer version.
 */
export function decodeSummary(text: string): DecodedSummary {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return { kind: 'damaged', reason: 'the summary is not JSON' };
  }
  if (typeof json !== 'object' || json === null) {
    return { kind: 'damaged', reason: 'the summary is no object' };
  }
  const rest: Record<string, unknown> = { ...json };
  delete rest.digest;
  if (encodeSummary(rest as Summary) !== text) {
    return { kind: 'damaged', reason: 'the digest of the summary is wrong' };
  }
  const version = rest.format;
  if (typeof version === 'number' && Number.isInteger(version) && version > FORMAT_VERSION) {
    return { kind: 'newer', version };
  }
  const parsed = summarySchema.safeParse(rest);
  if (parsed.success) return { kind: 'valid', summary: parsed.data };
  const issue = parsed.error.issues[0];
  const where = issue?.path.join('.') ?? '';
  return { kind: 'damaged', reason: `the summary's ${where} is not valid` };
}
