import type { BackupContext, BackupPlan } from './plan/backup-plan.js';

/** Totals for the progress, found out beside the run, which does not depend on them. */
export function showExpected(
  { destination, signal, progress }: BackupContext,
  { type, expected }: BackupPlan,
): () => void {
  const done = new AbortController();
  const show = async () => {
    const totals = await expected(AbortSignal.any([signal, done.signal]));
    const free = await destination.freeBytes();
    if (totals === undefined || done.signal.aborted) return;
    progress.update({ objectsTotal: totals.objects, bytesTotal: totals.bytes });
    // What an incremental will copy nobody knows beforehand.
    if (type === 'full' && free !== null && free < totals.bytes) {
      progress.warn(
        `the objects are ${totals.bytes} bytes and ${destination.location} has ${free} free: unless they compress, they will not fit`,
      );
    }
  };
  show().catch(() => {
    // Whatever keeps the totals from being known meets the run itself too, which reports it.
  });
  return () => done.abort();
}
