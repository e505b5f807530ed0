import { MangamotionError, isMangamotionError } from '../errors.js';
import type { BackupEntry } from '../repository/destination.js';
import { planName } from '../repository/runs/run-plan.js';
import { findParent, predecessorOf, whyNoParent } from '../repository/lines/parent.js';
import type { Summary } from '../repository/summary.js';
import type { Baseline } from './plan/baseline.js';
import { planFull } from './full.js';
import {
  isEncrypted,
  refersTo,
  refusePlainAfterEncrypted,
} from '../repository/encryption-choice.js';
import { makeBackup } from './make-backup.js';
import {
  type BackupContext,
  type BackupOptions,
  type BackupPlan,
  type HeldContext,
  sourceOf,
} from './plan/backup-plan.js';
import { openBaseline, planObjects } from './plan/plan-objects.js';
import { whyRecordsUnfit } from './plan/parent-records.js';
import { plannedEarlier } from './plan/planned-earlier.js';
import { signedForUse } from './plan/signed.js';

export interface IncrementalOptions extends BackupOptions {
  /** The id of the parent; by default the newest usable backup. */
  parent?: string | undefined;
  refreshMetadata: boolean;
}

/**
 * Copies what changed since the parent, and refers to the parent for the rest. Makes a full backup,
 * with a warning, if there is no usable parent.
 */
export async function backUpIncremental(
  context: BackupContext,
  options: IncrementalOptions,
): Promise<Summary> {
  const run = { ...options, command: 'backup incremental' };
  const plan = (held: HeldContext) => planIncremental(held, options);
  const instead = (held: HeldContext) => planFull(held, options);
  return await makeBackup(context, run, plan, options.parent === undefined ? instead : undefined);
}

export async function planIncremental(
  context: HeldContext,
  options: IncrementalOptions,
): Promise<BackupPlan> {
  const { destination, progress, store } = context;
  const all = await destination.list();
  refusePlainAfterEncrypted(destination, all, context.noEncryption === true);
  const backups = refersTo(destination, all);
  const parent = chooseParent(context, backups, options);
  const lastTrusted =
    options.planned === undefined
      ? predecessorOf(all, sourceOf(store, options))
      : plannedEarlier(all, options.planned.lastTrusted);
  if (parent === undefined) {
    const why =
      lastTrusted === undefined
        ? `${destination.location} holds no backup of this source to compare with`
        : backups.length === 0
          ? `${destination.location} holds no ${destination.vault.recipients.length > 0 ? 'encrypted' : 'plain'} backup that this one could refer to`
          : `no backup of this source can be used as the parent: ${lastTrusted.unreadable ?? 'unknown'}`;
    progress.warn(`${why}: making a full backup`);
    return await planFull(context, options);
  }
  const passedOver = lastTrusted?.unreadable;
  if (options.parent === undefined && passedOver !== undefined) {
    progress.warn(
      `${passedOver}: comparing with ${parent.id} instead of ${lastTrusted?.backup.id}`,
    );
  }
  const baseline = await openParent(context, options, { parent, all });
  if (baseline === undefined) {
    // The parts of the run refer to that backup.
    if (options.planned !== undefined) throw cannotGoOn(parent.id, options.reserved?.id ?? '');
    return await planFull(context, options);
  }
  return await planObjects(context, options, 'incremental', {
    baseline,
    lastTrusted: lastTrusted?.summary,
  });
}

/**
 * Opens the parent. Resolves to `undefined`, after a warning, if no incremental can be made of it: it is
 * not signed as this backup will be, its records or its sidecar are wrong, it is in cold storage, or it is
 * encrypted for others. If the user named the parent, a missing signature or a fault rejects with `refused`.
 */
async function openParent(
  context: HeldContext,
  { parent: named, planned, reserved }: IncrementalOptions,
  { parent, all }: { parent: BackupEntry; all: readonly BackupEntry[] },
): Promise<Baseline | undefined> {
  const { destination, progress, signal } = context;
  const unfit = (why: string, hint: string): undefined => {
    if (planned !== undefined) throw cannotGoOn(parent.id, reserved?.id ?? '', why);
    if (named !== undefined) throw new MangamotionError('refused', why, { hint });
    progress.warn(`${why}. Making a full backup`);
  };
  const checked = await signedForUse(destination, parent);
  if ('why' in checked) {
    const why = `${parent.id} cannot be the parent of a signed backup: ${checked.why}`;
    unfit(why, 'Name the key that signed it with --signer, or leave out --parent.');
    return;
  }
  const { backup } = checked;
  const cannot = `${parent.id} cannot be the parent`;
  const verifyHint = `Look at it with "mangamotion backup verify", or leave out --parent.`;
  if (backup.summary.kind === 'valid') {
    const records = { destination, backups: all, signal };
    const why = await whyRecordsUnfit(records, backup.summary.summary);
    if (why !== undefined) {
      unfit(`${cannot}: ${why}`, verifyHint);
      return;
    }
  }
  let baseline: Baseline | undefined;
  try {
    baseline = await openBaseline(context, backup, 'incremental');
    await baseline.checkReadable();
    return baseline;
  } catch (error) {
    await baseline?.close();
    if (!isMangamotionError(error)) throw error;
    if (error.request?.code === 'InvalidObjectState') {
      progress.warn(`${error.message}: making a full backup instead`);
      return undefined;
    }
    if (!isEncrypted(backup)) throw error;
    // An error that carries a request comes from the store, which denies access.
    if (isMangamotionError(error, 'access_denied') && error.request === undefined) {
      progress.warn(
        `this host has no key for the index of ${parent.id}, and makes a full backup ("mangamotion key new --host" makes a key, so that later ones can be incremental)`,
      );
      return undefined;
    }
    if (!isMangamotionError(error, 'damaged', 'not_found')) throw error;
    unfit(`${cannot}: ${error.message}`, verifyHint);
    return;
  }
}

function cannotGoOn(
  parent: string,
  run: string,
  why = `${parent} cannot be read`,
): MangamotionError {
  return new MangamotionError(
    'refused',
    `the run ${run} cannot go on, because its parts refer to ${parent}: ${why}`,
    {
      hint: `Make ${parent} readable again. Or remove ${planName(run)} from the destination: the next backup is then a new run.`,
    },
  );
}

function chooseParent(
  { store, destination }: BackupContext,
  backups: readonly BackupEntry[],
  options: IncrementalOptions,
): BackupEntry | undefined {
  const { parent: id } = options;
  const source = sourceOf(store, options);
  if (id === undefined) return findParent(backups, source);
  const named = backups.find((backup) => backup.id === id);
  const hint = `List the backups with "mangamotion backup list ${destination.location}".`;
  if (named === undefined) {
    throw new MangamotionError('not_found', `no backup ${id} in ${destination.location}`, { hint });
  }
  const why = whyNoParent(named, backups, source);
  if (why === undefined) return named;
  throw new MangamotionError('refused', `${id} cannot be the parent: ${why}`, { hint });
}
