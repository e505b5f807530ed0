/**
 * The bucket documents that a backup captures and a restore puts back, byte for byte. The table
 * lists every kind, and how to recognise its answers. Pure data.
 */

export interface BucketDocumentForm {
  kind: string;
  /** The document's name in a backup, under `metadata/<bucket>/`. */
  fileName: string;
  /** The bucket's sub-resource, as in `GET /bucket?policy`. */
  subresource: string;
  root: string | null;
  /** The path from the root to the entries; a document without entries counts as absent. */
  entries?: readonly string[];
  /** Error codes with which S3, Ceph and MinIO report that the bucket has no such document. */
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
    // Ceph returns an empty <Role> for a bucket without replication.
    entries: ['Rule'],
    absentCodes: ['ReplicationConfigurationNotFoundError'],
  },
] as const satisfies readonly BucketDocumentForm[];

export type BucketDocumentKind = (typeof BUCKET_DOCUMENTS)[number]['kind'];
