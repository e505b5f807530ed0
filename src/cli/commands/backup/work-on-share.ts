import type { WorkerContext } from '../../../backup/shards/shard-worker.js';
import { MangamotionError, isMangamotionError } from '../../../errors.js';
import type { WorkProgress } from '../../../progress.js';
import { isSameServer } from '../../../repository/lines/endpoints.js';
import { encryptedOf } from '../../../repository/archives.js';
import { readableSummary } from '../../../repository/locate.js';
import type { LocatedBackup } from '../../../repository/located-backup.js';
import { backupIdOf } from '../../../repository/names.js';
import { requireSigned } from '../../../repository/signed-backup.js';
import { storedMark } from '../../../repository/stored-mark.js';
import { cannotOpen } from '../../../workers/engine-sharer.js';
import { sealOfShares } from '../../../workers/share-seal.js';
import type { SharedWork, WorkHooks, WorkerJob } from '../../../workers/work.js';
import type { CommandContext } from '../../argv/command.js';
import { findBackup } from './backup-name.js';

type ShareJob = WorkerJob<SharedWork>;

interface ShareWorker extends WorkerContext {
  /** How many read, or read and upload, at once: at least 1. */
  workers: number;
}

/**
 * Does a share of the work on a backup for a head elsewhere. Resolves to the answer for the head, sealed
 * where the backup is encrypted. Rejects with `refused` if the backup, or the store to restore into, is
 * not the one that the head means.
 */
export async function workOnShare(
  context: CommandContext,
  location: string,
  worker: ShareWorker,
  job: ShareJob,
  hooks: WorkHooks,
): Promise<string> {
  const located = await locate(context, location, job);
  const { encryption } = readableSummary(located.backup);
  const seal = await sealOfShares(worker.destination.vault, encryption !== undefined, job.token);
  let options: string;
  try {
    options = seal.open(job.options);
  } catch (error) {
    throw error instanceof SyntaxError ? cannotOpen(error) : error;
  }
  return seal.seal(await answer(context, worker, { ...job, options }, located, hooks));
}

async function answer(
  context: CommandContext,
  worker: ShareWorker,
  job: ShareJob,
  located: LocatedBackup,
  hooks: WorkHooks,
): Promise<string> {
  const { signal } = hooks;
  const progress = progressOf(hooks);
  const { store, findings, workers } = worker;
  if (job.kind === 'verify') {
    const { verifyForHead } = await import('../../../backup/verify/by-shares.js');
    return await verifyForHead({ signal, progress, workers }, located, job.share);
  }
  checkTarget(worker, job);
  await checkKeyOf(located);
  const { restoreForHead } = await import('../../../restore/shares/restore-for-head.js');
  const restoring = { store, findings, signal, progress, workers, now: context.now };
  return await restoreForHead(restoring, await requireSigned(located), job.share, job.options);
}

/** Tells the head how much is done of a share; it knows by itself of how much. */
function progressOf({ onProgress, warn }: WorkHooks): WorkProgress {
  const counts = { objects: 0, bytes: 0 };
  let isDoing = true;
  return {
    // The listing of the target counts objects, too, but none of them is restored yet.
    start: (label) => void (isDoing = label !== 'listing'),
    phase: () => undefined,
    update: ({ objects = counts.objects, bytes = counts.bytes }) => {
      if (isDoing) Object.assign(counts, { objects, bytes });
      onProgress({ ...counts });
    },
    warn,
  };
}

/** Finds the backup at the destination of this worker, and makes sure that it is the one of the head. */
async function locate(
  context: CommandContext,
  location: string,
  { backup: id, archive_sha256: sha256, stored }: ShareJob,
): Promise<LocatedBackup> {
  if (backupIdOf(id) !== id) {
    throw refused(`${JSON.stringify(id)} is not the name of a backup`, 'Another program wrote it.');
  }
  const located = await findBackup(context, `${location.replace(/\/$/, '')}/${id}`, {
    ...{ latest: false, at: undefined, ambiguous: 'refuse' },
  });
  const { legacy, destination } = located;
  const isSame = legacy === undefined && readableSummary(located.backup).archive.sha256 === sha256;
  if (isSame && (await storedMark(destination, id)) === stored) return located;
  throw refused(
    `${id} at ${destination.location} is ${isSame ? 'a copy of' : 'not'} the backup that the head means`,
    'Give each worker the destination of the head: the same folder, or the bucket by the same address.',
  );
}

/** Rejects where no key of this worker opens the contents of the backup, or its record is wrong. */
async function checkKeyOf({ destination, backup }: LocatedBackup): Promise<void> {
  const summary = readableSummary(backup);
  const encrypted = encryptedOf(summary, backup.id);
  if (encrypted === undefined) return;
  const { openOrNot } = await import('../../../backup/verify/look.js');
  const known = { sizeBytes: summary.archive_bytes, encrypted };
  const opened = await openOrNot(destination, backup.id, known);
  if (isMangamotionError(opened)) throw opened;
  await opened.close();
}

/** Rejects where the store of this worker is not the target of the head. */
function checkTarget(
  { store, sourceName }: WorkerContext,
  { target: { name, endpoint } }: Extract<ShareJob, { kind: 'restore' }>,
): void {
  const isNamed = name !== undefined && name === sourceName;
  if (isNamed || isSameServer(endpoint, store.endpoint)) return;
  throw refused(
    `the head restores into ${endpoint}, and this worker writes to ${store.endpoint}`,
    'Give the worker the address of the same store, or the same name for it.',
  );
}

function refused(message: string, hint: string): MangamotionError {
  return new MangamotionError('refused', message, { hint });
}
