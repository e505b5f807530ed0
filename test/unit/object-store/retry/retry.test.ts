import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { MangamotionError } from '../../../../src/errors.js';
import type {
  GetOptions,
  ObjectHead,
  ObjectStore,
  RequestOptions,
} from '../../../../src/object-store/port.js';
import {
  isObjectChanged,
  isUnexpectedAnswer,
  withRetries,
  type Retry,
} from '../../../../src/object-store/retry/retry.js';
import { notS3, S3ResponseError } from '../../../../src/object-store/store-errors.js';

const BYTES = Buffer.from('0123456789abcdefghij');
const HEAD: ObjectHead = {
  sizeBytes: BYTES.length,
  ...{ etag: 'v1', lastModified: '2026-01-01T00:00:00.000Z', versionId: null },
  ...{ headers: {}, metadata: {}, tagCount: 0, etagIsMd5: false },
  ...{ retention: null, legalHold: false },
  ...{ missingMetadata: 0, encryption: null, storageClass: null, checksums: {} },
};

const unreachable = (): MangamotionError => new MangamotionError('unreachable', 'the line is cut');
const changed = (): MangamotionError =>
  new MangamotionError('not_found', 'not that one', {
    cause: new S3ResponseError('PreconditionFailed', 412, ''),
  });

/** A store of which only what the test needs is there. */
function storeOf(methods: Partial<ObjectStore>): ObjectStore {
  return { endpoint: 'http://test', ...methods } as ObjectStore;
}

/** Bodies that break after so many bytes each, the last not at all. */
function breakingStore(breaks: (number | Error)[]) {
  const asked: GetOptions[] = [];
  const getObject: ObjectStore['getObject'] = (_bucket, _key, options = {}) => {
    const plan = breaks[asked.push(options) - 1];
    if (plan instanceof Error) return Promise.reject(plan);
    const { start = 0, end = BYTES.length } = options.range ?? {};
    const bytes = BYTES.subarray(start, end);
    const body = Readable.from(
      (function* () {
        for (let at = 0; at < (plan ?? bytes.length); at += 1) yield bytes.subarray(at, at + 1);
        if (plan !== undefined) throw unreachable();
      })(),
    );
    return Promise.resolve({ head: HEAD, body });
  };
  return { asked, store: storeOf({ getObject }) };
}

/** Waits in no time, and remembers for how long it should have. */
function patience() {
  const delays: number[] = [];
  const retries: Retry[] = [];
  return {
    delays,
    retries,
    policy: {
      sleep: (delayMs: number) => Promise.resolve(void delays.push(delayMs)),
      random: () => 1,
      onRetry: (retry: Retry) => void retries.push(retry),
    },
  };
}

async function read(store: ObjectStore, options: GetOptions = {}): Promise<string> {
  const { body } = await store.getObject('bucket', 'key', options);
  return Buffer.concat(await body.toArray()).toString();
}

const VERSION = { key: 'k', versionId: 'v' };
const SOURCE = { bucket: 'a', key: 'k', etag: 'e' };
const RETENTION = { mode: 'GOVERNANCE', until: '2099-01-01T00:00:00.000Z' } as const;
const CONTENT = { sizeBytes: 0, sha256: '', open: () => [] };

type Call = (store: ObjectStore, options: RequestOptions) => Promise<unknown>;
type Method = Exclude<
  keyof ObjectStore,
  'endpoint' | 'readers' | 'clockAheadMs' | 'listObjects' | 'close' | 'deleteObjects'
>;

