/** What an S3 server keeps that a backup does not hold. Part of every summary: never assumed known. */
const NEVER_CAPTURED = [
  'versions of objects other than the current one, and delete markers',
  'ownership and public access settings, and access control lists of buckets',
  'other settings of buckets: logging, website, request payment, acceleration, analytics, inventory',
  'users, groups and their policies',
] as const;

const ACLS = 'access control lists of objects: --acls reads them, with one request for each object';

export function notCaptured({ acls }: { acls: boolean }): string[] {
  return [...NEVER_CAPTURED, ...(acls ? [] : [ACLS])];
}
