import type { CheckStatus } from './finding.js';
import type { CheckResult } from './run-checks.js';

/** The answer of `doctor`. */
export interface DoctorReport {
  status: 'ok' | 'warnings' | 'failures';
  checks: readonly Omit<CheckResult, 'fact'>[];
}

export function reportOf(checks: readonly CheckResult[]): DoctorReport {
  const has = (wanted: CheckStatus) => checks.some(({ status }) => status === wanted);
  const status = has('failure') ? 'failures' : has('warning') ? 'warnings' : 'ok';
  return { status, checks: checks.map(withoutFact) };
}

function withoutFact(check: CheckResult): Omit<CheckResult, 'fact'> {
  const result = { ...check };
  delete result.fact;
  return result;
}

export function countsOf(
  checks: readonly { status: CheckStatus }[],
): Readonly<Record<CheckStatus, number>> {
  const counts = { ok: 0, warning: 0, failure: 0, skipped: 0 };
  for (const { status } of checks) counts[status] += 1;
  return counts;
}

/** The topic of a check's name. */
export function topicOf(name: string): string {
  return name.slice(0, name.indexOf('.'));
}
