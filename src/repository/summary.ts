import { createHash } from 'node:crypto';
import * as v from 'valibot';
import { FORMAT_VERSION } from '../archive/footer.js';
import { LARGEST_SUMMARY_BYTES } from '../archive/limits.js';
import { BACKUP_TYPES, backupTypeOf } from './names.js';
import { hasRightDigest, textOfSummary } from './summary-bytes.js';

/**
 * The summary of a backup: its commit point. It is written last; a backup without one does not
 * exist. Its fields are a promise to users, who read it with jq.
 */

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
/** Ids become file names: nothing else may pass for one. */
const backupId = v.pipe(
  v.string(),
  v.check((id) => backupTypeOf(id) !== undefined),
);
const time = v.pipe(
  v.string(),
  v.check((text) => !Number.isNaN(Date.parse(text))),
);
const digest = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/));

const failure = v.object({
  bucket: v.string(),
  /** Empty where it is not an object that failed. */
  key: v.string(),
  /** The document of the bucket: `policy`, `lifecycle`, … */
  document: v.optional(v.string()),
  /** What of the object is missing, where its bytes are in the backup: `tags`, `acl`, `lock`. */
  part: v.optional(v.string()),
  /** The request that failed, by its name in the S3 API; absent where none did. */
  operation: v.optional(v.string()),
  /** The status of the answer; absent where there was none. */
  status: v.optional(count),
  /** The S3 error code. */
  code: v.optional(v.string()),
  reason: v.string(),
  /** The backup whose copy stands in for what could not be read. */
  carried_from: v.optional(backupId),
  /** The time of the first backup that could not read the object and carried it over. */
  unreadable_since: v.optional(time),
});

/** What the store keeps with objects, and the backup does not hold. */
const loss = v.object({
  bucket: v.string(),
  /** `tags`, `acl`, `object lock`, `older versions`, … */
  what: v.string(),
  /** The objects that it concerns; of a bucket as a whole: 1. */
  count,
  /** The first of them. */
  keys: v.array(v.string()),
  reason: v.string(),
});

const documentFidelity = v.object({
  bucket: v.string(),
  /** `policy`, `lifecycle`, … */
  document: v.string(),
  /** `none`: the bucket has none; `unsupported`: the server knows no such documents. */
  state: v.picklist(['captured', 'none', 'unsupported', 'failed']),
  /** Why it is not captured. */
  reason: v.optional(v.string()),
});

const suspicion = v.object({
  bucket: v.string(),
  /** Objects in the backup that it was compared with, and how many of them the store no longer has. */
  before: count,
  deleted: count,
  /** How many of them were wiped in place: they are empty now, or all of one content. */
  wiped: v.optional(count),
});

/** How the backup was compared with the newest trusted one of its line; absent in old summaries. */
const guard = v.object({
  /** That backup; `null` for the first of a line. */
  compared_with: v.nullable(backupId),
  /** Compared object by object (`index`), or only by the counts of buckets (`counts`). */
  by: v.picklist(['index', 'counts', 'nothing']),
  /** Deletions or changes were accepted on the command line. */
  accepted: v.boolean(),
});