const CALLS: Record<Exclude<Method, 'getObject'>, Call> = {
  listBuckets: (store, options) => store.listBuckets(options),
  bucketExists: (store, options) => store.bucketExists('b', options),
  bucketRegion: (store, options) => store.bucketRegion('b', options),
  createBucket: (store, options) => store.createBucket('b', options),
  deleteBucket: (store, options) => store.deleteBucket('b', options),
  readBucketDocument: (store, options) => store.readBucketDocument('b', 'cors', options),
  writeBucketDocument: (store, options) =>
    store.writeBucketDocument('b', 'cors', Buffer.alloc(0), options),
  listPage: (store, options) => store.listPage('b', options),
  headObject: (store, options) => store.headObject('b', 'k', options),
  readObject: (store, options) => store.readObject('b', 'k', { maxBytes: 1, ...options }),
  putObject: (store, options) => store.putObject('b', 'k', CONTENT, options),
  copyObject: (store, options) => store.copyObject(SOURCE, 'b', 'k', options),
  deleteObject: (store, options) => store.deleteObject('b', 'k', options),
  listVersionPage: (store, options) => store.listVersionPage('b', options),
  listVersions: (store, options) => store.listVersions('b', 'p', options),
  deleteVersion: (store, options) => store.deleteVersion('b', VERSION, options),
  deleteVersionInBulk: (store, options) => store.deleteVersionInBulk('b', VERSION, options),
  getObjectTags: (store, options) => store.getObjectTags('b', 'k', options),
  getObjectLock: (store, options) => store.getObjectLock('b', 'k', options),
  getRetention: (store, options) => store.getRetention('b', 'k', options),
  putRetention: (store, options) => store.putRetention('b', 'k', RETENTION, options),
  getObjectAcl: (store, options) => store.getObjectAcl('b', 'k', options),
  putObjectAcl: (store, options) => store.putObjectAcl('b', 'k', '', options),
  createMultipartUpload: (store, options) => store.createMultipartUpload('b', 'k', options),
  uploadPart: (store, options) => store.uploadPart('b', 'k', 'id', 1, CONTENT, options),
  copyPart: (store, options) =>
    store.copyPart(
      { bucket: 'b', key: 'k', uploadId: 'id', partNumber: 1 },
      SOURCE,
      { start: 0, end: 1 },
      options,
    ),
  listParts: (store, options) => store.listParts('b', 'k', 'id', options),
  completeMultipartUpload: (store, options) =>
    store.completeMultipartUpload('b', 'k', 'id', [], options),
  abortMultipartUpload: (store, options) => store.abortMultipartUpload('b', 'k', 'id', options),
  listMultipartUploads: (store, options) => store.listMultipartUploads('b', 'prefix', options),
};

describe('every method', () => {
  it.each(Object.entries(CALLS))(
    'is tried again with what it was given: %s',
    async (name, call) => {
      const { delays, policy } = patience();
      const given: unknown[][] = [];
      const method = (...received: unknown[]) => {
        given.push(received);
        return given.length % 3 > 0 ? Promise.reject(unreachable()) : Promise.resolve('done');
      };
      const bare = storeOf({ [name]: method });
      expect(await call(withRetries(bare, policy), {})).toBe('done');
      expect(delays).toHaveLength(2);
      await call(bare, {}).catch(() => undefined);
      const [first, second, third, asCalled] = given;
      expect([first, second, third]).toEqual([asCalled, asCalled, asCalled]);
    },
  );

  it.each(Object.entries(CALLS))('is sent as often as its options say: %s', async (name, call) => {
    let calls = 0;
    const method = () => {
      calls += 1;
      return Promise.reject(unreachable());
    };
    const store = withRetries(storeOf({ [name]: method }), patience().policy);
    await expect(call(store, { attempts: 2 })).rejects.toMatchObject({ code: 'unreachable' });
    expect(calls).toBe(2);
  });
});

