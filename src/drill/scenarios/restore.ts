import { isMangamotionError, messageOf, type MangamotionError } from '../../errors.js';
import { countOf } from '../../count-of.js';
import { requireSigned } from '../../repository/signed-backup.js';
import { applyRestore } from '../../restore/apply-restore.js';
import { ARCHIVE_CLASS } from '../../restore/attributes/attributes.js';
import { SelectedIndex } from '../../restore/plan/selected-index.js';
import type { RestoreContext } from '../../restore/prepared.js';
import type { RestoreReport } from '../../restore/report.js';
import { chooseForDrill } from '../choose.js';
import type { DrillContext, DrillOptions } from '../context.js';
import type { Differences } from '../differences.js';
import { type Extrapolation, type PacePoint, extrapolate } from '../extrapolate.js';
import { type DrillPlace, journalOf, openPlace } from '../journal.js';
import { MOST_BUCKETS } from '../limits.js';
import type { Scenario } from '../objectives.js';
import { Pace, noting } from '../pace.js';
import { readBackBucket } from '../read-back.js';
import type { DrillResult } from '../result.js';
import { type Steps, rounded } from '../steps.js';
import { measureLoss } from './data-loss.js';
import { type Into, Untried, limitOf, planWithin, verify } from './restore-choice.js';
import { type Found, nothingFound, resultOf } from './restore-result.js';
import { type RestoreScope, chooseScope } from './scope.js';

type RestoreScenario = Exclude<Scenario, 'redis' | 'ransom'>;

/**
 * Does what the recovery page says, into buckets of its own, and measures it. Resolves to a result
 * whatever fails; rejects only with the signal's reason and with errors of this program.
 */
export async function drillRestore(
  scenario: RestoreScenario,
  context: DrillContext,
  options: DrillOptions,
): Promise<DrillResult> {
  const decidedAtMs = context.now().getTime();
  const found = nothingFound();
  let failure: string | undefined;
  let untried: string | undefined;
  try {
    await recover(scenario, context, options, found);
  } catch (error) {
    context.signal.throwIfAborted();
    if (!isMangamotionError(error) || error.code === 'internal') throw error;
    if (error instanceof Untried) untried = error.message;
    else failure = failureOf(error, found);
  }
  return resultOf(scenario, options, found, { failure, untried, decidedAtMs });
}

/** An error of the archive itself does not name the backup. */
function failureOf({ code, message }: MangamotionError, { choice }: Found): string {
  const id = choice?.used.backup.id ?? '';
  return code !== 'damaged' || message.includes(id) ? message : `${id} is damaged: ${message}`;
}

async function recover(
  scenario: RestoreScenario,
  context: DrillContext,
  options: DrillOptions,
  found: Found,
): Promise<void> {
  const { destination, progress, note } = context;
  const { steps } = found;
  progress.start('listing');
  const choice = await steps.time('choose', async () =>
    chooseForDrill(await destination.list(), destination.location, options),
  );
  found.choice = choice;
  const { backup } = choice.used;
  note(`${scenario}: chose ${backup.id}${choice.pick === 'random' ? ', an older one' : ''}`);
  const located = await requireSigned({ destination, backup });
  await steps.time('verify', () => verify(context, located, scenario === 'store'));
  const scope = await steps.time('choose', () => chooseScope(scenario, located));
  found.loss = await measureLoss(
    context,
    choice.newest.backup,
    scope.buckets.length === 1 && scenario !== 'store' && scenario !== 'offsite'
      ? scope.buckets[0]
      : undefined,
  );
  const target = await context.openTarget();
  await restoreBeside(scenario, context, options, found, { located, scope, target });
}

/** Restores into buckets of its own, reads everything back, and removes them. */
export async function restoreBeside(
  scenario: Exclude<Scenario, 'redis'>,
  context: DrillContext,
  options: DrillOptions,
  found: Found,
  { located, scope, target }: Pick<Into, 'located' | 'scope' | 'target'>,
): Promise<void> {
  const { progress, signal } = context;
  const limit = limitOf(scenario, target, options);
  if (scope.buckets.length > MOST_BUCKETS) {
    throw new Untried(`${located.backup.id} has more than ${countOf(MOST_BUCKETS, 'bucket')}`);
  }
  const place = await openPlace(
    journalOf(context, target.store, options.prefix),
    scope.buckets.length,
  );
  try {
    await restoreInto(scenario, context, options, found, { located, scope, target, place, limit });
  } catch (error) {
    throw place.signal.aborted ? place.signal.reason : error;
  } finally {
    progress.start('removing the buckets of the drill');
    if (options.keep && !signal.aborted) {
      await place.keep();
      found.kept = namesOf(scope, place);
    } else {
      // What ended the drill is worth more than what its clean-up met.
      await place.remove().catch((error: unknown) => {
        found.leftovers.push(messageOf(error));
        context.warn(messageOf(error));
      });
    }
  }
}

