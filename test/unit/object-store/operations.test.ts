import { describe, expect, it } from 'vitest';
import { BUCKET_DOCUMENTS } from '../../../src/object-store/bucket-documents.js';
import { operationOf, type RequestLine } from '../../../src/object-store/operations.js';

const B = { bucket: 'b' };
const K = { bucket: 'b', key: 'k' };

describe('the operation of a request', () => {
  it.each<[RequestLine, string, string, string]>([
    [{ method: 'GET' }, 'ListBuckets', 's3:ListAllMyBuckets', 'all buckets'],
    [{ method: 'HEAD', ...B }, 'HeadBucket', 's3:ListBucket', 'bucket b'],
    [{ method: 'PUT', ...B }, 'CreateBucket', 's3:CreateBucket', 'bucket b'],
    [{ method: 'DELETE', ...B }, 'DeleteBucket', 's3:DeleteBucket', 'bucket b'],
    [
      { method: 'GET', ...B, query: 'encoding-type=url&list-type=2&max-keys=1&prefix=uploads' },
      'ListObjectsV2',
      's3:ListBucket',
      'bucket b',
    ],
    [
      { method: 'GET', ...B, query: 'encoding-type=url&max-uploads=1&prefix=&uploads' },
      'ListMultipartUploads',
      's3:ListBucketMultipartUploads',
      'bucket b',
    ],
    [{ method: 'POST', ...B, query: 'delete' }, 'DeleteObjects', 's3:DeleteObject', 'bucket b'],
    [
      { method: 'GET', ...B, query: 'location' },
      'GetBucketLocation',
      's3:GetBucketLocation',
      'bucket b',
    ],
    [{ method: 'GET', ...B, query: 'policy' }, 'GetBucketPolicy', 's3:GetBucketPolicy', 'bucket b'],
    [{ method: 'GET', ...K }, 'GetObject', 's3:GetObject', 'b/k'],
    [{ method: 'HEAD', ...K }, 'HeadObject', 's3:GetObject', 'b/k'],
    [{ method: 'PUT', ...K }, 'PutObject', 's3:PutObject', 'b/k'],
    [{ method: 'DELETE', ...K }, 'DeleteObject', 's3:DeleteObject', 'b/k'],
    [{ method: 'GET', ...K, query: 'tagging' }, 'GetObjectTagging', 's3:GetObjectTagging', 'b/k'],
    [
      { method: 'PUT', ...K, query: 'tagging&versionId=1' },
      'PutObjectTagging',
      's3:PutObjectVersionTagging',
      'b/k',
    ],
    [{ method: 'GET', ...K, query: 'acl' }, 'GetObjectAcl', 's3:GetObjectAcl', 'b/k'],
    [
      { method: 'PUT', ...K, query: 'retention&versionId=1' },
      'PutObjectRetention',
      's3:PutObjectRetention',
      'b/k',
    ],
    [{ method: 'POST', ...K, query: 'uploads' }, 'CreateMultipartUpload', 's3:PutObject', 'b/k'],
    [
      { method: 'PUT', ...K, query: 'partNumber=1&uploadId=tagging' },
      'UploadPart',
      's3:PutObject',
      'b/k',
    ],
    [
      { method: 'POST', ...K, query: 'uploadId=x' },
      'CompleteMultipartUpload',
      's3:PutObject',
      'b/k',
    ],
    [
      { method: 'DELETE', ...K, query: 'uploadId=x' },
      'AbortMultipartUpload',
      's3:AbortMultipartUpload',
      'b/k',
    ],
    [
      { method: 'GET', ...K, query: 'max-parts=1&uploadId=x' },
      'ListParts',
      's3:ListMultipartUploadParts',
      'b/k',
    ],
    [
      { method: 'PUT', ...K, copiedFrom: 'a/k' },
      'CopyObject',
      's3:PutObject',
      'b/k, and s3:GetObject on a/k',
    ],
    [
      { method: 'PUT', ...K, query: 'partNumber=1&uploadId=x', copiedFrom: 'a/k' },
      'UploadPartCopy',
      's3:PutObject',
      'b/k, and s3:GetObject on a/k',
    ],
  ])('%o is %s, which needs %s on %s', (request, name, right, resource) => {
    expect(operationOf(request)).toEqual({ name, right, resource });
  });

  it('is known of every document of a bucket, to read and to write', () => {
    for (const { subresource: query } of BUCKET_DOCUMENTS) {
      for (const [method, verb] of [
        ['GET', 'Get'],
        ['PUT', 'Put'],
      ] as const) {
        const { name, right } = operationOf({ method, ...B, query });
        expect(name).toMatch(new RegExp(`^${verb}[A-Z]`));
        expect(right).toMatch(new RegExp(`^s3:${verb}[A-Z]`));
      }
    }
  });

  it('has no right where the table has no such request', () => {
    expect(operationOf({ method: 'POST', ...B, query: 'constructor' })).toEqual({
      name: 'POST',
      right: null,
      resource: 'bucket b',
    });
  });
});