describe('a request', () => {
  it('that fails is sent again after delays that double, up to the longest', async () => {
    const { delays, retries, policy } = patience();
    let calls = 0;
    const headObject = () => (++calls < 9 ? Promise.reject(unreachable()) : Promise.resolve(HEAD));
    const store = withRetries(storeOf({ headObject }), { ...policy, attempts: 9 });
    expect(await store.headObject('b', 'k')).toBe(HEAD);
    expect(delays).toEqual([200, 400, 800, 1600, 3200, 6400, 10_000, 10_000]);
    expect(retries.map((retry) => retry.attempt)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });

  it('waits a random part of the delay', async () => {
    const { delays, policy } = patience();
    const headObject = () => Promise.reject(unreachable());
    const store = withRetries(storeOf({ headObject }), { ...policy, random: () => 0.25 });
    await expect(store.headObject('b', 'k')).rejects.toThrow();
    expect(delays).toEqual([50, 100, 200, 400, 800]);
  });

  it('is given up after six attempts, with the last failure in the message', async () => {
    const { delays, policy } = patience();
    const cause = new Error('deep down');
    const failure = new MangamotionError('unreachable', 'no answer', { hint: 'look', cause });
    const store = withRetries(storeOf({ listBuckets: () => Promise.reject(failure) }), policy);
    const given = {
      ...{ code: 'unreachable', hint: 'look', cause },
      message: 'no answer (gave up after 6 attempts)',
    };
    await expect(store.listBuckets()).rejects.toMatchObject(given);
    expect(delays).toHaveLength(5);
  });

  it('is sent as often as its caller says', async () => {
    const { delays, policy } = patience();
    const store = withRetries(
      storeOf({ bucketExists: () => Promise.reject(unreachable()) }),
      policy,
    );
    await expect(store.bucketExists('b', { attempts: 2 })).rejects.toThrow('after 2 attempts');
    expect(delays).toHaveLength(1);
    const never = breakingStore([unreachable(), unreachable(), unreachable()]);
    const reading = withRetries(never.store, policy).getObject('b', 'k', { attempts: 2 });
    await expect(reading).rejects.toThrow('after 2 attempts');
  });

  it.each(['access_denied', 'not_found', 'refused', 'damaged'] as const)(
    'that ends with %s is not sent again',
    async (code) => {
      const { delays, policy } = patience();
      const failure = new MangamotionError(code, 'no');
      const store = withRetries(storeOf({ listBuckets: () => Promise.reject(failure) }), policy);
      await expect(store.listBuckets()).rejects.toBe(failure);
      expect(delays).toEqual([]);
    },
  );

  it.each(['CERT_HAS_EXPIRED', 'DEPTH_ZERO_SELF_SIGNED_CERT', 'EPROTO', 'HPE_INVALID_CONSTANT'])(
    'is not sent again where no patience helps: %s',
    async (code) => {
      const { delays, policy } = patience();
      const cause = Object.assign(new Error('no'), { code });
      const failure = new MangamotionError('unreachable', 'no', { cause });
      const store = withRetries(storeOf({ listBuckets: () => Promise.reject(failure) }), policy);
      await expect(store.listBuckets()).rejects.toBe(failure);
      expect(delays).toEqual([]);
    },
  );

  it('is sent once more where the answer is none of S3, among failures that pass', async () => {
    const { delays, policy } = patience();
    const request = { method: 'GET', bucket: 'b', key: 'k' } as const;
    const odd = () => notS3('with no Tagging', { endpoint: 'http://s', request });
    const failures = [unreachable(), odd(), unreachable(), odd(), unreachable()];
    let calls = 0;
    const getObjectTags = () => Promise.reject(failures[calls++] ?? new Error('too many'));
    const store = withRetries(storeOf({ getObjectTags }), { ...policy, attempts: 12 });
    const given: unknown = await store.getObjectTags('b', 'k').catch((error: unknown) => error);
    expect(given).toMatchObject({
      code: 'unreachable',
      request: { operation: 'GetObject', status: 200, code: 'UnexpectedAnswer' },
    });
    expect(isUnexpectedAnswer(given)).toBe(true);
    expect(delays).toHaveLength(3);
  });

  it('keeps what is known of the request when it is given up', async () => {
    const { policy } = patience();
    const request = { operation: 'HeadObject', status: 503, code: 'SlowDown' };
    const failure = new MangamotionError('unreachable', 'no', { request });
    const store = withRetries(storeOf({ headObject: () => Promise.reject(failure) }), policy);
    await expect(store.headObject('b', 'k')).rejects.toMatchObject({ request });
  });

  it('is a bug’s own where it is one', async () => {
    const bug = new TypeError('undefined is not a function');
    const store = withRetries(storeOf({ listBuckets: () => Promise.reject(bug) }));
    await expect(store.listBuckets()).rejects.toBe(bug);
  });

  it('stops waiting the moment the signal is aborted', async () => {
    const controller = new AbortController();
    const store = withRetries(storeOf({ headObject: () => Promise.reject(unreachable()) }), {
      baseDelayMs: 60_000,
      maxDelayMs: 60_000,
      random: () => 1,
    });
    const { signal } = controller;
    const waiting = Array.from({ length: 20 }, () => store.headObject('b', 'k', { signal }));
    setTimeout(() => controller.abort(new Error('enough')), 10);
    for (const outcome of await Promise.allSettled(waiting)) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { message: 'enough' } });
    }
  });

  it('opens the content anew for each attempt', async () => {
    const { policy } = patience();
    let opened = 0;
    const content = { sizeBytes: 0, sha256: '', open: () => (opened++, []) };
    const putObject: ObjectStore['putObject'] = (_bucket, _key, { open }) => {
      open();
      const stored = { etag: 'e', versionId: null };
      return opened < 3 ? Promise.reject(unreachable()) : Promise.resolve(stored);
    };
    await withRetries(storeOf({ putObject }), policy).putObject('b', 'k', content);
    expect(opened).toBe(3);
  });
});

