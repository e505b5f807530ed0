import * as v from 'valibot';
import { SCENARIOS } from '../../drill/objectives.js';
import { VERDICTS } from '../../drill/result.js';
import { BACKUP_TYPES } from '../../repository/names.js';
import { summarySchema } from '../../repository/summary.js';

/** The documents of `backup list`, `status`, `show` and `ls`. */

const text = v.string();
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const type = v.picklist(BACKUP_TYPES);
const optionalText = v.optional(text);

const standing = {
  line: optionalText,
  trusted: v.optional(v.boolean()),
  untrusted_because: optionalText,
  accepted: v.optional(v.boolean()),
  /** A signature lies beside the summary. It was not checked. */
  has_signature: v.optional(v.literal(true)),
};

const listed = {
  ...standing,
  cold: v.optional(v.boolean()),
  problem: optionalText,
  expired: v.optional(v.boolean()),
  kept_because: v.optional(v.array(text)),
  /** Present if it is made of parts, or refers to some, which a list does not name. */
  part_count: v.optional(count),
  /** Then: the bytes of its archive and of the parts that are its own. */
  stored_bytes: v.optional(count),
};

const legacy = {
  id: text,
  type,
  status: v.literal('legacy'),
  created_at: v.nullable(text),
  form: v.picklist(['folder', 'tar']),
  archive_bytes: v.nullable(count),
};

const listedSummary = v.omit(summarySchema, ['parts']).entries;

/** A backup that can be read; one of backup-minio.sh; one whose summary cannot be read. */
const listedBackup = v.union([
  v.strictObject({ ...listedSummary, ...listed }),
  v.strictObject(legacy),
  v.strictObject({ id: text, status: v.picklist(['damaged', 'unknown']), ...listed }),
]);

export const shownDocument = v.union([
  v.strictObject({ ...summarySchema.entries, ...standing }),
  v.strictObject(legacy),
]);

const newest = v.nullable(
  v.strictObject({ id: text, created_at: text, age_seconds: v.nullable(v.number()) }),
);
const freshness = v.picklist(['fresh', 'overdue', 'missing', 'retired']);
const expiry = v.nullable(v.strictObject({ at: text, ids: v.array(text) }));

const status = v.strictObject({
  destination: text,
  checked_at: text,
  line: v.nullable(text),
  lines: v.array(
    v.strictObject({
      line: text,
      source_name: v.nullable(text),
      endpoints: v.array(text),
      buckets: v.nullable(v.array(text)),
      excluded_buckets: v.array(text),
      backups: count,
      archive_bytes: count,
      newest_complete: newest,
      counts: v.boolean(),
      status: freshness,
      suspended_by: v.nullable(text),
      retired: v.boolean(),
      next_expiry: expiry,
    }),
  ),
  kinds: v.array(
    v.strictObject({ type, backups: count, archive_bytes: count, newest_complete: newest }),
  ),
  freshness: v.strictObject({
    status: freshness,
    types: v.array(type),
    newest_complete: newest,
    max_age_seconds: v.nullable(v.number()),
  }),
  chains: v.strictObject({
    status: v.picklist(['ok', 'broken', 'unknown']),
    checked: count,
    problems: v.array(v.strictObject({ id: text, kind: text, message: text })),
  }),
  archive_bytes: count,
  protection: v.strictObject({ encrypted: count, recipients: v.array(text), signatures: count }),
  verification: v.nullable(
    v.strictObject({
      status: v.picklist(['ok', 'damaged', 'stopped', 'overdue']),
      total_bytes: count,
      read_bytes: count,
      overdue_bytes: count,
      damaged_bytes: count,
      oldest_read_at: v.nullable(text),
      within_seconds: v.number(),
      last_run_at: text,
    }),
  ),
  growth: v.nullable(v.strictObject({ bytes_per_day: v.number(), since: text, until: text })),
  retention: v.strictObject({
    days: count,
    suspended_by: v.nullable(text),
    next_expiry: expiry,
  }),
});

const seconds = v.nullable(v.number());
const drills = v.strictObject({
  /** `overdue`: the last one is too long ago. `unknown`: records that cannot be read may say more. */
  status: v.picklist(['met', 'missed', 'not_proven', 'overdue', 'never', 'unknown']),
  /** The age from which on the last drill is too long ago. */
  limit_seconds: v.number(),
  /** Records that cannot be read. */
  damaged: count,
  /** Why records could not be looked for, on this host or at the destination. */
  problem: v.nullable(v.strictObject({ error: text, code: text })),
  /** The last drill of each scenario, the latest first. */
  last: v.array(
    v.strictObject({
      at: text,
      scenario: v.picklist(SCENARIOS),
      verdict: v.picklist(VERDICTS),
      reason: optionalText,
      backup: v.nullable(text),
      cold: v.boolean(),
      rto_seconds: seconds,
      rto_limit_seconds: v.number(),
      extrapolated: v.boolean(),
      rpo_seconds: seconds,
      rpo_limit_seconds: v.number(),
      last_met_at: v.nullable(text),
    }),
  ),
});

export const destinationsDocument = v.strictObject({
  destinations: v.array(
    v.strictObject({
      destination: text,
      /** When it was last read; `null` if it never could be. */
      read_at: v.nullable(text),
      /** Why it could not be read this time: what follows is then older, or `null`. */
      problem: v.nullable(v.strictObject({ error: text, code: text })),
      list: v.nullable(v.strictObject({ backups: v.array(listedBackup) })),
      status: v.nullable(status),
      /** One backup in full, by an entry of the schedule; `null` if that is not known. */
      last_verified: v.nullable(
        v.strictObject({ at: text, entry: text, limit_seconds: v.number() }),
      ),
      drills,
    }),
  ),
});

const textMap = v.record(text, text);

const object = v.strictObject({
  bucket: text,
  key: text,
  version_id: optionalText,
  size: count,
  etag: text,
  last_modified: text,
  sha256: text,
  md5: optionalText,
  headers: v.optional(textMap),
  metadata: v.optional(textMap),
  tags: v.optional(v.array(v.strictObject({ key: text, value: text }))),
  retention: v.optional(v.strictObject({ mode: text, until: text })),
  legal_hold: v.optional(v.literal(true)),
  encryption: v.optional(
    v.strictObject({
      algorithm: text,
      key_id: optionalText,
      bucket_key: v.optional(v.literal(true)),
    }),
  ),
  storage_class: optionalText,
  checksums: v.optional(textMap),
  acl: optionalText,
  path: text,
  archive: text,
  offset: count,
  length: count,
  inner: count,
});

const amount = { objects: count, bytes: count };

export const objectsDocument = v.strictObject({
  backup: text,
  prefix: text,
  folders: v.array(v.strictObject({ prefix: text, ...amount })),
  objects: v.array(object),
  next: v.nullable(text),
  total: v.nullable(v.strictObject(amount)),
});
