import type { WrittenArchive } from '../archive/archive-writer.js';
import { FORMAT_VERSION } from '../archive/footer.js';
import type { PendingBackup, SealedArchive } from '../repository/destination.js';
import { nextSequence } from '../repository/history.js';
import type { DocumentFidelity, Summary } from '../repository/summary.js';
import type { CaptureResult } from './capture.js';
import { NOT_CAPTURED, documentFailures } from './fidelity.js';
import type { BackupContext, BackupPlan } from './plan.js';

/** What lies beside the archive, as 'complete' as the run was. */
export async function summarise(
  { destination, clock, tool }: BackupContext,
  { type, source, parent, findings }: BackupPlan,
  { id, createdAt }: PendingBackup,
  { captured, documents }: { captured: CaptureResult; documents: DocumentFidelity[] },
  written: WrittenArchive,
  sealed: SealedArchive,
): Promise<Summary> {
  const finishedAt = clock.now();
  const { deleted, suspicious } = findings();
  const { total, salvaged, unchanged, unverified, changed, vanished } = captured;
  const failures = [...documentFailures(documents), ...captured.failures];
  return {
    format: FORMAT_VERSION,
    id,
    type,
    status: suspicious.length > 0 ? 'suspect' : failures.length > 0 ? 'partial' : 'complete',
    sequence: nextSequence(await destination.list()),
    parent,
    references: written.references,
    destination: destination.location,
    created_at: createdAt.toISOString(),
    finished_at: finishedAt.toISOString(),
    duration_seconds: (finishedAt.getTime() - createdAt.getTime()) / 1000,
    source,
    objects: {
      ...{ total, captured: captured.captured, salvaged, unchanged, unverified, changed, vanished },
      failed: captured.failures.length,
      deleted,
      carried: 0,
    },
    bytes: written.objectBytes,
    archive_bytes: sealed.bytes,
    buckets: written.buckets,
    failures,
    failures_omitted: 0,
    notices: [],
    suspicious,
    fidelity: { not_captured: [...NOT_CAPTURED], documents, losses: [] },
    archive: { file: sealed.file, sha256: sealed.sha256, directory: written.directory },
    tool,
  };
}
