import type { WrittenArchive } from '../archive/archive-writer.js';
import { FORMAT_VERSION } from '../archive/footer.js';
import type { Destination, PendingBackup, SealedArchive } from '../repository/destination.js';
import { nextSequence } from '../repository/history.js';
import type { Encryption, GuardRecord, RedisSummary, Summary } from '../repository/summary.js';
import type { CapturedDocuments } from './capture/documents.js';
import {
  type BucketChanges,
  changesByCounts,
  deletedIn,
  findSuspicious,
  notableChanges,
} from './guard.js';
import type { CaptureLedger } from './capture/ledger.js';
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
  ledger: CaptureLedger;
  documents: CapturedDocuments;
  redis: RedisSummary | undefined;
  locked: Awaited<ReturnType<Protection['extend']>> | undefined;
}

export async function summarise(
  { destination, clock, tool }: BackupContext,
  plan: BackupPlan,
  { id, createdAt, recipients }: PendingBackup,
  { ledger, documents, redis, locked }: CaptureFindings,
  written: WrittenArchive,
  sealed: SealedArchive,
): Promise<Summary> {
  const { counts, failures } = ledger;
  const { changes, record } = compare(plan, ledger, written);
  const unsupported = ledger.settleParts();
  const suspicious = findSuspicious(changes, plan.guard);
  const isPartial = failures.any || redis?.status === 'partial';
  const finishedAt = clock.now();
  const summary: Summary = {
    format: FORMAT_VERSION,
    id,
    type: plan.type,
    status: suspicious.length > 0 ? 'suspect' : isPartial ? 'partial' : 'complete',
    sequence: nextSequence(await destination.list()),
    parent: plan.parent,
    references: written.references,
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
    ...(plan.type === 'metadata' ? {} : { guard: record }),
    notices: [
      ...ledger.notices,
      ...plan.listing.notices,
      ...notableChanges(changes),
      ...(await appendOnlyNotices(destination)),
      ...(locked?.notices ?? []),
    ],
    suspicious,
    fidelity: {
      not_captured: [...NEVER_CAPTURED, ...(plan.acls ? [] : [ACLS])],
      documents: [...documents.fidelity, ...unsupported],
      losses: ledger.losses.all(),
    },
    archive: { file: sealed.file, sha256: sealed.sha256, directory: written.directory },
    ...(redis === undefined ? {} : { redis }),
    ...(recipients === undefined ? {} : { encryption: encryptionOf(plan, written, recipients) }),
    ...(locked === undefined ? {} : { lock: locked.lock }),
    tool,
  };
  return withUnprotected(summary, locked?.unprotected ?? []);
}

/** Returns the records of the earlier archives; that of the new one is added when it is committed. */
function encryptionOf(
  { baseline }: BackupPlan,
  { references }: WrittenArchive,
  recipients: readonly string[],
): Encryption {
  const known = baseline?.summary.encryption?.archives ?? {};
  const archives = Object.fromEntries(
    references.flatMap((id) => (known[id] === undefined ? [] : [[id, known[id]]])),
  );
  return { scheme: 'age', recipients: [...recipients], archives };
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
  { baseline, lastTrusted, guard: { acceptDeletions, acceptChanges } }: BackupPlan,
  ledger: CaptureLedger,
  written: WrittenArchive,
): { changes: Map<string, BucketChanges>; record: GuardRecord } {
  const accepted = acceptDeletions || acceptChanges;
  const changes = ledger.changes.byBucket();
  if (lastTrusted === undefined) {
    return { changes, record: { compared_with: null, by: 'nothing', accepted } };
  }
  const byIndex = baseline?.id === lastTrusted.id && baseline.unreadable === undefined;
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
