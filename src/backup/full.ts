import { type Predecessor, predecessorOf } from '../repository/lines/parent.js';
import type { Summary } from '../repository/summary.js';
import { makeBackup } from './make-backup.js';
import {
  type BackupContext,
  type BackupOptions,
  type BackupPlan,
  type HeldContext,
  sourceOf,
} from './plan/backup-plan.js';
import { refusePlainAfterEncrypted } from '../repository/encryption-choice.js';
import { Baseline } from './plan/baseline.js';
import { makeRoom, openBaseline, planObjects } from './plan/plan-objects.js';
import { plannedEarlier } from './plan/planned-earlier.js';
import { signedForUse } from './plan/signed.js';

/** Copies all selected buckets into a new archive, and resolves once the backup exists. */
export async function backUpFull(context: BackupContext, options: BackupOptions): Promise<Summary> {
  const run = { ...options, command: 'backup full' };
  return await makeBackup(context, run, (held) => planFull(held, options));
}

/** Plans a full backup. The guard compares it with the last trusted backup. */
export async function planFull(context: HeldContext, options: BackupOptions): Promise<BackupPlan> {
  const { destination, store } = context;
  if (!options.ignoreFreeSpace) await makeRoom(context);
  const backups = await destination.list();
  refusePlainAfterEncrypted(destination, backups, context.noEncryption === true);
  const earlier =
    options.planned === undefined
      ? predecessorOf(backups, sourceOf(store, options))
      : plannedEarlier(backups, options.planned.earlier);
  const baseline = earlier === undefined ? undefined : await openEarlier(context, earlier);
  return await planObjects(context, options, 'full', { baseline, lastTrusted: earlier?.summary });
}

/** Opens the earlier backup of a full one. Of one that is not signed as this one will be, only the counts are used. */
export async function openEarlier(
  context: Pick<HeldContext, 'destination' | 'progress'>,
  { backup, summary }: Pick<Predecessor, 'backup' | 'summary'>,
): Promise<Baseline> {
  const checked = await signedForUse(context.destination, backup);
  if ('backup' in checked) return await openBaseline(context, checked.backup, 'full');
  context.progress.warn(
    `${checked.why}: this backup takes nothing over from ${backup.id}, and is compared with the counts in its summary`,
  );
  return new Baseline('full', summary, undefined, checked.why);
}
