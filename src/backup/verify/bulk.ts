import type { WorkProgress } from '../../progress.js';
import { type OpenBackup, openOrNot } from './look.js';
import { type IndexTotals, verifyObjects } from './objects.js';
import { type PartsContext, auditOwnParts } from './parts.js';
import { type VerifyResult, addProblem } from './result.js';
import { type Bulk, sizeOf } from './shares.js';

export interface VerifyContext {
  signal: AbortSignal;
  progress: WorkProgress;
  /** How many workers read at once; 1 by default. */
  workers?: number | undefined;
}

/**
 * Reads archives and objects of a backup, all or those of a share, and adds the intact objects to the result.
 * `isWhole`: they are all, so that the index as a whole is checked, too.
 */
export async function readBulk(
  context: VerifyContext,
  backup: OpenBackup,
  result: VerifyResult,
  { bulk, isWhole }: { bulk: Bulk; isWhole: boolean },
): Promise<void> {
  const { directory, archive, archives, summary, parts } = backup;
  const { progress, signal, workers = 1 } = context;
  const before = { objects: result.objects, bytes: result.bytes };
  const { objects, bytes } = isWhole ? directory : sizeOf(bulk, summary, directory);
  progress.start('verifying');
  progress.update({ objectsTotal: before.objects + objects, bytesTotal: before.bytes + bytes });
  if (bulk.archives.has(directory.archive)) {
    const audit = await archive.audit(directory, {
      problem: ({ kind, message, ...name }) => addProblem(result, kind, message, name),
      progress: (counts) =>
        progress.update({
          objects: before.objects + counts.objects,
          bytes: before.bytes + counts.bytes,
        }),
      signal,
      workers,
    });
    result.objects += audit.objects;
    result.bytes += audit.bytes;
    if (audit.sha256 !== summary.archive.sha256) {
      const message = `the SHA-256 of ${summary.archive.file} is not that of the summary`;
      addProblem(result, 'archive', message);
    }
  }
  const audited = { objects: result.objects, bytes: result.bytes };
  const reading = partsContext(context, backup, result);
  await auditOwnParts(reading, summary, directory, { checked: parts, wanted: bulk.archives });
  const totals = await verifyObjects(directory, archives, result, {
    references: summary.references,
    ...{ chunks: bulk.chunks, isWhole, parts },
    wanted: () => true,
    audited: directory.archive,
    progress: (counts) => progress.update(counts),
    signal,
    workers,
  });
  if (!isWhole) compareCounts(totals, audited, result);
}

/** Compares what was read with what the chunks name, in case objects were missed although no fault was found. */
function compareCounts(
  { named, audited }: IndexTotals,
  before: { objects: number; bytes: number },
  result: VerifyResult,
): void {
  if (result.status !== 'ok') return;
  for (const what of ['objects', 'bytes'] as const) {
    const [checked, expected] = [result[what] - before[what], named[what] - audited[what]];
    if (checked === expected) continue;
    addProblem(result, 'directory', `checked ${checked} of ${expected} ${what}`);
  }
}

export function partsContext(
  { signal, progress, workers = 1 }: VerifyContext,
  { destination }: Pick<OpenBackup, 'destination'>,
  result: VerifyResult,
): PartsContext {
  return {
    ...{ destination, result, signal, workers },
    progress: (counts) => progress.update(counts),
    openOrNot: (part, known) => openOrNot(destination, part, known),
  };
}
