import type { PendingBackup } from '../../repository/destination.js';
import type { Loss, Summary } from '../../repository/summary.js';
import type { BackupPlan, HeldContext } from '../plan/backup-plan.js';
import { salvageFrom } from '../plan/leftovers.js';
import type { ObjectFindings } from '../object-findings.js';
import { capture } from './capture.js';
import { CaptureLedger } from './ledger.js';
import { ObjectParts } from './object-parts.js';

/** What captures objects: a run with the lock of the destination, or a worker of one. */
export type CapturingContext = Pick<
  HeldContext,
  'store' | 'signal' | 'progress' | 'trust' | 'leftovers'
>;

/** What of a plan says which objects are captured, and with what they are compared. */
export interface ObjectPlan extends Pick<
  BackupPlan,
  'baseline' | 'acls' | 'faults' | 'startedAt' | 'steps' | 'listing' | 'unusable'
> {
  lastTrusted: Pick<Summary, 'id'> | undefined;
  /** The losses that objects bring with them that are taken over unread. */
  inheritedLosses: readonly Loss[];
}

/**
 * Captures the objects of a plan into the archive. `lockable`: the buckets whose objects may be locked.
 * Rejects only with an error that ends the backup.
 */
export async function captureObjects(
  { store, signal, progress, trust, leftovers }: CapturingContext,
  plan: ObjectPlan,
  pending: PendingBackup,
  lockable: ReadonlySet<string>,
): Promise<ObjectFindings> {
  const { faults, baseline, startedAt, acls } = plan;
  const { writer } = pending;
  const reading = { store, faults, signal };
  const ledger = openLedger(plan, pending);
  const parts = new ObjectParts(reading, { acls, lockable });
  const onProgress = (counts: { objects: number; bytes: number }) => progress.update(counts);
  const steps = salvageFrom(plan.steps, leftovers.sources);
  await capture(
    { ...reading, parts, writer, ledger, baseline, trust, startedAt, onProgress },
    steps,
  );
  ledger.refuseIfAllDenied();
  recordBuckets(ledger, plan, trust);
  const unsupported = ledger.settleParts();
  const { counts, failures, losses, changes, notices } = ledger;
  const earlierUnreadable = baseline?.unreadable;
  return { counts, failures, losses, changes, notices, unsupported, earlierUnreadable };
}

function openLedger(
  plan: ObjectPlan,
  { createdAt, recipients }: Pick<PendingBackup, 'createdAt' | 'recipients'>,
): CaptureLedger {
  const { baseline } = plan;
  const ledger = new CaptureLedger({
    earlier: baseline,
    earlierIsUnknown: () => earlierIsUnknown(plan, baseline?.unreadable),
    createdAt: createdAt.toISOString(),
    hidesNames: recipients !== undefined,
  });
  ledger.losses.inherit(plan.inheritedLosses);
  return ledger;
}

/** Whether it is unknown what the last trusted backup holds, so that any failure may leave a gap. */
export function earlierIsUnknown(
  { lastTrusted, baseline }: Pick<ObjectPlan, 'lastTrusted' | 'baseline'>,
  unreadable: string | undefined,
): boolean {
  return lastTrusted !== undefined && (baseline?.id !== lastTrusted.id || unreadable !== undefined);
}

/** Records the buckets whose listing failed or cannot be trusted. */
function recordBuckets(
  ledger: CaptureLedger,
  { unusable, listing, baseline }: ObjectPlan,
  trust: HeldContext['trust'],
): void {
  for (const { bucket, error } of unusable) ledger.bucketFailed(bucket, error);
  for (const [bucket, error] of listing.failed) ledger.bucketFailed(bucket, error);
  for (const [bucket, key] of trust.untrusted) {
    ledger.bucketFailed(bucket, trust.failureOf(bucket, key, baseline?.id));
  }
}
