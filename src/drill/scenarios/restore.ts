import { ANOTHER_SERVER_TEXT } from '../../config/hints.js';
import { MangamotionError, isMangamotionError, messageOf } from '../../errors.js';
import { countOf } from '../../count-of.js';
import { verifyBackup } from '../../backup/verify/verify.js';
import type { LocatedBackup } from '../../repository/locate.js';
import { applyRestore } from '../../restore/apply-restore.js';
import { ARCHIVE_CLASS } from '../../restore/attributes/attributes.js';
import { type PlannedRestore, planRestore } from '../../restore/plan-restore.js';
import { SelectedIndex } from '../../restore/plan/selected-index.js';
import type { RestoreContext } from '../../restore/prepared.js';
import type { RestoreReport } from '../../restore/report.js';
import type { RestoreSelection } from '../../restore/selection.js';
import { checkFailure } from '../check.js';
import { type DrillChoice, chooseForDrill, doubtsOf, sampler } from '../choose.js';
import type { DrillContext, DrillOptions, DrillTarget } from '../context.js';
import { Differences } from '../differences.js';
import { type Extrapolation, type PacePoint, extrapolate } from '../extrapolate.js';
import { type DrillPlace, openPlace } from '../journal.js';
import { JOURNAL_FOLDER } from '../journal-entry.js';
import { DEFAULT_MAX_BYTES, LONGEST_REASON, MOST_BUCKETS } from '../limits.js';
import type { Scenario } from '../objectives.js';
import { Pace, noting } from '../pace.js';
import { readBackBucket } from '../read-back.js';
import type { DrillResult } from '../result.js';
import { Steps, rounded } from '../steps.js';
import { judge } from '../verdict.js';
import { type Loss, measureLoss } from './data-loss.js';
import { type RestoreScope, chooseScope } from './scope.js';

/** What a scenario has found so far; an error leaves it as far as it came. */
interface Found {
  steps: Steps;
  differences: Differences;
  choice: DrillChoice | undefined;
  share: number;
  done: { objects: number; bytes: number };
  /** Whether the last object was read back. */
  isRecovered: boolean;
  extrapolated: Extrapolation | undefined;
  check: DrillResult['check'];
  kept: DrillResult['kept'];
  /** What the newest backup lacks of the store. */
  loss: Loss;
  /** What could not be removed. */
  leftovers: string[];
}

/**
 * Does what the recovery page says, into buckets of its own, and measures it. Resolves to a result
 * whatever fails; rejects only with the signal's reason and with errors of this program.
 */
