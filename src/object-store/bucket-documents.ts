/**
 * The documents of a bucket that are captured and put back, each exactly as the server returned it.
 * The closed list, and what tells one of them from other answers. Pure data.
 */

export interface BucketDocumentForm {
  kind: string;
  /** The document's name in a backup, under `metadata/<bucket>/`. */
  fileName: string;
  /** The bucket's sub-resource, as in `GET /bucket?policy`. */
  subresource: string;
  /** The root element; `null` where the document is a JSON object. */
  root: string | null;
  /** The way from the root to the elements without which the document says nothing. */
  entries?: readonly string[];
  /** What S3, Ceph and MinIO answer where the bucket has none. */
  absentCodes: readonly string[];
}

export const BUCKET_DOCUMENTS = [
  {
    kind: 'policy',
    fileName: 'policy.json',
    subresource: 'policy',
    root: null,
    absentCodes: ['NoSuchBucketPolicy'],
  },
  {
    kind: 'lifecycle',
    fileName: 'lifecycle.xml',
    subresource: 'lifecycle',
    root: 'LifecycleConfiguration',
    entries: ['Rule'],
    absentCodes: ['NoSuchLifecycleConfiguration', 'NoSuchBucketLifecycle'],
  },
  {
    kind: 'versioning',
    fileName: 'versioning.xml',
    subresource: 'versioning',
    root: 'VersioningConfiguration',
    absentCodes: [],
  },
  {
    kind: 'tagging',
    fileName: 'tagging.xml',
    subresource: 'tagging',
    root: 'Tagging',
    entries: ['TagSet', 'Tag'],
    absentCodes: ['NoSuchTagSet', 'NoSuchTagSetError'],
  },
  {
    kind: 'encryption',
    fileName: 'encryption.xml',
    subresource: 'encryption',
    root: 'ServerSideEncryptionConfiguration',
    entries: ['Rule'],
    absentCodes: ['ServerSideEncryptionConfigurationNotFoundError'],
  },
  {
    kind: 'cors',
    fileName: 'cors.xml',
    subresource: 'cors',
    root: 'CORSConfiguration',
    entries: ['CORSRule'],
    absentCodes: ['NoSuchCORSConfiguration'],
  },
  {
    kind: 'notification',
    fileName: 'notification.xml',
    subresource: 'notification',
    root: 'NotificationConfiguration',
    absentCodes: [],
  },
  {
    kind: 'object-lock',
    fileName: 'object-lock.xml',
    subresource: 'object-lock',
    root: 'ObjectLockConfiguration',
    absentCodes: ['ObjectLockConfigurationNotFoundError', 'NoSuchObjectLockConfiguration'],
  },
  {
    kind: 'replication',
    fileName: 'replication.xml',
    subresource: 'replication',
    root: 'ReplicationConfiguration',
    // Ceph shows an empty <Role> where nothing is replicated.
    entries: ['Rule'],
    absentCodes: ['ReplicationConfigurationNotFoundError'],
  },
] as const satisfies readonly BucketDocumentForm[];

export type BucketDocumentKind = (typeof BUCKET_DOCUMENTS)[number]['kind'];