async function restoreInto(
  scenario: Scenario,
  context: DrillContext,
  options: DrillOptions,
  found: Found,
  { located, scope, target, place, limit }: Into,
): Promise<void> {
  const { steps, done, differences } = found;
  const { signal } = place;
  const restoring: RestoreContext = {
    ...{ store: target.store, now: context.now, signal, progress: context.progress },
  };
  const { planned, selection, share } = await planWithin(restoring, options, found, {
    ...{ located, scope, place, limit },
  });
  found.share = share;
  try {
    const pace = new Pace();
    const report = await steps.time('restore', () =>
      applyRestore({ ...restoring, progress: noting(context.progress, pace) }, planned, {
        ...{ consented: true, encryption: 'prefer', proof: true, probeIn: place.buckets[0] },
      }),
    );
    const restored = pace.end(report.restored);
    addFailures(differences, report, scope, place);
    const proving = new Pace();
    await steps.time('prove', async () => {
      context.progress.start('reading back');
      context.progress.update({
        objectsTotal: planned.plan.buckets.reduce((sum, { create }) => sum + create, 0),
      });
      const index = new SelectedIndex(planned.prepared.backup, selection, signal);
      const reading = { ...restoring, progress: noting(context.progress, proving) };
      for (const [at, name] of scope.buckets.entries()) {
        const bucket = { name, target: place.buckets[at] ?? '' };
        await readBackBucket(reading, bucket, index.linesOf(name), differences, done);
      }
    });
    addLosses(differences, report, scope, place);
    found.isRecovered = true;
    if (share < 1) {
      found.extrapolated = whole(steps, scope, [restored, proving.end(done)]);
    }
  } finally {
    await planned.close();
  }
  if (options.check === undefined) return;
  context.progress.start('running the test of --check');
  found.check = await options.check(
    {
      ...{ scenario, backup: located.backup.id, server: target.store.endpoint },
      buckets: namesOf(scope, place),
    },
    signal,
  );
}

function namesOf({ buckets }: RestoreScope, place: DrillPlace): Record<string, string> {
  return Object.fromEntries(buckets.map((name, at) => [name, place.buckets[at] ?? '']));
}

/** Returns a function that gives the name in the backup of a bucket of the drill. */
function originalOf(scope: RestoreScope, place: DrillPlace): (target: string) => string {
  return (target) => scope.buckets[place.buckets.indexOf(target)] ?? target;
}

/** What the restore itself named as failed is not looked for again. */
function addFailures(
  differences: Differences,
  report: RestoreReport,
  scope: RestoreScope,
  place: DrillPlace,
): void {
  const original = originalOf(scope, place);
  for (const { bucket, key, document, reason } of report.failures) {
    const field = document ?? (key === '' ? 'bucket' : 'object');
    differences.add({ bucket: original(bucket), field, reason }, key === '' ? [] : [key], 1);
  }
  differences.omitted += report.failures_omitted;
}

/** Attributes that the restore read back before, unless they were found again. */
function addLosses(
  differences: Differences,
  { losses }: RestoreReport,
  scope: RestoreScope,
  place: DrillPlace,
): void {
  const original = originalOf(scope, place);
  for (const { bucket, what, count, keys, reason } of losses) {
    const field = what.replace(/ \(.*\)$/, '');
    if (what === ARCHIVE_CLASS || differences.has(original(bucket), field)) continue;
    differences.add({ bucket: original(bucket), field, reason }, keys, count);
  }
}

/** The steps that a sample does not shorten, and the others extrapolated. */
function whole(
  steps: Steps,
  scope: RestoreScope,
  paces: readonly PacePoint[][],
): Extrapolation | undefined {
  const fixed = steps.seconds - steps.secondsOf('restore', 'prove');
  const parts = paces.map((points) => extrapolate(points, scope.whole));
  if (!parts.every((part) => part !== undefined)) return undefined;
  const sum = (of: (part: Extrapolation) => number) =>
    rounded(parts.reduce((total, part) => total + of(part), fixed));
  return {
    seconds: sum(({ seconds }) => seconds),
    range: [sum(({ range }) => range[0]), sum(({ range }) => range[1])],
  };
}