const summarySchema = v.object({
  format: v.pipe(v.number(), v.safeInteger(), v.minValue(1)),
  id: backupId,
  type: v.picklist(BACKUP_TYPES),
  status: v.picklist(['complete', 'partial', 'suspect']),
  /** The order of backups: one more than the highest of its destination. */
  sequence: count,
  /** The id of the backup that an incremental was compared with. */
  parent: v.nullable(backupId),
  /** Ids of the other archives that hold objects of this backup. */
  references: v.array(backupId),
  destination: v.string(),
  created_at: time,
  finished_at: time,
  duration_seconds: v.pipe(v.number(), v.finite()),
  source: v.object({
    endpoint: v.string(),
    /** What was selected; null where all buckets were. */
    buckets: v.nullable(v.array(v.string())),
    excluded_buckets: v.array(v.string()),
    /** What the operator calls the store (BACKUP_SOURCE_NAME): its endpoint may then change. */
    name: v.optional(v.string()),
  }),
  objects: v.object({
    /** Listed in the store. */
    total: count,
    /** Objects whose bytes were copied by this run. */
    captured: count,
    /** How many of the captured ones an earlier run, which never ended, had already copied. */
    salvaged: v.optional(count, 0),
    /**
     * Objects whose bytes lie in an earlier archive. Captured and unchanged objects make up the backup.
     */
    unchanged: count,
    /** How many of the captured ones were overwritten between the listing and the copy. */
    changed: count,
    vanished: count,
    failed: count,
    /** How many of the unchanged ones have tags and holds taken from the parent unread. */
    unverified: v.optional(count, 0),
    /** Objects of the parent that the store no longer has. */
    deleted: v.optional(count, 0),
    /** How many of the unchanged ones were unreadable and taken from an earlier backup. */
    carried: v.optional(count, 0),
  }),
  /** Sum of the sizes of its objects. */
  bytes: count,
  /** The size of the tar.gz, or the sum of the sizes of a plain folder's files. */
  archive_bytes: count,
  buckets: v.array(v.object({ name: v.string(), objects: count, bytes: count })),
  /** The first 10,000 failures. */
  failures: v.array(failure),
  /** How many failures are not named. */
  failures_omitted: v.optional(count, 0),
  /**
   * False where it lacks something that an older backup of its line holds, though the store may have
   * it: older ones must not go for it. Absent in old summaries, where a complete one supersedes.
   */
  supersedes: v.optional(v.boolean()),
  guard: v.optional(guard),
  /** Remarks that are not failures: `listing of photos ended early, and was continued`. */
  notices: v.optional(v.array(v.string()), []),
  /** Buckets of which so much was deleted since the parent that it may be an accident. */
  suspicious: v.optional(v.array(suspicion), []),
  fidelity: v.object({
    /** The parts of an S3 server that are not in this backup. */
    not_captured: v.array(v.string()),
    /** The outcome for each document of each bucket; empty in backups of versions without documents. */
    documents: v.optional(v.array(documentFidelity), []),
    /** Attributes of objects that are missing, with counts. */
    losses: v.optional(v.array(loss), []),
  }),
  archive: v.object({
    /** `ID.tar.gz`, or the name of the plain folder, which is the id. */
    file: v.string(),
    /**
     * Of the whole tar.gz. Of a plain folder: of its `index/directory.json`, which holds the digests
     * of the index chunks, which hold those of the objects: no file can change without a finding.
     */
    sha256: digest,
    /** Its place in the tar.gz; for a plain folder, 0 and the size of the file. */
    directory: v.object({ offset: count, length: count, sha256: digest }),
  }),
  tool: v.string(),
});

export type Summary = v.InferOutput<typeof summarySchema>;
/** How many objects a backup holds. */
export function objectsIn({ objects }: Pick<Summary, 'objects'>): number {
  return objects.captured + objects.unchanged;
}

export type Suspicion = v.InferOutput<typeof suspicion>;
/** An object, or a document of a bucket, that could not be captured. */
export type Failure = v.InferOutput<typeof failure>;
export type Loss = v.InferOutput<typeof loss>;
export type GuardRecord = v.InferOutput<typeof guard>;
export type DocumentFidelity = v.InferOutput<typeof documentFidelity>;

export type DecodedSummary =
  | { kind: 'valid'; summary: Summary }
  | { kind: 'newer'; version: number }
  | { kind: 'damaged'; reason: string };

const TOO_LARGE = { kind: 'damaged', reason: 'the summary is too large' } as const;

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
export function decodeSummary(bytes: Buffer): DecodedSummary {
  if (bytes.length > LARGEST_SUMMARY_BYTES) return TOO_LARGE;
  const isRight = hasRightDigest(bytes);
  const read = textOfSummary(bytes);
  if (read === undefined) return TOO_LARGE;
  let json: unknown;
  try {
    json = JSON.parse(read.text);
  } catch {
    return { kind: 'damaged', reason: 'the summary is not JSON' };
  }
  if (typeof json !== 'object' || json === null) {
    return { kind: 'damaged', reason: 'the summary is not an object' };
  }
  if (!isRight) return { kind: 'damaged', reason: 'the digest of the summary is wrong' };
  const rest = json as Record<string, unknown>;
  const version = rest.format;
  if (typeof version === 'number' && Number.isInteger(version) && version > FORMAT_VERSION) {
    return { kind: 'newer', version };
  }
  const parsed = v.safeParse(summarySchema, rest);
  if (parsed.success) {
    const summary = parsed.output;
    summary.failures_omitted += read.omitted;
    return { kind: 'valid', summary };
  }
  const where = v.getDotPath(parsed.issues[0]) ?? '';
  return { kind: 'damaged', reason: `the summary's ${where} is not valid` };
}