describe('a body', () => {
  it('goes on from the byte where it broke', async () => {
    const { policy } = patience();
    const { asked, store } = breakingStore([3, 0, 9, 1]);
    expect(await read(withRetries(store, policy))).toBe(BYTES.toString());
    expect(asked.slice(1)).toMatchObject([
      { range: { start: 3 }, ifMatch: 'v1' },
      { range: { start: 3 }, ifMatch: 'v1' },
      { range: { start: 12 }, ifMatch: 'v1' },
      { range: { start: 13 }, ifMatch: 'v1' },
    ]);
  });

  it('goes on within the range that was asked for', async () => {
    const { policy } = patience();
    const { asked, store } = breakingStore([2, 4]);
    const range = { start: 5, end: 15 };
    expect(await read(withRetries(store, policy), { range })).toBe('56789abcde');
    expect(asked.map((options) => options.range)).toEqual([
      range,
      { start: 7, end: 15 },
      { start: 11, end: 15 },
    ]);
  });

  it('needs no further request when it breaks behind its last byte', async () => {
    const { policy } = patience();
    const { asked, store } = breakingStore([BYTES.length]);
    expect(await read(withRetries(store, policy))).toBe(BYTES.toString());
    expect(asked).toHaveLength(1);
  });

  it('may break any number of times as long as it gets on', async () => {
    const { delays, policy } = patience();
    const { store } = breakingStore(Array<number>(19).fill(1));
    expect(await read(withRetries(store, policy))).toBe(BYTES.toString());
    expect(delays).toEqual(Array(19).fill(200));
  });

  it('is given up when it does not get on', async () => {
    const { delays, policy } = patience();
    const { store } = breakingStore([3, ...Array.from({ length: 9 }, unreachable)]);
    await expect(read(withRetries(store, policy))).rejects.toThrow(/cut \(gave up after 6/);
    expect(delays).toHaveLength(5);
  });

  it('says so when another object has taken the place', async () => {
    const { policy } = patience();
    const { store } = breakingStore([3, changed()]);
    const error: unknown = await read(withRetries(store, policy)).catch(
      (reason: unknown) => reason,
    );
    expect(isObjectChanged(error)).toBe(true);
    expect(isObjectChanged(unreachable())).toBe(false);
  });

  it('is left alone when its reader leaves', async () => {
    const { policy } = patience();
    const { asked, store } = breakingStore([1, 1]);
    const { body } = await withRetries(store, policy).getObject('b', 'k');
    body.destroy();
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(asked).toHaveLength(1);
  });

  it('that fails before anybody reads it tells the one who comes to read', async () => {
    const { policy } = patience();
    const { store } = breakingStore([0, new MangamotionError('access_denied', 'no more')]);
    const { body } = await withRetries(store, policy).getObject('b', 'k');
    body.read();
    await new Promise((resolve) => setTimeout(resolve, 20));
    await expect(body.toArray()).rejects.toThrow('no more');
  });
});

describe('a listing', () => {
  it('asks for a page again by its token', async () => {
    const { policy } = patience();
    const asked: (string | undefined)[] = [];
    const object = (key: string) => ({ key, sizeBytes: 0, etag: '', lastModified: '' });
    const listPage: ObjectStore['listPage'] = (_bucket, { token } = {}) => {
      asked.push(token);
      if (asked.length % 2 === 1) return Promise.reject(unreachable());
      return Promise.resolve({
        objects: [object(token ?? 'first')],
        nextToken: token === undefined ? 'second' : null,
      });
    };
    const keys: string[] = [];
    for await (const page of withRetries(storeOf({ listPage }), policy).listObjects('b')) {
      keys.push(...page.map(({ key }) => key));
    }
    expect(keys).toEqual(['first', 'second']);
    expect(asked).toEqual([undefined, undefined, 'second', 'second']);
  });
});
