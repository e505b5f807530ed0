import type { DrillResult } from './result.js';
import type { Scenario } from './objectives.js';

/** Where the restored data are, for the operator's own test. It holds no secret. */
export interface RestoredPlace {
  scenario: Scenario;
  backup: string;
  /** The address of the server: an endpoint, or the URL of a Redis without its password. */
  server: string;
  /** The bucket of the drill for each bucket of the backup. */
  buckets: Readonly<Record<string, string>>;
}

/** Runs the operator's own test. Never rejects but for the signal. */
export type CheckCommand = (
  place: RestoredPlace,
  signal: AbortSignal,
) => Promise<NonNullable<DrillResult['check']>>;

/** Returns why a test failed; `undefined` if it passed. */
export function checkFailure(check: DrillResult['check']): string | undefined {
  if (check === undefined || check.exit_code === 0) return undefined;
  const last = check.output.trim().split('\n').at(-1) ?? '';
  const how = check.exit_code === null ? 'was ended' : `ended with exit status ${check.exit_code}`;
  return `the test of --check ${how}${last === '' ? '' : `: ${last}`}`;
}
