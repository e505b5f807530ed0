import { SUMMARY_SUFFIX, planIdOf } from './names.js';

/**
 * Returns the ids of the runs that have a plan, and no backup yet: workers may be writing parts of them,
 * whoever holds the lock of the destination. `names`: all files of the destination; `givenUp`: the runs of
 * which nobody writes any parts. Pure.
 */
export function unfinishedRuns(
  names: ReadonlySet<string>,
  givenUp: ReadonlySet<string> = new Set(),
): Set<string> {
  const planned = [...names].map(planIdOf).filter((id) => id !== undefined);
  return new Set(planned.filter((id) => !names.has(id + SUMMARY_SUFFIX) && !givenUp.has(id)));
}
