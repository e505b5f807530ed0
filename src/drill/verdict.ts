import { countOf } from '../count-of.js';
import type { Difference, Verdict } from './result.js';

/** Judges a drill. A verdict is never better than its evidence. Pure. */

export interface Evidence {
  /** What ended the recovery before its end. */
  failure?: string | undefined;
  /** Why nothing could be tried. */
  untried?: string | undefined;
  /** What makes the backup doubtful: it is partial, or a newer one is suspect. */
  doubts: readonly string[];
  differences: readonly Difference[];
  /** Differences beyond those named. */
  differencesOmitted: number;
  /** The share of the objects that was restored: 1 for all. */
  share: number;
  objects: number;
  /** `null` if it was not measured. */
  rtoSeconds: number | null;
  rtoLimitSeconds: number;
  rpoSeconds: number | null;
  rpoLimitSeconds: number;
  /** Why it is not known what the backup lacks; `undefined` if it is, or the store was not asked. */
  lossUnknown?: string | undefined;
  /** What else keeps it from being proven. */
  unproven?: readonly string[];
  /** Why the operator's own test failed; `undefined` if it passed, or there was none. */
  checkFailure?: string | undefined;
}

export interface Judgement {
  verdict: Verdict;
  reason?: string;
}

/** `met` only if everything was restored, is the same, and came in time. */
export function judge(evidence: Evidence): Judgement {
  if (evidence.untried !== undefined) return { verdict: 'not_proven', reason: evidence.untried };
  const missed = missedReasons(evidence);
  if (missed.length > 0) return { verdict: 'missed', reason: missed.join('; ') };
  const unproven = unprovenReasons(evidence);
  if (unproven.length > 0) return { verdict: 'not_proven', reason: unproven.join('; ') };
  return { verdict: 'met' };
}

function missedReasons(evidence: Evidence): string[] {
  const { failure, doubts, differences, differencesOmitted, checkFailure } = evidence;
  const { rtoSeconds, rtoLimitSeconds, rpoSeconds, rpoLimitSeconds } = evidence;
  // An RTO from a sample is an estimate: it neither meets nor misses a limit.
  const isLate = evidence.share >= 1 && rtoSeconds !== null && !(rtoSeconds <= rtoLimitSeconds);
  return [
    ...(failure === undefined ? [] : [failure]),
    ...doubts,
    ...(differences.length > 0 || differencesOmitted > 0 ? [describe(evidence)] : []),
    ...(checkFailure === undefined ? [] : [checkFailure]),
    ...(isLate
      ? [`the recovery took ${seconds(rtoSeconds)}, and may take ${seconds(rtoLimitSeconds)}`]
      : []),
    ...(rpoSeconds !== null && !(rpoSeconds <= rpoLimitSeconds)
      ? [
          `the newest backup is ${seconds(rpoSeconds)} old, and may be ${seconds(rpoLimitSeconds)} old`,
        ]
      : []),
  ];
}

function unprovenReasons(evidence: Evidence): string[] {
  const { share, objects, rtoSeconds, rpoSeconds, lossUnknown } = evidence;
  return [
    ...(share >= 1 ? [] : ['only a sample was restored, and the rest is extrapolated']),
    ...(objects > 0 ? [] : ['no object was restored']),
    ...(rtoSeconds === null ? ['the time to recover was not measured'] : []),
    ...(rpoSeconds === null ? ['the age of the backup is not known'] : []),
    ...(lossUnknown === undefined ? [] : [lossUnknown]),
    ...(evidence.unproven ?? []),
  ];
}

function describe({ differences, differencesOmitted }: Evidence): string {
  const [first] = differences;
  const count = differences.reduce((sum, one) => sum + one.count, differencesOmitted);
  const what = `${countOf(count, 'difference')} after the restore`;
  if (first === undefined) return what;
  const key = first.keys[0] === undefined ? first.bucket : `${first.bucket}/${first.keys[0]}`;
  return `${what}, such as ${first.field} of ${key}: ${first.reason}`;
}

const UNITS = [
  ['d', 86_400],
  ['h', 3600],
  ['min', 60],
] as const;

function seconds(value: number): string {
  const unit = UNITS.find(([, size]) => value >= size);
  if (unit === undefined) return `${Number(value.toFixed(1))} s`;
  return `${Number((value / unit[1]).toFixed(1))} ${unit[0]}`;
}
