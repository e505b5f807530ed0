import * as v from 'valibot';
import { BACKUP_TYPES, archiveNamesOf, backupTypeOf, partOf } from './names.js';

/**
 * The newest format of summaries. Those of backups with parts have format 3, those of other encrypted
 * backups 2, and all others 1, so that older versions read what they can.
 */
export const SUMMARY_VERSION = 3;
export const ENCRYPTED_SUMMARY_VERSION = 2;

/**
 * The summary of a backup, its commit point: it is written last, and a backup without one does not
 * exist. Its fields are a promise to users, who read it with jq.
 */

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
/** Ids become file names, so they are checked strictly. */
const backupId = v.pipe(
  v.string(),
  v.check((id) => backupTypeOf(id) !== undefined),
);
/** The id of a part of a backup; see `partOf`. */
const partId = v.pipe(
  v.string(),
  v.check((id) => partOf(id) !== undefined),
);
const archiveId = v.union([backupId, partId]);
const time = v.pipe(
  v.string(),
  v.check((text) => !Number.isNaN(Date.parse(text))),
);
const digest = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/));

const failure = v.object({
  bucket: v.string(),
  /** Empty if the failure does not concern an object. */
  key: v.string(),
  /** The document of the bucket: `policy`, `lifecycle`, … */
  document: v.optional(v.string()),
  /** The missing part of an object whose bytes are in the backup: `tags`, `acl`, `lock`. */
  part: v.optional(v.string()),
  /** The failed request by its S3 API name; absent if no request failed. */
  operation: v.optional(v.string()),
  /** The HTTP status; absent if there was no answer. */
  status: v.optional(count),
  code: v.optional(v.string()),
  reason: v.string(),
  /** The backup whose copy was kept instead. */
  carried_from: v.optional(backupId),
  /** The time of the first backup in a row that could not read the object and kept an older copy. */
  unreadable_since: v.optional(time),
});

/** A loss that concerns a bucket as a whole: how many of its objects have older versions is not known. */
export const OLDER_VERSIONS = 'older versions';

/** Attributes that the store has and the backup does not hold. */
const loss = v.object({
  bucket: v.string(),
  /** `tags`, `acl`, `object lock`, `older versions`, … */
  what: v.string(),
  /** The number of affected objects; 1 if it concerns the bucket as a whole. */
  count,
  keys: v.array(v.string()),
  reason: v.string(),
});

const documentFidelity = v.object({
  bucket: v.string(),
  /** `policy`, `lifecycle`, … */
  document: v.string(),
  /** `none`: the bucket has none. `unsupported`: the server does not support this kind. */
  state: v.picklist(['captured', 'none', 'unsupported', 'failed']),
  reason: v.optional(v.string()),
});

const suspicion = v.object({
  bucket: v.string(),
  /** The objects of the bucket in the earlier backup, and how many of them are gone. */
  before: count,
  deleted: count,
  /** The number of objects that were wiped in place: they are empty, or all have the same content. */
  wiped: v.optional(count),
});

/** The comparison with the newest trusted backup of the line. Absent in old summaries. */
const guard = v.object({
  /** The earlier backup; `null` for the first of a line. */
  compared_with: v.nullable(backupId),
  /** `index`: object by object. `counts`: only by the number of objects in each bucket. */
  by: v.picklist(['index', 'counts', 'nothing']),
  /** Whether deletions or changes were accepted on the command line. */
  accepted: v.boolean(),
});

/** What names keys of Redis. */
const redisNames = {
  /** What Redis had and the backup does not hold: `pending entries of consumer groups`. */
  losses: v.array(v.object({ what: v.string(), count, keys: v.array(v.string()) })),
  /** The first 1,000; `key` is null where the reason concerns all keys that are missing. */
  failures: v.array(v.object({ key: v.nullable(v.string()), reason: v.string() })),
};

/** The object locks of the files of the backup, and of the archives that it refers to. */
const lock = v.object({
  mode: v.picklist(['GOVERNANCE', 'COMPLIANCE']),
  /** The end of the locks; a later backup that refers to this one extends them. */
  until: time,
  /** The number of files that could not be locked for as long; `notices` names them. */
  unprotected: count,
});

