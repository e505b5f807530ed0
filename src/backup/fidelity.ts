import type { DocumentFidelity, Failure } from '../repository/summary.js';

/** What an S3 server keeps that a backup does not hold. Part of every summary: never assumed known. */
export const NOT_CAPTURED = [
  'versions of objects other than the current one, and delete markers',
  'access control lists, ownership and public access settings',
  'other settings of buckets: logging, website, request payment, acceleration, analytics, inventory',
  'users, groups and their policies',
] as const;

/**
 * What keeps a backup from being complete, as its summary names it: a document that could not be
 * read. One that is not there, or that the server does not know, leaves nothing to be missed.
 */
export function documentFailures(documents: readonly DocumentFidelity[]): Failure[] {
  return documents
    .filter(({ state }) => state === 'failed')
    .map(({ bucket, document, reason = 'no reason given' }) => ({
      bucket,
      key: '',
      document,
      reason,
    }));
}
