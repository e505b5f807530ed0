import { describe, expect, it } from 'vitest';
import {
  documentIn,
  documentRefused,
} from '../../../../../src/object-store/s3/wire/bucket-document-answer.js';
import {
  BUCKET_DOCUMENTS,
  type BucketDocumentForm,
  type BucketDocumentKind,
} from '../../../../../src/object-store/bucket-documents.js';

function formOf(kind: BucketDocumentKind): BucketDocumentForm {
  return BUCKET_DOCUMENTS.find((form) => form.kind === kind)!;
}

function answered(kind: BucketDocumentKind, text: string) {
  return documentIn(formOf(kind), Buffer.from(text));
}

const NONE = { state: 'none' };

describe('the documents of a bucket', () => {
  it('have the file names of the backup format', () => {
    expect(BUCKET_DOCUMENTS.map(({ fileName }) => fileName)).toEqual([
      ...['policy.json', 'lifecycle.xml', 'versioning.xml', 'tagging.xml', 'encryption.xml'],
      ...['cors.xml', 'notification.xml', 'object-lock.xml', 'replication.xml'],
    ]);
  });
});

describe('an answer about a document of a bucket', () => {
  it.each<[BucketDocumentKind, string]>([
    ['policy', '{"Version":"2012-10-17"}'],
    ['policy', ' \n{}\n'],
    ['versioning', '<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>'],
    ['tagging', '<Tagging><TagSet><Tag><Key>a</Key><Value></Value></Tag></TagSet></Tagging>'],
    ['lifecycle', '<LifecycleConfiguration><Rule/><Rule/></LifecycleConfiguration>'],
    // Switches a delivery on by being there.
    [
      'notification',
      '<NotificationConfiguration><EventBridgeConfiguration/></NotificationConfiguration>',
    ],
    [
      'cors',
      '<?xml version="1.0"?><!-- <html> --><a:CORSConfiguration><a:CORSRule/></a:CORSConfiguration>',
    ],
  ])('is the document, byte for byte: %s %s', (kind, text) => {
    expect(answered(kind, text)).toEqual({ state: 'captured', content: Buffer.from(text) });
  });

  it('keeps bytes that are not UTF-8', () => {
    const content = Buffer.concat([Buffer.from('{"Id":"'), Buffer.of(0xff), Buffer.from('"}')]);
    expect(documentIn(formOf('policy'), content)).toEqual({ state: 'captured', content });
  });

  it.each<[BucketDocumentKind, string]>([
    ['versioning', '<VersioningConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"/>'],
    ['versioning', '<VersioningConfiguration> \n </VersioningConfiguration>'],
    ['notification', '<NotificationConfiguration></NotificationConfiguration>'],
    ['tagging', '<Tagging><TagSet></TagSet></Tagging>'],
    ['tagging', '<Tagging/>'],
    // Ceph, of a bucket that is not replicated.
    ['replication', '<ReplicationConfiguration><Role></Role></ReplicationConfiguration>'],
    ['lifecycle', '<LifecycleConfiguration/>'],
  ])('is none where the document says nothing: %s %s', (kind, text) => {
    expect(answered(kind, text)).toEqual(NONE);
  });

  it.each<[BucketDocumentKind, string, string]>([
    ['encryption', '<ListBucketResult><Name>b</Name></ListBucketResult>', '<ListBucketResult>'],
    ['policy', '<?xml version="1.0"?><ListBucketResult/>', '<ListBucketResult>'],
    ['cors', '<CORSConfigurationS><CORSRule/></CORSConfigurationS>', '<CORSConfigurationS>'],
    ['policy', '', 'nothing'],
    ['cors', ' \n', 'nothing'],
  ])('shows that the server does not know it: %s %s', (kind, text, shown) => {
    const reason: unknown = expect.stringContaining(`answers with ${shown} instead of `);
    expect(answered(kind, text)).toEqual({ state: 'unsupported', reason });
  });

  it.each<[BucketDocumentKind, string]>([
    ['policy', '[]'],
    ['policy', '"text"'],
    ['policy', '{"Version":'],
    ['policy', '<html><body>Log in</body></html>'],
    ['cors', '<!DOCTYPE html><HTML></HTML>'],
    ['cors', '<HTML></HTML>'],
    ['cors', '{"CORSRules":[]}'],
    ['cors', 'Not Found'],
  ])('is no answer of S3: %s %s', (kind, text) => {
    expect(answered(kind, text)).toBeNull();
  });
});

describe('a refusal to give a document of a bucket', () => {
  it.each<[BucketDocumentKind, string]>([
    ['policy', 'NoSuchBucketPolicy'],
    ['lifecycle', 'NoSuchLifecycleConfiguration'],
    ['tagging', 'NoSuchTagSet'],
    ['tagging', 'NoSuchTagSetError'],
    ['encryption', 'ServerSideEncryptionConfigurationNotFoundError'],
    ['cors', 'NoSuchCORSConfiguration'],
    ['object-lock', 'ObjectLockConfigurationNotFoundError'],
    ['replication', 'ReplicationConfigurationNotFoundError'],
  ])('says that there is none: %s %s', (kind, code) => {
    expect(documentRefused(formOf(kind), code, 404)).toEqual(NONE);
  });

  it.each([
    ['NotImplemented', 501],
    ['MethodNotAllowed', 405],
    ['NotImplemented', 400],
    ['SomethingElse', 501],
  ])('says that the server does not know it: %s with %i', (code, status) => {
    const reason = `the server answers ${code}`;
    expect(documentRefused(formOf('cors'), code, status)).toEqual({ state: 'unsupported', reason });
  });

  it.each([
    ['NoSuchBucket', 404],
    ['NoSuchKey', 404],
    ['NoSuchTagSet', 404],
    ['AccessDenied', 403],
    ['SlowDown', 503],
    ['InternalError', 500],
  ])('is a failure: %s with %i', (code, status) => {
    expect(documentRefused(formOf('cors'), code, status)).toBeNull();
  });
});
