import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  BUCKET_DOCUMENTS,
  type BucketDocumentKind,
} from '../../../src/object-store/bucket-documents.js';
import type { ObjectStore } from '../../../src/object-store/port.js';
import { startFaultyProxy, type FaultyProxy } from '../../helpers/faulty-proxy.js';
import {
  addressOf,
  contentOf,
  freshBucket,
  freshBucketName,
  removeBucket,
} from '../../helpers/test-store.js';
import type { Implementation } from './context.js';
import { freshLockedBucket, removeLockedBucket } from './locked-buckets.js';

const XMLNS = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"';
const KINDS = BUCKET_DOCUMENTS.map(({ kind }) => kind);

/** One of each that a server with nothing around it (no keys, no topics, no peers) could take. */
function sampleOf(kind: BucketDocumentKind, bucket: string): string {
  const samples: Record<BucketDocumentKind, string> = {
    policy: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":["*"]},"Action":["s3:GetObject"],"Resource":["arn:aws:s3:::${bucket}/*"]}]}`,
    lifecycle: `<LifecycleConfiguration ${XMLNS}><Rule><ID>tidy &amp; clean é</ID><Filter><Prefix>tmp/</Prefix></Filter><Status>Enabled</Status><Expiration><Days>30</Days></Expiration></Rule></LifecycleConfiguration>`,
    versioning: `<VersioningConfiguration ${XMLNS}><Status>Suspended</Status></VersioningConfiguration>`,
    tagging: `<Tagging ${XMLNS}><TagSet><Tag><Key>team</Key><Value>manga motion</Value></Tag></TagSet></Tagging>`,
    encryption: `<ServerSideEncryptionConfiguration ${XMLNS}><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm></ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>`,
    cors: `<CORSConfiguration ${XMLNS}><CORSRule><AllowedMethod>GET</AllowedMethod><AllowedOrigin>https://manga.example</AllowedOrigin></CORSRule></CORSConfiguration>`,
    notification: `<NotificationConfiguration ${XMLNS}><TopicConfiguration><Id>x</Id><Topic>arn:aws:sns:default::nowhere</Topic><Event>s3:ObjectCreated:*</Event></TopicConfiguration></NotificationConfiguration>`,
    'object-lock': `<ObjectLockConfiguration ${XMLNS}><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><DefaultRetention><Mode>GOVERNANCE</Mode><Days>1</Days></DefaultRetention></Rule></ObjectLockConfiguration>`,
    replication: `<ReplicationConfiguration ${XMLNS}><Role></Role><Rule><ID>r</ID><Status>Enabled</Status><Priority>1</Priority><DeleteMarkerReplication><Status>Disabled</Status></DeleteMarkerReplication><Filter><Prefix></Prefix></Filter><Destination><Bucket>arn:aws:s3:::elsewhere</Bucket></Destination></Rule></ReplicationConfiguration>`,
  };
  return samples[kind];
}

/** A document that names what is nowhere is refused by every server. */
const NAMES_OTHERS: BucketDocumentKind[] = ['notification', 'replication'];

/** What the servers cannot do: not known at all, or known and not to be had. */
const UNKNOWN = { rgw: ['encryption'], minio: [], other: [] } as Record<string, string[]>;
const REFUSED = { rgw: [], minio: ['encryption', 'cors'], other: [] } as Record<string, string[]>;

export function describeBucketDocuments({ open, retries, flavour }: Implementation): void {
  const isUnknown = (kind: string) => UNKNOWN[flavour]?.includes(kind) === true;
  const isTaken = (kind: BucketDocumentKind) =>
    !NAMES_OTHERS.includes(kind) && !isUnknown(kind) && REFUSED[flavour]?.includes(kind) !== true;

  describe('documents of a bucket', () => {
    let store: ObjectStore;
    let bucket: string;
    let locked: string;
    /** Deletions leave markers in a bucket that ever had versions. */
    let empty: string;
    beforeAll(async () => {
      store = open();
      bucket = await freshBucket(store);
      locked = await freshLockedBucket(store);
      empty = await freshBucket(store);
      // A listing, which is what some servers answer, is not told from a document by being empty.
      await store.putObject(bucket, 'key', contentOf('x'));
    });
    afterAll(async () => {
      await removeBucket(store, bucket);
      await removeLockedBucket(locked);
      await removeBucket(store, empty);
      store.close();
    });

    const placeOf = (kind: BucketDocumentKind) =>
      kind === 'object-lock' ? locked : kind === 'versioning' ? empty : bucket;

    it.each(KINDS)('are none before there are any, or unknown: %s', async (kind) => {
      const document = await store.readBucketDocument(bucket, kind);
      if (isUnknown(kind)) {
        const reason: unknown = expect.stringContaining('<ListBucketResult>');
        expect(document).toEqual({ state: 'unsupported', reason });
      } else {
        expect(document).toEqual({ state: 'none' });
      }
    });

    it.each(KINDS.filter(isTaken))('go back as they came: %s', async (kind) => {
      const written = Buffer.from(sampleOf(kind, bucket));
      await store.writeBucketDocument(placeOf(kind), kind, written);
      const first = await store.readBucketDocument(placeOf(kind), kind);
      expect(first).toMatchObject({ state: 'captured' });
      const content = first.state === 'captured' ? first.content : Buffer.alloc(0);
      await store.writeBucketDocument(placeOf(kind), kind, content);
      expect(await store.readBucketDocument(placeOf(kind), kind)).toEqual(first);
    });

    it.each(KINDS.filter((kind) => !isTaken(kind)))(
      'are refused where the server cannot have them, and change nothing: %s',
      async (kind) => {
        const before = await store.readBucketDocument(bucket, kind);
        const write = store.writeBucketDocument(bucket, kind, Buffer.from(sampleOf(kind, bucket)));
        await expect(write).rejects.toMatchObject({ code: 'refused' });
        expect(await store.readBucketDocument(bucket, kind)).toEqual(before);
      },
    );

    it('are refused where the bucket cannot have them: a lock for one that has none', async () => {
      const lock = Buffer.from(sampleOf('object-lock', bucket));
      const write = store.writeBucketDocument(bucket, 'object-lock', lock);
      await expect(write).rejects.toMatchObject({ code: 'refused' });
    });

    it.each<[BucketDocumentKind, string]>([
      ['policy', '{"Statement": 7}'],
      ['lifecycle', '<LifecycleConfiguration><Nonsense/></LifecycleConfiguration>'],
      ['lifecycle', 'no XML at all'],
      ['versioning', 'no XML at all'],
      ['tagging', '<Tagging><TagSet><Tag>'],
    ])('are refused where they make no sense: %s of %s', async (kind, nonsense) => {
      const before = await store.readBucketDocument(bucket, kind);
      const write = store.writeBucketDocument(bucket, kind, Buffer.from(nonsense));
      await expect(write).rejects.toMatchObject({ code: 'refused' });
      expect(await store.readBucketDocument(bucket, kind)).toEqual(before);
    });

    it.each(KINDS)('of a bucket that is not there are not found: %s', async (kind) => {
      const missing = freshBucketName();
      const gone = { code: 'not_found' };
      await expect(store.readBucketDocument(missing, kind)).rejects.toMatchObject(gone);
      const content = Buffer.from(sampleOf(kind, missing));
      await expect(store.writeBucketDocument(missing, kind, content)).rejects.toMatchObject(gone);
      expect(await store.bucketExists(missing)).toBe(false);
    });
  });

  describe('documents of a bucket, over a bad connection', () => {
    let store: ObjectStore;
    let proxy: FaultyProxy;
    beforeAll(async () => {
      proxy = await startFaultyProxy(process.env.TEST_S3_ENDPOINT ?? '');
      store = open(addressOf(proxy.endpoint));
    });
    beforeEach(() => {
      proxy.requests.length = 0;
    });
    afterAll(async () => {
      store.close();
      await proxy.close();
    });

    it('come byte for byte as they were sent', async () => {
      const body =
        '\ufeff<?xml version="1.0"?>\r\n<!-- a > b -->\n<s3:CORSConfiguration xmlns:s3="x">\r\n\t<s3:CORSRule>é &#233; </s3:CORSRule></s3:CORSConfiguration>\n\n';
      proxy.setPlan(() => ({ kind: 'answer', status: 200, body }));
      const document = await store.readBucketDocument('any', 'cors');
      expect(document).toEqual({ state: 'captured', content: Buffer.from(body) });
    });

    it('are not what somebody else answers', async () => {
      const body = '<!DOCTYPE html><html><body>Welcome to nginx</body></html>';
      proxy.setPlan(() => ({ kind: 'answer', status: 200, body }));
      const read = store.readBucketDocument('any', 'cors');
      const message: unknown = expect.stringContaining('no cors.xml');
      await expect(read).rejects.toMatchObject({ code: 'unreachable', message });
    });

    it('are not none where the server does not say', async () => {
      proxy.setPlan(() => ({ kind: 'answer', status: 403, code: 'AccessDenied' }));
      const read = store.readBucketDocument('any', 'policy');
      await expect(read).rejects.toMatchObject({ code: 'access_denied' });
      proxy.setPlan(() => ({ kind: 'answer', status: 404, code: 'NoSuchKey' }));
      const other = store.readBucketDocument('any', 'policy');
      await expect(other).rejects.toMatchObject({ code: 'not_found' });
    });

    it.each([
      [501, 'NotImplemented'],
      [405, 'MethodNotAllowed'],
    ])('are unknown where the server says %i', async (status, code) => {
      proxy.setPlan(() => ({ kind: 'answer', status, code }));
      const document = await store.readBucketDocument('any', 'replication');
      expect(document).toEqual({ state: 'unsupported', reason: `the server answers ${code}` });
    });

    it('are not sent to a server that does not know them', async () => {
      const body = '<ListBucketResult><Name>any</Name></ListBucketResult>';
      proxy.setPlan(() => ({ kind: 'answer', status: 200, body }));
      const write = store.writeBucketDocument('any', 'cors', Buffer.from('<CORSConfiguration/>'));
      const message: unknown = expect.stringContaining('does not accept cors.xml');
      await expect(write).rejects.toMatchObject({ code: 'refused', message });
      expect(proxy.requests.map(({ method }) => method)).toEqual(['GET']);
    });

    it('are asked for again', async () => {
      const body = '<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>';
      proxy.setPlan(({ index }) =>
        index < 2 ? { kind: 'refuse' } : { kind: 'answer', status: 200, body },
      );
      const read = store.readBucketDocument('any', 'tagging');
      if (retries) expect(await read).toMatchObject({ state: 'captured' });
      else await expect(read).rejects.toMatchObject({ code: 'unreachable' });
    });
  });
}
