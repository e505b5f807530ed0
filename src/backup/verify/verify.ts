import type { LocatedBackup } from '../../repository/located-backup.js';
import type { Share } from '../../workers/sharer.js';
import { type VerifyContext, readBulk } from './bulk.js';
import { compareCounts, divide } from './divided.js';
import { type ClosedBackup, type OpenBackup, lookAt } from './look.js';
import { verifyObjects } from './objects.js';
import { checkOnce } from './once.js';
import { checkQuickly } from './quick.js';
import { type VerifyResult, newResult } from './result.js';
import { wholeBulk } from './shares.js';

export type { VerifyContext } from './bulk.js';

export interface VerifyOptions {
  /** Check only the summary, the lengths of the archives, the footer and the directory. */
  quick: boolean;
  /** Read only a random share of the objects (0 to 1). The index is read in full. */
  sample?: number | undefined;
  /** Read only this of so many shares, which together read all. The first one also checks what exists once. */
  share?: Share | undefined;
}

/**
 * Checks a backup: its signature, if the destination has signers, and every byte of its archive, and its
 * objects in other archives, unless `options` limit that. Rejects with `refused` if its format is newer, but never because of damage.
 */
export async function verifyBackup(
  context: VerifyContext,
  located: LocatedBackup,
  options: VerifyOptions,
): Promise<VerifyResult> {
  const result = newResult(located.backup.id, options.quick);
  if (options.share !== undefined) {
    const { index: share, of: shares } = options.share;
    Object.assign(result, { share, shares });
  }
  const backup = await lookAt(located, result);
  if (backup === undefined) return result;
  try {
    await readAsAsked(context, backup, result, options);
  } finally {
    await backup.close();
  }
  return result;
}

async function readAsAsked(
  context: VerifyContext,
  backup: OpenBackup | ClosedBackup,
  result: VerifyResult,
  { quick, sample, share }: VerifyOptions,
): Promise<void> {
  if (sample !== undefined && backup.kind === 'closed') throw backup.error;
  if (quick) {
    await checkQuickly(context, backup, result);
  } else if (share !== undefined || backup.kind === 'closed') {
    const { index, of } = share ?? { index: 1, of: 1 };
    const divided = await divide(context, backup, result, of);
    if (share !== undefined) result.pieces = divided.pieces[index - 1] ?? 0;
    if (index === 1) await divided.checkOnce();
    await divided.read([index]);
    divided.end(of === 1);
  } else {
    await checkOnce(backup, result, context);
    const { directory, summary } = backup;
    let checked: Pick<VerifyResult, 'objects' | 'bytes'> = result;
    if (sample === undefined) {
      const bulk = wholeBulk(summary, directory);
      await readBulk(context, backup, result, { bulk, isWhole: true });
    } else checked = await readSome(context, backup, result, sample);
    compareCounts(checked, directory, result);
  }
}

/** Resolves to the totals of the index. */
async function readSome(
  { progress, signal, workers = 1 }: VerifyContext,
  { directory, archives, summary, parts }: OpenBackup,
  result: VerifyResult,
  share: number,
): Promise<{ objects: number; bytes: number }> {
  progress.start('verifying a part');
  const { named } = await verifyObjects(directory, archives, result, {
    references: summary.references,
    ...{ chunks: directory.chunks, isWhole: true, parts },
    wanted: () => Math.random() < share,
    audited: undefined,
    progress: (counts) => progress.update(counts),
    signal,
    workers,
  });
  return named;
}
