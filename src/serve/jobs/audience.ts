import type { JobRow } from '../../jobs/row.js';
import type { Change } from './changes.js';

/** What a client has asked for, and may see. */
export interface Audience {
  /** `undefined`: the jobs of all users. */
  userId: string | undefined;
  /** `undefined`: any. */
  statuses: readonly string[] | undefined;
}

/** Clients with equal keys get the same messages. */
export function audienceKey({ userId, statuses }: Audience): string {
  return JSON.stringify([userId ?? null, statuses ?? null]);
}

/**
 * Returns what clients are told of a change. `reset`: a job is gone of which nobody knows whose it was, and
 * which they may have in their list; that tells them nothing of it.
 */
export function newsFor(
  audience: Audience,
  { row, before }: Change,
): 'job' | 'removed' | 'reset' | undefined {
  if (row !== undefined && selects(audience, row)) return 'job';
  if (before !== undefined) return selects(audience, before) ? 'removed' : undefined;
  if (row !== undefined) return isOf(audience, row) ? 'removed' : undefined;
  return audience.userId === undefined ? 'removed' : 'reset';
}

/** Returns the news for a client that has missed the change, and maybe others of the job before it. */
export function newsOfMissed(audience: Audience, change: Change): ReturnType<typeof newsFor> {
  const { row, before } = change;
  if (row === undefined && before !== undefined)
    return isOf(audience, before) ? 'removed' : undefined;
  return newsFor(audience, { ...change, before: undefined });
}

function selects(audience: Audience, row: JobRow): boolean {
  return isOf(audience, row) && audience.statuses?.includes(row.status) !== false;
}

function isOf({ userId }: Audience, row: JobRow): boolean {
  return userId === undefined || row.userId === userId;
}