/** The keys of Redis in the backup. They are not of one instant; each key is, unless it is in pieces. */
const redisKeys = v.object({
  /** `partial`: `failures` says what is missing. */
  status: v.picklist(['complete', 'partial']),
  patterns: v.array(v.string()),
  server_version: v.nullable(v.string()),
  db: count,
  started_at: time,
  finished_at: time,
  keys: count,
  types: v.object({
    string: count,
    hash: count,
    list: count,
    set: count,
    zset: count,
    stream: count,
  }),
  /** The size of the members `redis/*.ndjson`, and their number. */
  bytes: count,
  members: count,
  /** The keys that were too large for one command: each of these may be of several moments. */
  in_pieces: count,
  /** Keys that were gone before they were read. */
  vanished: count,
  /**
   * The keys that a second reading found changed, new or gone; `null` if there was none. Large ones
   * are not compared.
   */
  changed_meanwhile: v.nullable(count),
  ...redisNames,
  failures_omitted: count,
});

const base64 = v.pipe(v.string(), v.regex(/^[A-Za-z0-9+/]+={0,2}$/));

/** Present in the summary of an encrypted backup. */
const encryption = v.object({
  /** age-encryption.org/v1. */
  scheme: v.literal('age'),
  /** The public keys to which this backup's archive is encrypted. */
  recipients: v.array(v.string()),
  /**
   * What precedes the payload of each encrypted archive that the backup needs, by its id, so that a
   * reader can begin anywhere; and the size of the file.
   */
  archives: v.record(
    archiveId,
    v.object({
      header: base64,
      nonce: base64,
      bytes: count,
      /** The same of its sidecar, and the SHA-256 of that file. */
      index: v.object({ header: base64, nonce: base64, bytes: count, sha256: digest }),
    }),
  ),
});

const archive = v.object({
  /** `ID.tar.gz`, `ID.tar.gz.age`, or `ID` for a plain folder. */
  file: v.string(),
  /**
   * The SHA-256 of the whole file, as it is stored. For a plain folder, that of `index/directory.json`, which
   * covers the index chunks, which cover the objects: no change of a file goes unnoticed.
   */
  sha256: digest,
  /** The place of the directory in the tar.gz, before encryption; for a plain folder, 0 and the file's size. */
  directory: v.object({ offset: count, length: count, sha256: digest }),
});

/** A range of the keys of a bucket, in UTF-8 byte order. */
export const keyRange = v.object({
  bucket: v.string(),
  /** The range begins behind this key; `null`: with the first one. */
  after: v.nullable(v.string()),
  /** The last key that belongs to it; `null`: the last one of the bucket. */
  through: v.nullable(v.string()),
});

/** A part that a backup needs: an archive of its own with some of the objects. */
const part = v.pipe(
  v.object({
    id: partId,
    /** The size of the file, as it is stored. */
    archive_bytes: count,
    archive,
  }),
  v.check(({ id, archive: { file } }) => archiveNamesOf(id).includes(file) && file !== id),
);

/** What the guard counts in one bucket; the commonest contents by size and ETag. */
const partChanges = v.object({
  bucket: v.string(),
  before: count,
  deleted: count,
  changed: count,
  empty: count,
  contents: v.array(v.object({ content: v.string(), objects: count })),
  /** What the counts of contents may be too low by. */
  lowered: count,
});

/** Only in the manifest of a part: what the head of the run needs to know. */
const shard = v.object({
  /** The id of the backup that the part was captured for, and the token of its plan. */
  run: backupId,
  token: v.string(),
  number: count,
  range: keyRange,
  /** The store did not have the bucket when the run was planned. */
  gone: v.optional(v.literal(true)),
  /** No worker captured the range: the head wrote the part of what the earlier backup holds. */
  given_up: v.optional(v.literal(true)),
  changes: v.array(partChanges),
  /** Whether the index of the earlier backup could not be read. */
  earlier_unreadable: v.optional(v.string()),
  /** Whether a failure leaves something that only older backups hold. */
  leaves_gap: v.boolean(),
});

