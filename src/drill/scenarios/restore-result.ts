import { messageOf } from '../../errors.js';
import { checkFailure } from '../check.js';
import { type DrillChoice, doubtsOf } from '../choose.js';
import type { DrillOptions } from '../context.js';
import { Differences } from '../differences.js';
import type { Extrapolation } from '../extrapolate.js';
import { LONGEST_REASON } from '../limits.js';
import type { Scenario } from '../objectives.js';
import type { DrillResult } from '../result.js';
import { Steps, rounded } from '../steps.js';
import { judge } from '../verdict.js';
import type { Findings } from '../ransom/findings.js';
import type { Loss } from './data-loss.js';

/** What a drill of a restore has found, and the result that comes of it. */

/** What a scenario has found so far; an error leaves it as far as it came. */
export interface Found {
  steps: Steps;
  differences: Differences;
  choice: DrillChoice | undefined;
  share: number;
  done: { objects: number; bytes: number };
  /** True once every restored object was read back and compared. */
  isRecovered: boolean;
  extrapolated: Extrapolation | undefined;
  check: DrillResult['check'];
  kept: DrillResult['kept'];
  /** The objects and bytes that the store has and the newest backup lacks. */
  loss: Loss;
  /** What of the drill could not be removed, with the reasons. */
  leftovers: string[];
  /** What an attack has shown; absent: nothing was attacked. */
  attack: DrillResult['attack'];
  findings: Findings;
}

export function nothingFound(): Found {
  return {
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
    attack: undefined,
    findings: { doubts: [], unproven: [] },
  };
}

export function resultOf(
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
  const { attack, findings } = found;
  const newest = choice?.newest.backup;
  const ageSeconds =
    newest?.summary.kind === 'valid'
      ? rounded((decidedAtMs - Date.parse(newest.summary.summary.created_at)) / 1000)
      : null;
  const measured = found.isRecovered ? rounded(steps.seconds) : null;
  const rto = share < 1 ? (extrapolated?.seconds ?? null) : measured;
  const { verdict, reason } = judge({
    ...{ failure, untried, share, objects: done.objects },
    doubts: [
      ...(choice === undefined ? [] : doubtsOf(choice)),
      ...findings.doubts,
      ...found.leftovers,
    ],
    unproven: findings.unproven,
    differences: differences.named,
    differencesOmitted: differences.omitted,
    rtoSeconds: rto,
    rtoLimitSeconds: objectives.rtoSeconds,
    rpoSeconds: ageSeconds,
    rpoLimitSeconds: objectives.rpoSeconds,
    lossUnknown: loss.unknown,
    checkFailure: checkFailure(check),
  });
  const isClear = findings.doubts.length === 0 && findings.unproven.length === 0;
  const survives = found.isRecovered && isClear && attack?.locked === attack?.files;
  return {
    ...{ scenario, verdict },
    ...(reason === undefined ? {} : { reason: reason.slice(0, LONGEST_REASON) }),
    backup: choice?.used.backup.id ?? null,
    pick: choice?.pick ?? pick,
    rto_seconds: rto,
    rto_limit_seconds: objectives.rtoSeconds,
    extrapolated: share < 1,
    ...(extrapolated === undefined ? {} : { rto_range_seconds: extrapolated.range }),
    // After an attack, only what survived it is a backup.
    rpo_seconds: scenario !== 'ransom' || survives ? ageSeconds : null,
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
    ...(attack === undefined ? {} : { attack }),
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
