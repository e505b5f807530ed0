import { isMangamotionError, messageOf } from '../errors.js';
import type { Check } from './check.js';
import type { FactBook } from './facts.js';
import { type Finding, NotLooked, failure, skipped } from './finding.js';

/** A check that has been run. */
export interface CheckResult extends Finding {
  name: string;
  /** What it was about, where there are several of a kind: the destination. */
  subject?: string;
  /** How long it took, with the facts that it waited for. */
  seconds: number;
}

export interface RunParts<Facts extends object> {
  checks: readonly Check<Facts>[];
  facts: FactBook<Facts>;
  subject?: string | undefined;
  /** Rejects with the reason of a signal of the user. */
  aborted: Promise<never>;
  onResult: (result: CheckResult) => void;
}

/**
 * Runs all checks at once and resolves to their results, in their order. A check that throws, or has no
 * answer within its limit, is a failure. Rejects only with what `aborted` rejects with.
 */
export async function runChecks<Facts extends object>({
  checks,
  facts,
  subject,
  aborted,
  onResult,
}: RunParts<Facts>): Promise<CheckResult[]> {
  const results = checks.map(async (check) => {
    const startMs = performance.now();
    const finding = await runCheck(check, facts);
    const seconds = Math.round(performance.now() - startMs) / 1000;
    const about = subject === undefined ? {} : { subject };
    const result = { name: check.name, ...about, ...finding, seconds };
    onResult(result);
    return result;
  });
  return await Promise.race([Promise.all(results), aborted]);
}

async function runCheck<Facts extends object>(
  check: Check<Facts>,
  facts: FactBook<Facts>,
): Promise<Finding> {
  try {
    return await withinLimit(check.limitMs, judged(check, facts));
  } catch (error) {
    return findingOf(error);
  }
}

async function judged<Facts extends object>(
  { needs, judge }: Check<Facts>,
  facts: FactBook<Facts>,
): Promise<Finding> {
  const known: Partial<Facts> = {};
  for (const [index, value] of (
    await Promise.all(needs.map((name) => facts.read(name)))
  ).entries()) {
    const name = needs[index];
    if (name !== undefined) known[name] = value;
  }
  return judge(known as Facts);
}

class TooLate extends Error {
  override readonly name = 'TooLate';
}

async function withinLimit<T>(limitMs: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new TooLate(`no answer within ${limitMs / 1000} s`)), limitMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

function findingOf(error: unknown): Finding {
  if (error instanceof NotLooked) return skipped(error.message);
  if (error instanceof TooLate) return failure(error.message, SLOW_HINT);
  if (isMangamotionError(error)) return failure(error.message, error.hint ?? UNKNOWN_HINT);
  return failure(`the check itself failed: ${messageOf(error)}`, BUG_HINT);
}

const SLOW_HINT = 'see whether that server or disk hangs, then run `mangamotion doctor` again';
const UNKNOWN_HINT = 'run `mangamotion doctor --verbose` again, and look at what the server logs';
const BUG_HINT = 'report it with the file that `mangamotion doctor --bundle FILE` writes';
