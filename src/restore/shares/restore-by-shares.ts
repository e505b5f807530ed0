import { countOf } from '../../count-of.js';
import type { LocatedBackup } from '../../repository/located-backup.js';
import { applyRestore, prepareTarget } from '../apply-restore.js';
import { refuseLargeDeletions } from '../plan/consent.js';
import { type PlannedRestore, type RestoreOptions, planRestore } from '../plan-restore.js';
import type { ApplyOptions, RestoreContext } from '../prepared.js';
import type { RestoreReport } from '../report.js';
import { shardsFor } from '../../ranges/cut-index.js';
import type { ShareOutcome, Sharer } from '../../workers/sharer.js';
import { mergeResults } from './merge-results.js';
import { type ShareResult, readResult, whyFailed } from './share-result.js';
import { mayOverwrite, textOfOptions } from './worker-options.js';

/** The most reasons that are told. */
const MOST_TOLD = 10;

export interface ByShares {
  restore: RestoreOptions;
  apply: ApplyOptions;
  sharer: Pick<Sharer, 'share'>;
  /** How many shares; `undefined`: by what is to be written. */
  shares: number | undefined;
}

/**
 * Carries out a plan with workers. Buckets, and the documents that objects need, are there before them. What no
 * worker has restored is restored here: everything is planned anew, by which the objects of workers are
 * unchanged, and proved. Nothing is overwritten or removed that the first plan did not show, where a
 * person has confirmed it. The caller closes the plan. Rejects as `applyRestore` does.
 */
export async function restoreByShares(
  context: RestoreContext,
  located: LocatedBackup,
  planned: PlannedRestore,
  { restore, apply, sharer, shares }: ByShares,
): Promise<RestoreReport> {
  const { plan, prepared, done } = planned;
  if (!apply.consented) refuseLargeDeletions(plan.buckets);
  const before = { buckets: plan.buckets.map((bucket) => ({ ...bucket })) };
  const documents = await prepareTarget(context, prepared);
  const results: ShareResult[] = [];
  let trustsUnchanged = false;
  const objects = plan.buckets.reduce(
    (sum, { create, overwrite }) => sum + create + (mayOverwrite(restore) ? overwrite : 0),
    0,
  );
  if (objects > 0) {
    context.progress.start('copying');
    const bytes = plan.buckets.reduce((sum, bucket) => sum + bucket.bytes, 0);
    context.progress.update({ objectsTotal: objects, bytesTotal: bytes });
    const of = shares ?? shardsFor([{ objects, bytes }]);
    const outcomes = await sharer.share(of, textOfOptions(restore, apply));
    context.signal.throwIfAborted();
    const targets = plan.buckets.map(({ target }) => target);
    results.push(...readOutcomes(context, outcomes, targets));
    trustsUnchanged = results.length === outcomes.length && !outcomes.some(isRepeated);
  }
  const begun = { shown: prepared.planner.shown };
  const again = await planRestore(context, located, { ...restore, begun });
  try {
    const report = await applyRestore(context, { ...again, done }, { ...apply, trustsUnchanged });
    return mergeResults({ before, report, documents }, results);
  } finally {
    await again.close();
  }
}

/** Whether a worker other than the one that answered may have done part of it. */
function isRepeated(outcome: ShareOutcome): boolean {
  return 'attempts' in outcome && outcome.attempts > 1;
}

/** Returns the answers that can be read, and warns once for each reason why others are missing. */
function readOutcomes(
  { progress }: RestoreContext,
  outcomes: readonly ShareOutcome[],
  targets: readonly string[],
): ShareResult[] {
  const results: ShareResult[] = [];
  const failed = new Map<string, number>();
  for (const outcome of outcomes) {
    const result = 'result' in outcome ? readResult(outcome.result, targets) : undefined;
    if (result !== undefined) {
      results.push(result);
      continue;
    }
    const why = 'failure' in outcome ? outcome.failure.message : 'its answer cannot be read';
    failed.set(why, (failed.get(why) ?? 0) + 1);
  }
  for (const [why, shares] of [...failed].slice(0, MOST_TOLD)) {
    progress.warn(`this host restores what is left of ${countOf(shares, 'share')} itself: ${why}`);
  }
  for (const [why, objects] of whyFailed(results).slice(0, MOST_TOLD)) {
    const what = countOf(objects, 'object');
    progress.warn(`workers could not restore ${what}, which this host tries itself: ${why}`);
  }
  return results;
}
