import type { WrittenArchive } from '../archive/archive-writer.js';
import { FORMAT_VERSION } from '../archive/footer.js';
import type { Destination, PendingBackup, SealedArchive } from '../repository/destination.js';
import { nextSequence } from '../repository/history.js';
import {
  type Encryption,
  type GuardRecord,
  type PartRecord,
  type RedisSummary,
  SUMMARY_VERSION,
  type ShardRecord,
  type Summary,
} from '../repository/summary.js';
import type { CapturedDocuments } from './capture/documents.js';
import {
  type BucketChanges,
  changesByCounts,
  deletedIn,
  findSuspicious,
  notableChanges,
} from './guard.js';
import type { ObjectFindings } from './object-findings.js';
import type { Protection } from './protection.js';
import { withUnprotected } from '../repository/lock-record.js';
import type { BackupContext, BackupPlan } from './plan/backup-plan.js';

/** The attributes that no backup captures. Every summary lists them. */
const NEVER_CAPTURED = [
  'versions of objects other than the current one, and delete markers',
  'ownership and public access settings, and access control lists of buckets',
  'other settings of buckets: logging, website, request payment, acceleration, analytics, inventory',
  'users, groups and their policies',
] as const;

const ACLS = 'access control lists of objects: --acls reads them, with one request for each object';

export interface CaptureFindings {
  objects: ObjectFindings;
  documents: CapturedDocuments;
  redis: RedisSummary | undefined;
  locked: Awaited<ReturnType<Protection['extend']>> | undefined;
}

/** What of a plan its summary tells. */
export type SummarisedPlan = Pick<
  BackupPlan,
  'type' | 'source' | 'parent' | 'baseline' | 'lastTrusted' | 'guard' | 'acls' | 'listing'
>;

export async function summarise(
  { destination, clock, tool }: Pick<BackupContext, 'destination' | 'clock' | 'tool'>,
  plan: SummarisedPlan,
  { id, createdAt, recipients }: PendingBackup,
  { objects, documents, redis, locked }: CaptureFindings,
  written: WrittenArchive,
  sealed: SealedArchive,
): Promise<Summary> {
  const { counts, failures, unsupported, shard } = objects;
  const { changes, record } = compare(plan, objects, written);
  // Only the head of a run knows the whole bucket.
  const suspicious = shard === undefined ? findSuspicious(changes, plan.guard) : [];
  const parts = partsOf(plan, objects, written);
  const isPartial = failures.any || redis?.status === 'partial';
  const finishedAt = clock.now();
  const summary: Summary = {
    format: parts.length > 0 || shard !== undefined ? SUMMARY_VERSION : FORMAT_VERSION,
    id,
    type: plan.type,
    status: suspicious.length > 0 ? 'suspect' : isPartial ? 'partial' : 'complete',
    sequence: shard === undefined ? nextSequence(await destination.list()) : 0,
    parent: plan.parent,
    references: written.references,
    ...(parts.length === 0 ? {} : { parts }),
    ...(objects.runName === undefined ? {} : { run: objects.runName }),
    ...(shard === undefined ? {} : { shard: shardRecord(shard, objects) }),
    destination: destination.location,
    created_at: createdAt.toISOString(),
    finished_at: finishedAt.toISOString(),
    duration_seconds: (finishedAt.getTime() - createdAt.getTime()) / 1000,
    source: plan.source,
    objects: {
      total: counts.total,
      captured: counts.captured,
      salvaged: counts.salvaged,
      unchanged: counts.unchanged,
      unverified: counts.unverified,
      changed: counts.changed,
      vanished: counts.vanished,
      failed: counts.failed,
      carried: counts.carried,
      deleted: deletedIn(changes),
    },
    bytes: written.objectBytes,
    archive_bytes: sealed.bytes,
    copied_bytes: counts.copiedBytes,
    buckets: written.buckets,
    failures: failures.named,
    failures_omitted: failures.omitted,
    supersedes: !failures.leavesGap,
    ...(plan.type === 'metadata' || shard !== undefined ? {} : { guard: record }),
    notices: [
      ...new Set([...objects.notices, ...plan.listing.notices]),
      ...(shard === undefined ? notableChanges(changes) : []),
      ...(await appendOnlyNotices(destination)),
      ...(locked?.notices ?? []),
    ],
    suspicious,
    fidelity: {
      not_captured: [...NEVER_CAPTURED, ...(plan.acls ? [] : [ACLS])],
      documents: [...documents.fidelity, ...unsupported],
      losses: objects.losses.all(),
    },
    archive: { file: sealed.file, sha256: sealed.sha256, directory: written.directory },
    ...(redis === undefined ? {} : { redis }),
    ...(recipients === undefined
      ? {}
      : { encryption: encryptionOf(plan, objects, written, recipients) }),
    ...(locked === undefined ? {} : { lock: locked.lock }),
    tool,
  };
  return withUnprotected(summary, locked?.unprotected ?? []);
}

