import { once } from 'node:events';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openMinioStore } from '../../src/object-store/s3/s3-store.js';
import type { ObjectStore } from '../../src/object-store/port.js';
import {
  isUnexpectedAnswer,
  whyUnreadable,
  withRetries,
} from '../../src/object-store/retry/retry.js';

/** Answers that no server of the tests gives, but others do: what the object store makes of them. */

const MODIFIED = { 'last-modified': 'Tue, 24 Nov 2026 03:28:12 GMT', etag: 'W/"abc"' };
const MIB = 1024 * 1024;

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

let server: http.Server;
let store: ObjectStore;
let answer: Answer;
let requests: IncomingMessage[] = [];

beforeAll(async () => {
  server = http.createServer((request, response) => {
    requests.push(request);
    request.resume();
    answer(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const address = { endpoint: '127.0.0.1', port, useTls: false };
  const bare = openMinioStore({ ...address, accessKey: 'a', secretKey: 'b' });
  store = withRetries(bare, { baseDelayMs: 1, attempts: 12 });
});

beforeEach(() => {
  requests = [];
});

afterAll(() => {
  store.close();
  server.closeAllConnections();
  server.close();
});

const says =
  (status: number, body: string, headers: http.OutgoingHttpHeaders = {}): Answer =>
  (_, response) =>
    void response.writeHead(status, headers).end(body);

const error = (status: number, code: string, message = ''): Answer =>
  says(status, `<Error><Code>${code}</Code><Message>${message}</Message></Error>`);

/** A body that never ends: whoever reads all of it runs out of memory. */
const endless =
  (begin: string, status = 200): Answer =>
  (_, response) => {
    response.writeHead(status).write(begin);
    const chunk = Buffer.alloc(MIB, ' ');
    const more = (): void => {
      while (!response.destroyed && response.write(chunk));
      if (!response.destroyed) response.once('drain', more);
    };
    more();
  };

const failureOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => undefined,
    (failure: unknown) => failure,
  );

describe('an answer of the wrong shape', () => {
  it.each([
    ['a page of a listing', () => store.listPage('b'), 'ListObjectsV2', 'b: ListObjectsV2: '],
    ['tags', () => store.getObjectTags('b', 'k'), 'GetObjectTagging', 'b/k: GetObjectTagging: '],
    ['the list of buckets', () => store.listBuckets(), 'ListBuckets', 'ListBuckets: '],
    ['a document', () => store.readBucketDocument('b', 'cors'), 'GetBucketCors', 'b: GetBucket'],
    ['an ACL', () => store.getObjectAcl('b', 'k'), 'GetObjectAcl', 'b/k: GetObjectAcl: '],
  ] as const)(
    'for %s is asked for once more, and is no outage',
    async (_, work, operation, place) => {
      answer = says(200, '<html><body>Welcome</body></html>');
      const failure = await failureOf(work());
      expect(isUnexpectedAnswer(failure)).toBe(true);
      expect(failure).toMatchObject({
        message: expect.stringContaining(place) as unknown,
        request: { operation, status: 200, code: 'UnexpectedAnswer' },
      });
      expect(requests).toHaveLength(2);
    },
  );

  it.each([
    ['a page of a listing', () => store.listPage('b'), '<ListBucketResult>', '32 MiB'],
    ['the list of buckets', () => store.listBuckets(), '<ListAllMyBucketsResult>', '16 MiB'],
    ['tags', () => store.getObjectTags('b', 'k'), '<Tagging>', '16 MiB'],
    ['a document', () => store.readBucketDocument('b', 'policy'), '{', '16 MiB'],
    ['uploads', () => store.listMultipartUploads('b', ''), '<ListMultipart', '32 MiB'],
  ] as const)('for %s that never ends is given up at its limit', async (_, work, begin, limit) => {
    answer = endless(begin);
    const failure = await failureOf(work());
    expect(failure).toMatchObject({
      code: 'refused',
      message: expect.stringContaining(`more than ${limit}`) as unknown,
      request: { status: 200, code: 'AnswerTooLarge' },
    });
    expect(isUnexpectedAnswer(failure)).toBe(true);
    expect(requests).toHaveLength(1);
  });

  it('to an error that never ends is the error of its status', async () => {
    answer = endless('<html>', 402);
    expect(await failureOf(store.listPage('b'))).toMatchObject({
      code: 'refused',
      request: { operation: 'ListObjectsV2', status: 402, code: 'PaymentRequired' },
    });
  });
});

describe('the region of a bucket', () => {
  it.each([
    [
      'nested, as SeaweedFS has it',
      says(
        200,
        '<CreateBucketConfiguration><LocationConstraint>eu</LocationConstraint></CreateBucketConfiguration>',
      ),
      'eu',
    ],
    ['empty', says(200, ''), null],
    ['a page', says(200, '<html></html>'), null],
    ['refused', error(403, 'AccessDenied'), null],
    ['not implemented', error(501, 'NotImplemented'), null],
    ['without end', endless('<LocationConstraint>'), null],
  ])('is taken, or is unknown, where it is %s', async (_, answers, region) => {
    answer = answers;
    expect(await store.bucketRegion('b')).toBe(region);
    expect(requests).toHaveLength(1);
  });

  it('is none of a bucket that is gone', async () => {
    answer = error(404, 'NoSuchBucket');
    await expect(store.bucketRegion('b')).rejects.toMatchObject({ code: 'not_found' });
  });
});

describe('an object without Content-Length', () => {
  const chunked =
    (body: string): Answer =>
    (_, response) => {
      response.writeHead(200, MODIFIED).write(body.slice(0, 2));
      response.end(body.slice(2));
    };
  const read = async (expectedBytes?: number): Promise<string> => {
    const { head, body } = await store.getObject('b', 'k', { expectedBytes });
    expect(head).toMatchObject({ sizeBytes: expectedBytes, etag: 'abc' });
    return Buffer.concat(await body.toArray()).toString();
  };

  it('is taken where it is as long as listed', async () => {
    answer = chunked('hello');
    expect(await read(5)).toBe('hello');
    const whole = await store.readObject('b', 'k', { maxBytes: 10, expectedBytes: 5 });
    expect(whole).toMatchObject({ head: { sizeBytes: 5, etag: 'abc' } });
    expect(whole.content?.toString()).toBe('hello');
  });

  it('is as long as it is where nobody knows', async () => {
    answer = chunked('hello');
    const { head } = await store.readObject('b', 'k', { maxBytes: 10 });
    expect(head.sizeBytes).toBe(5);
  });

  it.each([4, 6])('fails where %i bytes are listed and five come', async (expectedBytes) => {
    answer = chunked('hello');
    const damaged = { code: 'damaged', request: { operation: 'GetObject', status: 200 } };
    await expect(read(expectedBytes)).rejects.toMatchObject(damaged);
    const whole = store.readObject('b', 'k', { maxBytes: 10, expectedBytes });
    await expect(whole).rejects.toMatchObject(damaged);
  });

  it('is looked at with the size that is listed', async () => {
    answer = (_, response) =>
      void response.writeHead(200, { ...MODIFIED, 'transfer-encoding': 'chunked' }).end();
    expect((await store.headObject('b', 'k', { expectedBytes: 7 })).sizeBytes).toBe(7);
    expect(isUnexpectedAnswer(await failureOf(store.headObject('b', 'k')))).toBe(true);
  });

  it('is requested as it is stored', async () => {
    answer = chunked('hello');
    await read(5);
    await store.readObject('b', 'k', { maxBytes: 10 });
    for (const { headers } of requests) {
      expect(headers['accept-encoding']).toBe('identity');
      expect(headers.authorization).not.toContain('accept-encoding');
    }
  });
});

describe('a listing without tokens', () => {
  it('is read to its end', async () => {
    const keys = 'abcde'.split('');
    answer = ({ url = '' }, response) => {
      const after = new URL(url, 'http://s').searchParams.get('start-after') ?? '';
      const left = keys.filter((key) => key > after);
      const entries = left
        .slice(0, 2)
        .map(
          (key) =>
            `<Contents><Key>${key}</Key><LastModified>2026-01-01T00:00:00Z</LastModified><Size>0</Size></Contents>`,
        );
      response.end(
        `<ListBucketResult><IsTruncated>${left.length > 2}</IsTruncated>${entries.join('')}</ListBucketResult>`,
      );
    };
    const found: string[] = [];
    for await (const page of store.listObjects('b')) found.push(...page.map(({ key }) => key));
    expect(found).toEqual(keys);
    expect(requests).toHaveLength(3);
  });
});

describe('a request', () => {
  it.each(['fgb?x', 'a/b', '..', '', 'a\nb'])('to the bucket %j is never sent', async (bucket) => {
    answer = error(500, 'InternalError');
    for (const work of [
      () => store.listPage(bucket),
      () => store.createBucket(bucket),
      () => store.readObject(bucket, 'k', { maxBytes: 1 }),
      () => store.deleteBucket(bucket),
    ]) {
      expect(await failureOf(work())).toMatchObject({ code: 'refused' });
    }
    expect(requests).toHaveLength(0);
  });

  it('for an object without a name is none to its bucket', async () => {
    expect(await failureOf(store.deleteObject('b', ''))).toMatchObject({ code: 'refused' });
    expect(requests).toHaveLength(0);
  });

  it('for an object of a client’s key says so, whichever way it is read', async () => {
    answer = error(
      400,
      'InvalidRequest',
      'The object was stored using a form of Server Side Encryption.',
    );
    const whole = await failureOf(store.readObject('b', 'k', { maxBytes: 1 }));
    const opened = await failureOf(store.getObject('b', 'k'));
    expect([whyUnreadable(whole), whyUnreadable(opened)]).toEqual(['client-key', 'client-key']);
  });

  it('does without checksums where the server refuses to be asked for them', async () => {
    const refuse = error(501, 'NotImplemented');
    answer = (request, response) => {
      if (request.headers['x-amz-checksum-mode'] === undefined)
        response.writeHead(200, { ...MODIFIED, 'content-length': 1 }).end('x');
      else refuse(request, response);
    };
    const { content } = await store.readObject('b', 'k', { maxBytes: 1 });
    expect(content?.toString()).toBe('x');
    expect(requests).toHaveLength(2);
    await store.headObject('b', 'k');
    expect(requests).toHaveLength(3);
  });
});
