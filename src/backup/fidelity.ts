/** What an S3 server keeps that a backup does not hold. Part of every summary: never assumed known. */
export const NOT_CAPTURED = [
  'bucket policies, lifecycle rules, versioning, tags, encryption, CORS, notifications, object lock and replication settings',
  'versions of objects other than the current one, and delete markers',
  'retention and legal hold of objects',
  'access control lists',
] as const;
