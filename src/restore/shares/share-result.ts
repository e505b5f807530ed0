import * as v from 'valibot';
import { type Share, longestAnswerBytes } from '../../workers/work.js';
import type { RestoreReport } from '../report.js';

/** What a worker answers to the head. Anybody with access to the queue may have written it. */

const FORMAT = 1;
const LONGEST_REASON = 500;

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const text = v.pipe(v.string(), v.maxLength(4096));
const optional = v.exactOptional;

const schema = v.strictObject({
  format: v.literal(FORMAT),
  restored: v.strictObject({ objects: count, bytes: count }),
  failures: v.array(
    v.strictObject({
      bucket: text,
      key: text,
      operation: optional(text),
      status: optional(count),
      code: optional(text),
      reason: text,
    }),
  ),
  failures_omitted: count,
  losses: v.array(
    v.strictObject({
      bucket: text,
      what: text,
      count,
      keys: v.pipe(v.array(text), v.maxLength(10)),
      reason: text,
    }),
  ),
  left_out: v.array(
    v.strictObject({
      bucket: text,
      reason: v.picklist(['retention has run out', 'bucket has no object lock']),
      objects: count,
    }),
  ),
  /** What is left behind, such as probes that could not be removed. */
  problems: v.array(text),
});
export type ShareResult = v.InferOutput<typeof schema>;

/**
 * Returns why objects could not be restored, and how many, the most frequent reason first. Objects whose
 * failures were left out count for the first.
 */
export function whyFailed(
  reports: readonly Pick<ShareResult, 'failures' | 'failures_omitted'>[],
): [why: string, objects: number][] {
  const counts = new Map<string, number>();
  for (const { failures } of reports) {
    for (const { operation, code, status, reason } of failures) {
      const answer = [operation, code ?? status].filter((part) => part !== undefined).join(': ');
      const why = answer === '' ? reason : answer;
      counts.set(why, (counts.get(why) ?? 0) + 1);
    }
  }
  const sorted = [...counts].sort(([, a], [, b]) => b - a);
  const omitted = reports.reduce((sum, { failures_omitted: more }) => sum + more, 0);
  const [first] = sorted;
  if (first !== undefined) first[1] += omitted;
  else if (omitted > 0) return [['no reason is named', omitted]];
  return sorted;
}

/**
 * Returns the report of a share as text. A long one names fewer failures, and fewer keys; counts stay.
 */
export function textOfResult(report: RestoreReport, share: Pick<Share, 'of'>): string {
  const longest = longestAnswerBytes(share);
  const failures = report.failures.flatMap(({ document, ...failure }) =>
    // The head writes all documents by itself.
    document === undefined ? [{ ...failure, reason: cut(failure.reason) }] : [],
  );
  const losses = report.losses.map((loss) => ({ ...loss, reason: cut(loss.reason) }));
  const whole: ShareResult = {
    ...{ format: FORMAT, restored: report.restored },
    ...{ failures, failures_omitted: report.failures_omitted, losses, left_out: report.left_out },
    problems: report.problems.slice(0, 100).map(cut),
  };
  for (let most = failures.length; ; most = Math.floor(most / 2)) {
    const answer = JSON.stringify({
      ...whole,
      failures: failures.slice(0, most),
      failures_omitted: whole.failures_omitted + failures.length - most,
    });
    if (Buffer.byteLength(answer) <= longest) return answer;
    if (most === 0) break;
  }
  const nameless = losses.map((loss) => ({ ...loss, keys: [], reason: '' }));
  for (let most = Math.max(losses.length, whole.left_out.length); ; most = Math.floor(most / 2)) {
    const omitted = [...nameless.slice(most), ...whole.left_out.slice(most)].length;
    const answer = JSON.stringify({
      ...{ ...whole, failures: [], failures_omitted: failures.length + whole.failures_omitted },
      ...{ losses: nameless.slice(0, most), left_out: whole.left_out.slice(0, most) },
      problems:
        omitted === 0 ? [] : [`a worker has lost more, which it could not name: ${omitted}`],
    } satisfies ShareResult);
    if (Buffer.byteLength(answer) <= longest || most === 0) return answer;
  }
}

/** Reads the answer of a worker about these target buckets. Returns `undefined` for anything unexpected. */
export function readResult(answer: string, targets: readonly string[]): ShareResult | undefined {
  if (Buffer.byteLength(answer) > longestAnswerBytes({ of: 1 })) return undefined;
  const { success, output } = v.safeParse(v.pipe(v.string(), v.parseJson(), schema), answer);
  if (!success) return undefined;
  const known = new Set(targets);
  const named = [...output.failures, ...output.losses, ...output.left_out];
  return named.every(({ bucket }) => known.has(bucket)) ? output : undefined;
}

function cut(reason: string): string {
  return reason.length > LONGEST_REASON ? `${reason.slice(0, LONGEST_REASON - 1)}…` : reason;
}