/** Returns the records of the earlier archives; that of the new one is added when it is committed. */
function encryptionOf(
  { baseline }: SummarisedPlan,
  { encrypted }: ObjectFindings,
  { references }: WrittenArchive,
  recipients: readonly string[],
): Encryption {
  const known = { ...baseline?.summary.encryption?.archives, ...encrypted };
  const archives = Object.fromEntries(
    references.flatMap((id) => (known[id] === undefined ? [] : [[id, known[id]]])),
  );
  return { scheme: 'age', recipients: [...recipients], archives };
}

/** Returns the records of the parts that the new backup refers to. */
function partsOf(
  { baseline }: SummarisedPlan,
  { parts = [] }: ObjectFindings,
  { references }: WrittenArchive,
): PartRecord[] {
  const known = new Map([...(baseline?.summary.parts ?? []), ...parts].map((one) => [one.id, one]));
  return references.flatMap((id) => known.get(id) ?? []);
}

function shardRecord(
  shard: NonNullable<ObjectFindings['shard']>,
  { changes, failures, earlierUnreadable }: ObjectFindings,
): ShardRecord {
  return {
    ...shard,
    changes: changes.counted(),
    leaves_gap: failures.leavesGap,
    ...(earlierUnreadable === undefined ? {} : { earlier_unreadable: earlierUnreadable }),
  };
}

/** Tells what an append-only run does not do, and what it does not protect from. */
async function appendOnlyNotices(destination: Destination): Promise<string[]> {
  if (destination.appendOnly !== true) return [];
  const notices = [
    'append-only: retention was not run; "backup prune" with keys that may delete removes what has expired',
  ];
  const keeps = await destination.keepsOverwritten?.();
  if (keeps === true) return notices;
  const why =
    keeps === false
      ? 'the bucket keeps no versions'
      : 'it is not known whether the bucket keeps versions (s3:GetBucketVersioning)';
  return [...notices, `append-only: ${why}: without them, these keys can overwrite backups`];
}

/**
 * Compares the objects with those of the last trusted backup: by its index, or by the counts in its
 * summary if the index could not be read or the baseline was another backup.
 */
function compare(
  { baseline, lastTrusted, guard: { acceptDeletions, acceptChanges } }: SummarisedPlan,
  objects: ObjectFindings,
  written: WrittenArchive,
): { changes: Map<string, BucketChanges>; record: GuardRecord } {
  const accepted = acceptDeletions || acceptChanges;
  const changes = objects.changes.byBucket();
  if (lastTrusted === undefined) {
    return { changes, record: { compared_with: null, by: 'nothing', accepted } };
  }
  const byIndex = baseline?.id === lastTrusted.id && objects.earlierUnreadable === undefined;
  const record: GuardRecord = {
    compared_with: lastTrusted.id,
    by: byIndex ? 'index' : 'counts',
    accepted,
  };
  return {
    changes: byIndex ? changes : changesByCounts(lastTrusted.buckets, written.buckets),
    record,
  };
}