export async function drillRestore(
  scenario: Exclude<Scenario, 'redis'>,
  context: DrillContext,
  options: DrillOptions,
): Promise<DrillResult> {
  const decidedAtMs = context.now().getTime();
  const found: Found = {
    steps: new Steps(),
    differences: new Differences(),
    choice: undefined,
    share: 1,
    done: { objects: 0, bytes: 0 },
    isRecovered: false,
    extrapolated: undefined,
    check: undefined,
    kept: undefined,
    loss: {},
    leftovers: [],
  };
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

/** Nothing was tried, so nothing is proven either way. */
class Untried extends MangamotionError {
  constructor(message: string) {
    super('refused', message);
  }
}

async function recover(
  scenario: Exclude<Scenario, 'redis'>,
  context: DrillContext,
  options: DrillOptions,
  found: Found,
): Promise<void> {
  const { destination, progress, note, signal } = context;
  const { steps } = found;
  progress.start('listing');
  const choice = await steps.time('choose', async () =>
    chooseForDrill(await destination.list(), destination.location, options),
  );
  found.choice = choice;
  const { backup } = choice.used;
  note(`${scenario}: chose ${backup.id}${choice.pick === 'random' ? ', an older one' : ''}`);
  const located: LocatedBackup = { destination, backup };
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
  const limit = limitOf(scenario, target, options);
  if (scope.buckets.length > MOST_BUCKETS) {
    throw new Untried(`${backup.id} has more than ${countOf(MOST_BUCKETS, 'bucket')}`);
  }
  const place = await openPlace(
    {
      claims: destination.claims(JOURNAL_FOLDER),
      store: target.store,
      ...{ prefix: options.prefix, owner: context.owner, now: context.now },
      ...{ signal, warn: context.warn },
    },
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

/** Reads the summary, the lengths and the directory; for a whole store every byte, as the manual says. */
async function verify(
  { signal, progress }: DrillContext,
  located: LocatedBackup,
  isFull: boolean,
): Promise<void> {
  progress.start('verifying');
  const {
    id,
    status,
    problems,
    problems_omitted: omitted,
  } = await verifyBackup({ signal, progress }, located, { quick: !isFull });
  const [first] = problems;
  if (status === 'ok') return;
  const more = problems.length + omitted - 1;
  const others = more > 0 ? `, and ${countOf(more, 'further problem')}` : '';
  throw new MangamotionError('damaged', `${id} is damaged: ${first?.message ?? status}${others}`);
}

/** Returns the most bytes to restore. The store that is in use must not be filled by accident. */
function limitOf(scenario: Scenario, target: DrillTarget, { maxBytes }: DrillOptions): number {
  if (maxBytes !== undefined) return maxBytes;
  if (!target.isSource) return Infinity;
  if (scenario !== 'store') return DEFAULT_MAX_BYTES;
  throw new Untried(
    `a drill of the whole store on the server that is in use needs --max-bytes, or ${ANOTHER_SERVER_TEXT}`,
  );
}

interface Into {
  located: LocatedBackup;
  scope: RestoreScope;
  target: DrillTarget;
  place: DrillPlace;
  limit: number;
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

/** Plans the restore. Where it would be more than the limit, a smaller sample is planned. */
async function planWithin(
  restoring: RestoreContext,
  { sample, seed }: DrillOptions,
  { steps }: Found,
  { located, scope, place, limit }: Pick<Into, 'located' | 'scope' | 'place' | 'limit'>,
): Promise<{ planned: PlannedRestore; selection: RestoreSelection; share: number }> {
  const isWhole = scope.key !== undefined;
  for (
    let share = isWhole ? 1 : Math.min(sample, limit / Math.max(1, scope.whole.bytes));
    ;
    share /= 2
  ) {
    const selection: RestoreSelection = {
      buckets: scope.buckets,
      prefixes: [],
      keys: scope.key === undefined ? [] : [scope.key],
      renames: new Map(scope.buckets.map((name, at) => [name, place.buckets[at] ?? ''])),
      only: sampler(share, seed),
    };
    const planned = await steps.time('plan', () =>
      planRestore(restoring, located, {
        ...{ scope: scope.key === undefined ? 'full' : 'data', selection, onConflict: 'fail' },
        ...{ deleteExtra: false, confirms: false, dryRun: false, harmless: true },
      }),
    );
    const bytes = planned.plan.buckets.reduce((sum, plan) => sum + plan.bytes, 0);
    if (bytes <= limit) return { planned, selection, share };
    await planned.close();
    if (isWhole || share < 1e-6) {
      throw new Untried(`nothing that was drawn fits into ${countOf(limit, 'byte')} (--max-bytes)`);
    }
  }
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

function resultOf(
  scenario: Scenario,
  { objectives, pick }: DrillOptions,
  found: Found,
  {
    failure,
    untried,
    decidedAtMs,
  }: { failure: string | undefined; untried: string | undefined; decidedAtMs: number },
): DrillResult {
  const { choice, steps, differences, share, done, check, kept, loss, extrapolated } = found;
  const newest = choice?.newest.backup;
  const ageSeconds =
    newest?.summary.kind === 'valid'
      ? rounded((decidedAtMs - Date.parse(newest.summary.summary.created_at)) / 1000)
      : null;
  const measured = found.isRecovered ? rounded(steps.seconds) : null;
  const rto = share < 1 ? (extrapolated?.seconds ?? null) : measured;
  const { verdict, reason } = judge({
    ...{ failure, untried, share, objects: done.objects },
    doubts: [...(choice === undefined ? [] : doubtsOf(choice)), ...found.leftovers],
    differences: differences.named,
    differencesOmitted: differences.omitted,
    rtoSeconds: rto,
    rtoLimitSeconds: objectives.rtoSeconds,
    rpoSeconds: ageSeconds,
    rpoLimitSeconds: objectives.rpoSeconds,
    lossUnknown: loss.unknown,
    checkFailure: checkFailure(check),
  });
  return {
    ...{ scenario, verdict },
    ...(reason === undefined ? {} : { reason: reason.slice(0, LONGEST_REASON) }),
    backup: choice?.used.backup.id ?? null,
    pick: choice?.pick ?? pick,
    rto_seconds: rto,
    rto_limit_seconds: objectives.rtoSeconds,
    extrapolated: share < 1,
    ...(extrapolated === undefined ? {} : { rto_range_seconds: extrapolated.range }),
    rpo_seconds: ageSeconds,
    rpo_limit_seconds: objectives.rpoSeconds,
    ...(newest === undefined || choice?.pick !== 'random' ? {} : { newest: newest.id }),
    ...{ objects: done.objects, bytes: done.bytes },
    ...(share < 1 ? { sample: share } : {}),
    missing_objects: loss.lacking?.objects ?? null,
    missing_bytes: loss.lacking?.bytes ?? null,
    differences: differences.named,
    ...(differences.omitted > 0 ? { differences_omitted: differences.omitted } : {}),
    steps: steps.all,
    ...(check === undefined ? {} : { check }),
    ...(kept === undefined ? {} : { kept }),
  };
}

/** The message of an error, for a result of a drill that could not be run. */
export function failedResult(
  scenario: Scenario,
  { objectives, pick }: Pick<DrillOptions, 'objectives' | 'pick'>,
  why: { error: unknown } | { untried: string },
): DrillResult {
  const isUntried = 'untried' in why;
  return {
    scenario,
    verdict: isUntried ? 'not_proven' : 'missed',
    reason: (isUntried ? why.untried : messageOf(why.error)).slice(0, LONGEST_REASON),
    backup: null,
    pick,
    rto_seconds: null,
    rto_limit_seconds: objectives.rtoSeconds,
    extrapolated: false,
    rpo_seconds: null,
    rpo_limit_seconds: objectives.rpoSeconds,
    ...{ objects: 0, bytes: 0, missing_objects: null, missing_bytes: null },
    ...{ differences: [], steps: [] },
  };
}