export const summarySchema = v.object({
  format: v.pipe(v.number(), v.safeInteger(), v.minValue(1)),
  /** In the manifest of a part, the id of the part. */
  id: archiveId,
  type: v.picklist(BACKUP_TYPES),
  status: v.picklist(['complete', 'partial', 'suspect']),
  /** One more than the highest sequence number of the destination. */
  sequence: count,
  /** The backup that an incremental was compared with. */
  parent: v.nullable(backupId),
  /** The ids of other archives that hold objects or index chunks of this backup. */
  references: v.array(archiveId),
  /** A record of each of `references` that is a part. Absent where none is. */
  parts: v.optional(v.array(part)),
  /** The name of the run (`--run`) whose shards were captured separately. */
  run: v.optional(v.string()),
  /** Present in the manifest of a part, which is no backup. */
  shard: v.optional(shard),
  destination: v.string(),
  created_at: time,
  finished_at: time,
  duration_seconds: v.pipe(v.number(), v.finite()),
  source: v.object({
    endpoint: v.string(),
    /** The selected buckets; null if all were. */
    buckets: v.nullable(v.array(v.string())),
    excluded_buckets: v.array(v.string()),
    /** BACKUP_SOURCE_NAME: identifies the store even if its endpoint changes. */
    name: v.optional(v.string()),
  }),
  objects: v.object({
    /** Objects that the listing named or HEAD found. */
    total: count,
    /** Objects whose bytes were copied by this run. */
    captured: count,
    /** The captured objects that an interrupted run had already copied. */
    salvaged: v.optional(count, 0),
    /** Objects whose bytes lie in an earlier archive; the backup holds these and the captured. */
    unchanged: count,
    /** The captured objects that were overwritten between the listing and the copy. */
    changed: count,
    vanished: count,
    failed: count,
    /** The unchanged objects whose tags and holds were taken from the parent unread. */
    unverified: v.optional(count, 0),
    /** Objects of the parent that the store no longer has. */
    deleted: v.optional(count, 0),
    /** Unreadable objects that were taken over from an earlier backup. */
    carried: v.optional(count, 0),
  }),
  bytes: count,
  /** The size of the tar.gz, or of all files of a plain folder. */
  archive_bytes: count,
  /** The bytes of the objects that this run copied; absent in older backups. */
  copied_bytes: v.optional(count),
  buckets: v.array(v.object({ name: v.string(), objects: count, bytes: count })),
  /** The first 10,000 failures. */
  failures: v.array(failure),
  failures_omitted: v.optional(count, 0),
  /**
   * False if older backups of the line must stay, because they hold something that this one lacks
   * and the store may still have. Absent in old summaries, for which `complete` decides.
   */
  supersedes: v.optional(v.boolean()),
  guard: v.optional(guard),
  /** Remarks that are not failures: `listing of photos ended early, and was continued`. */
  notices: v.optional(v.array(v.string()), []),
  /** Buckets with so many deleted or wiped objects that it may be an accident. */
  suspicious: v.optional(v.array(suspicion), []),
  fidelity: v.object({
    /** The attributes that no backup captures. */
    not_captured: v.array(v.string()),
    /** The state of each document of each bucket; empty in old summaries. */
    documents: v.optional(v.array(documentFidelity), []),
    losses: v.optional(v.array(loss), []),
  }),
  archive,
  /** Absent where the backup was made without Redis. */
  redis: v.optional(redisKeys),
  /**
   * Absent where the backup is not encrypted. Otherwise all that names objects or keys is in the
   * sidecar `ID.index.age`: `failures` and `redis.failures` are only counted.
   */
  encryption: v.optional(encryption),
  /** Absent where the backup was made without locks. */
  lock: v.optional(lock),
  tool: v.string(),
});

export type Summary = v.InferOutput<typeof summarySchema>;
/** Returns the number of objects that a backup holds. */
export function objectsIn({ objects }: Pick<Summary, 'objects'>): number {
  return objects.captured + objects.unchanged;
}

/** The parts that name objects or keys, which an encrypted backup keeps in its sidecar. */
export const failuresSchema = v.array(failure);
export const lossesSchema = v.array(loss);
export const redisNamesSchema = v.object(redisNames);

export type Encryption = v.InferOutput<typeof encryption>;
export type EncryptedRecord = Encryption['archives'][string];
export type PartRecord = v.InferOutput<typeof part>;
export type ShardRecord = v.InferOutput<typeof shard>;
export type PartChanges = v.InferOutput<typeof partChanges>;
export type KeyRange = v.InferOutput<typeof keyRange>;
export type RedisSummary = v.InferOutput<typeof redisKeys>;
export type Suspicion = v.InferOutput<typeof suspicion>;
export type Failure = v.InferOutput<typeof failure>;
export type Loss = v.InferOutput<typeof loss>;
export type LockRecord = v.InferOutput<typeof lock>;
export type GuardRecord = v.InferOutput<typeof guard>;
export type DocumentFidelity = v.InferOutput<typeof documentFidelity>;

export type DecodedSummary =
  | { kind: 'valid'; summary: Summary }
  | { kind: 'newer'; version: number }
  | { kind: 'damaged'; reason: string };
