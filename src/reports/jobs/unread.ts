import type { JobFilter } from '../../jobs/row.js';
import { countOf } from '../../count-of.js';
import type { JobAccess } from './access.js';

/** The note about a job that may belong to the user, but is not shown. */
export const UNREAD = 'its data is too long to be read, so its user is not known';

/** The ids of the jobs that a filter by user cannot judge. */
export function unreadFor(
  { userId }: Pick<JobFilter, 'userId'>,
  { unread }: Pick<JobAccess, 'unread'>,
): readonly string[] {
  return userId === undefined ? [] : [...unread];
}

export function unreadText(ids: readonly string[]): string | undefined {
  if (ids.length === 0) return undefined;
  const [what, whose] = ids.length === 1 ? ['has', 'its user is'] : ['have', 'their users are'];
  return `${countOf(ids.length, 'job')} ${what} data too long to be read, so ${whose} not known`;
}
