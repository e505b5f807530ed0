import type { CounterProblem } from '../../billing/counters.js';
import { problemText } from '../../billing/counters.js';
import { shortId, type ListedJob } from './documents.js';
import { UNREAD } from './unread.js';

/** What people are told about the rows of a list, and about jobs that may be missing in it. */
export function problemsOf(
  ofRecords: readonly CounterProblem[],
  rows: readonly ListedJob[],
  unread: readonly string[],
): string[] {
  const ofJobs = rows.flatMap(({ id, job }) =>
    (job?.problems ?? []).map((problem) => `job ${shortId(id)}: ${problem}`),
  );
  const ofOthers = unread.map((id) => `job ${shortId(id)}: ${UNREAD}`);
  return [...new Set([...ofRecords.map(problemText), ...ofJobs, ...ofOthers])];
}

export function notesOf(rows: readonly ListedJob[]): string[] {
  return rows.flatMap(({ id, job }) =>
    (job?.notes ?? []).map((note) => `job ${shortId(id)}: ${note}`),
  );
}
