/**
 * The S3 operations that this program sends, each with its API name and the IAM right that it needs
 * (Service Authorization Reference, Amazon S3). Pure.
 */

export interface RequestLine {
  method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE';
  bucket?: string | undefined;
  key?: string | undefined;
  /** Percent-encoded, without the question mark. */
  query?: string | undefined;
  /** `BUCKET/KEY` of the object that a PUT copies. */
  copiedFrom?: string | undefined;
}

export interface Operation {
  /** `GetObject`. */
  name: string;
  /** `s3:GetObject`; `null` for a request that the tables do not list. */
  right: string | null;
  /** The resource that the right must cover: `bucket NAME`, `BUCKET/KEY` or `all buckets`. */
  resource: string;
}

type Table = Record<string, readonly [name: string, right: string]>;

const STORE_OPERATIONS: Table = {
  GET: ['ListBuckets', 's3:ListAllMyBuckets'],
};

const BUCKET_OPERATIONS: Table = {
  HEAD: ['HeadBucket', 's3:ListBucket'],
  PUT: ['CreateBucket', 's3:CreateBucket'],
  DELETE: ['DeleteBucket', 's3:DeleteBucket'],
  'GET list-type': ['ListObjectsV2', 's3:ListBucket'],
  'GET versions': ['ListObjectVersions', 's3:ListBucketVersions'],
  'GET uploads': ['ListMultipartUploads', 's3:ListBucketMultipartUploads'],
  'POST delete': ['DeleteObjects', 's3:DeleteObject'],
  'GET location': ['GetBucketLocation', 's3:GetBucketLocation'],
  'GET policy': ['GetBucketPolicy', 's3:GetBucketPolicy'],
  'PUT policy': ['PutBucketPolicy', 's3:PutBucketPolicy'],
  'GET lifecycle': ['GetBucketLifecycleConfiguration', 's3:GetLifecycleConfiguration'],
  'PUT lifecycle': ['PutBucketLifecycleConfiguration', 's3:PutLifecycleConfiguration'],
  'GET versioning': ['GetBucketVersioning', 's3:GetBucketVersioning'],
  'PUT versioning': ['PutBucketVersioning', 's3:PutBucketVersioning'],
  'GET tagging': ['GetBucketTagging', 's3:GetBucketTagging'],
  'PUT tagging': ['PutBucketTagging', 's3:PutBucketTagging'],
  'GET encryption': ['GetBucketEncryption', 's3:GetEncryptionConfiguration'],
  'PUT encryption': ['PutBucketEncryption', 's3:PutEncryptionConfiguration'],
  'GET cors': ['GetBucketCors', 's3:GetBucketCORS'],
  'PUT cors': ['PutBucketCors', 's3:PutBucketCORS'],
  'GET notification': ['GetBucketNotificationConfiguration', 's3:GetBucketNotification'],
  'PUT notification': ['PutBucketNotificationConfiguration', 's3:PutBucketNotification'],
  'GET object-lock': ['GetObjectLockConfiguration', 's3:GetBucketObjectLockConfiguration'],
  'PUT object-lock': ['PutObjectLockConfiguration', 's3:PutBucketObjectLockConfiguration'],
  'GET replication': ['GetBucketReplication', 's3:GetReplicationConfiguration'],
  'PUT replication': ['PutBucketReplication', 's3:PutReplicationConfiguration'],
};

const OBJECT_OPERATIONS: Table = {
  // S3 has no separate right for HEAD.
  HEAD: ['HeadObject', 's3:GetObject'],
  GET: ['GetObject', 's3:GetObject'],
  PUT: ['PutObject', 's3:PutObject'],
  DELETE: ['DeleteObject', 's3:DeleteObject'],
  'GET tagging': ['GetObjectTagging', 's3:GetObjectTagging'],
  'PUT tagging': ['PutObjectTagging', 's3:PutObjectTagging'],
  'GET acl': ['GetObjectAcl', 's3:GetObjectAcl'],
  'PUT acl': ['PutObjectAcl', 's3:PutObjectAcl'],
  'GET retention': ['GetObjectRetention', 's3:GetObjectRetention'],
  'PUT retention': ['PutObjectRetention', 's3:PutObjectRetention'],
  'GET legal-hold': ['GetObjectLegalHold', 's3:GetObjectLegalHold'],
  'PUT legal-hold': ['PutObjectLegalHold', 's3:PutObjectLegalHold'],
  // The failure of one object in a bulk delete.
  'POST delete': ['DeleteObjects', 's3:DeleteObject'],
  'POST uploads': ['CreateMultipartUpload', 's3:PutObject'],
  'PUT uploadId': ['UploadPart', 's3:PutObject'],
  'POST uploadId': ['CompleteMultipartUpload', 's3:PutObject'],
  'DELETE uploadId': ['AbortMultipartUpload', 's3:AbortMultipartUpload'],
  'GET uploadId': ['ListParts', 's3:ListMultipartUploadParts'],
};

/** IAM has these rights twice: for the current version of an object, and for any version. */
const VERSIONED_RIGHT = /^(s3:(?:Get|Put|Delete)Object)((?:Tagging|Acl)?)$/;

/** The requests that copy. They need the right to read the source besides the right to write. */
const COPIES = { part: 'UploadPartCopy', whole: 'CopyObject' } as const;

export function operationOf(request: RequestLine): Operation {
  const { method, bucket, key, query = '', copiedFrom } = request;
  if (copiedFrom !== undefined) {
    return {
      name: query === '' ? COPIES.whole : COPIES.part,
      right: 's3:PutObject',
      resource: `${resourceOf(bucket, key)}, and s3:GetObject on ${copiedFrom}`,
    };
  }
  const table =
    bucket === undefined
      ? STORE_OPERATIONS
      : key === undefined
        ? BUCKET_OPERATIONS
        : OBJECT_OPERATIONS;
  const parameters = query.split('&').map((part) => part.split('=')[0] ?? '');
  const subresource = parameters.find((name) => Object.hasOwn(table, `${method} ${name}`));
  const row = subresource === undefined ? method : `${method} ${subresource}`;
  const resource = resourceOf(bucket, key);
  const found = Object.hasOwn(table, row) ? table[row] : undefined;
  if (found === undefined) return { name: row, right: null, resource };
  const [name, right] = found;
  const isVersioned = parameters.includes('versionId') && method !== 'POST';
  return {
    name,
    right: isVersioned ? right.replace(VERSIONED_RIGHT, '$1Version$2') : right,
    resource,
  };
}

function resourceOf(bucket: string | undefined, key: string | undefined): string {
  if (bucket === undefined) return 'all buckets';
  return key === undefined ? `bucket ${bucket}` : `${bucket}/${key}`;
}
