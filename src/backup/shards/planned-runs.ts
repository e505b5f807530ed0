import { MangamotionError, isMangamotionError } from '../../errors.js';
import type { Destination } from '../../repository/destination.js';
import { isSameServer } from '../../repository/lines/endpoints.js';
import type { RunPlan } from '../../repository/runs/run-plan.js';
import { type SealedPlan, findRuns, openPlan, readSealedPlan } from '../../repository/runs/runs.js';
import type { Summary } from '../../repository/summary.js';
import { earlierGone } from '../plan/planned-earlier.js';
import { checkKeys, whyNotKeysOf } from './check-keys.js';

/** For this long the next run over the same engine goes on with one that lost its head. */
const GOES_ON_HOURS = 24;

/** Resolves to the plans of all runs that have no head yet, oldest first. Plans that cannot be read are left out. */
async function unfinishedPlans(
  destination: Destination,
  warn: (line: string) => void,
): Promise<SealedPlan[]> {
  const plans: SealedPlan[] = [];
  for (const { id, hasPlan, isCommitted } of await findRuns(destination)) {
    if (!hasPlan || isCommitted) continue;
    try {
      const plan = await readSealedPlan(destination, id);
      if (plan !== undefined) plans.push(plan);
    } catch (error) {
      if (!isMangamotionError(error, 'damaged')) throw error;
      warn(error.message);
    }
  }
  return plans;
}

/**
 * Resolves to the plan of the unfinished run with this name or id; `undefined` if there is none. Rejects with
 * `refused` if it has other keys than this host.
 */
export async function plannedRun(
  destination: Destination,
  named: string,
  warn: (line: string) => void,
): Promise<RunPlan | undefined> {
  const plans = await unfinishedPlans(destination, warn);
  const plan = plans.find(({ name, run }) => name === named || run === named);
  if (plan === undefined) return undefined;
  await checkKeys(destination.vault, plan);
  if (await hasLostEarlier(destination, plan)) throw earlierGone(plan.earlier ?? '');
  return await openPlan(destination, plan);
}

/** Whether the backup that the run compares the store with is gone. */
async function hasLostEarlier(
  destination: Destination,
  { earlier }: Pick<RunPlan, 'earlier'>,
): Promise<boolean> {
  if (earlier === null) return false;
  try {
    await destination.read(earlier);
    return false;
  } catch (error) {
    if (isMangamotionError(error, 'not_found')) return true;
    throw error;
  }
}

/** What a run must have been planned with. */
export interface WantedRun {
  type: RunPlan['type'];
  source: Summary['source'];
  tool: string;
  acls: boolean;
  refreshMetadata: boolean;
}

/** Resolves to the plan of a run without a name that lost its head, and that this run may go on with. */
export async function lostRun(
  destination: Destination,
  wanted: WantedRun,
  now: Date,
  warn: (line: string) => void,
): Promise<RunPlan | undefined> {
  const since = now.getTime() - GOES_ON_HOURS * HOUR_MS;
  const plans = await unfinishedPlans(destination, warn);
  const found = plans.findLast(
    (plan) =>
      plan.name === null &&
      plan.type === wanted.type &&
      plan.tool === wanted.tool &&
      Date.parse(plan.created_at) > since &&
      isSameSource(plan.source, wanted.source) &&
      otherOption(plan, wanted) === undefined,
  );
  if (found === undefined) return undefined;
  if ((await whyNotKeysOf(destination.vault, found)) !== undefined) return undefined;
  if (await hasLostEarlier(destination, found)) return undefined;
  return await openPlan(destination, found);
}

/** A store may have another address elsewhere, if it has a name. */
function isSameSource(a: Summary['source'], b: Summary['source']): boolean {
  const isNamed = a.name !== undefined || b.name !== undefined;
  const isSameStore = isNamed ? a.name === b.name : isSameServer(a.endpoint, b.endpoint);
  const buckets = (one: Summary['source']) => JSON.stringify([one.buckets, one.excluded_buckets]);
  return isSameStore && buckets(a) === buckets(b);
}

const HOUR_MS = 3_600_000;

/** Warns of a plan that is not of today: the backup counts as one of the time of its plan. */
export function warnOfOldPlan(
  { name, run, created_at: createdAt }: RunPlan,
  now: Date,
  warn: (line: string) => void,
): void {
  const hours = Math.round((now.getTime() - Date.parse(createdAt)) / HOUR_MS);
  if (Math.abs(hours) < GOES_ON_HOURS) return;
  warn(
    `the run ${name ?? run} was planned at ${createdAt}, and its backup counts as one of that time`,
  );
}

/** Returns the option in which the plan of a run differs from what is asked for; `undefined` if there is none. */
function otherOption(
  { acls, refresh_metadata: refreshes }: Pick<RunPlan, 'acls' | 'refresh_metadata'>,
  wanted: WantedRun,
): string | undefined {
  const what = (flag: string, isPlanned: boolean) => `${isPlanned ? 'with' : 'without'} ${flag}`;
  if (acls !== wanted.acls) return what('--acls', acls);
  if (refreshes !== wanted.refreshMetadata) return what('--refresh-metadata', refreshes);
  return undefined;
}

/** Throws `refused` if the plan was made by another version, for another store, or with other options. */
export function checkPlanned(plan: RunPlan, wanted: WantedRun): void {
  const { type, source, tool } = wanted;
  const named = plan.name ?? plan.run;
  const hint = 'Give the run the options that it was planned with, or another name.';
  if (plan.tool !== tool) {
    throw new MangamotionError(
      'refused',
      `the run ${named} was planned by ${plan.tool}, and this is ${tool}`,
      {
        hint: 'Go on with that version, or begin another run.',
      },
    );
  }
  if (plan.type === 'incremental' && type === 'full') {
    throw new MangamotionError('refused', `the run ${named} is one of "backup incremental"`, {
      hint,
    });
  }
  if (!isSameSource(plan.source, source)) {
    throw new MangamotionError(
      'refused',
      `the run ${named} is one of other buckets or of another store`,
      { hint },
    );
  }
  const other = otherOption(plan, wanted);
  if (other === undefined) return;
  throw new MangamotionError('refused', `the run ${named} was planned ${other}`, { hint });
}
