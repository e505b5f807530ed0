import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ObjectStore } from '../../../src/object-store/port.js';
import { startFaultyProxy, type FaultyProxy } from '../../helpers/faulty-proxy.js';
import {
  addressOf,
  contentOf,
  freshBucket,
  freshBucketName,
  inParallel,
  removeBucket,
} from '../../helpers/test-store.js';
import type { Implementation } from './context.js';

/** In each pair the second is what is left of the first where a reader folds, trims or unescapes. */
const KEYS_AND_NEIGHBOURS = [
  [' leading', 'leading'],
  ['trailing ', 'trailing'],
  ['  two  ', 'two'],
  ['\ttab', 'tab'],
  ['line\n', 'line'],
  ['cr\rlf\r\n', 'cr\nlf\n'],
  ['a  b', 'a b'],
  ['\u00a0no-break\u00a0', 'no-break'],
  ['&amp;', '&'],
  ['&#65;', 'A'],
  ['a%20b', 'a b c'],
  ['a+b', 'a b d'],
  ['e\u0301', 'é'],
  ['\ufeffmark', 'mark'],
  ['control\u0001', 'control'],
  ['no character\ufffe', 'no character\ufffd'],
] as const;

const ODD_KEYS = [
  '<tag>',
  ']]>',
  '"quoted"',
  "quote'd",
  '__proto__',
  '007',
  '第１話　表紙.jpg',
  '😀',
];

export function describeBulkDelete({ open, retries, flavour }: Implementation): void {
  describe('a bulk delete', () => {
    let store: ObjectStore;
    let direct: ObjectStore;
    let bucket: string;
    let proxy: FaultyProxy;
    beforeAll(async () => {
      direct = open();
      bucket = await freshBucket(direct);
      proxy = await startFaultyProxy(process.env.TEST_S3_ENDPOINT ?? '');
      store = open(addressOf(proxy.endpoint));
    });
    beforeEach(() => {
      proxy.requests.length = 0;
      proxy.setPlan(() => undefined);
    });
    afterAll(async () => {
      store.close();
      await proxy.close();
      await removeBucket(direct, bucket);
      direct.close();
    });

    async function put(keys: Iterable<string>): Promise<void> {
      await inParallel(32, keys, (key) => direct.putObject(bucket, key, contentOf('x')));
    }

    async function keysLeft(): Promise<string[]> {
      const keys: string[] = [];
      for await (const page of direct.listObjects(bucket)) {
        keys.push(...page.map((object) => object.key));
      }
      return keys;
    }

    it('takes odd keys as they are, and leaves those that look like them', async () => {
      const odd = [...KEYS_AND_NEIGHBOURS.map(([key]) => key), ...ODD_KEYS];
      const neighbours: string[] = KEYS_AND_NEIGHBOURS.map(([, neighbour]) => neighbour);
      await put([...odd, ...neighbours]);
      expect(await store.deleteObjects(bucket, odd)).toEqual([]);
      expect((await keysLeft()).sort()).toEqual([...neighbours].sort());
      expect(await store.deleteObjects(bucket, neighbours)).toEqual([]);
      expect(await keysLeft()).toEqual([]);
    });

    it('takes 1,000 keys in one request, whether there are objects or not', async () => {
      const keys = Array.from({ length: 1000 }, (_, index) => `many/${index} & more`);
      await put(keys.slice(0, 500));
      expect(await store.deleteObjects(bucket, keys)).toEqual([]);
      expect(proxy.requests).toHaveLength(1);
      expect(await keysLeft()).toEqual([]);
    });

    it('of more keys is a mistake, and one of none asks nothing', async () => {
      const keys = Array.from({ length: 1001 }, String);
      await expect(store.deleteObjects(bucket, keys)).rejects.toThrow(RangeError);
      expect(await store.deleteObjects(bucket, [])).toEqual([]);
      expect(proxy.requests).toEqual([]);
    });

    it('names the keys that the server does not take, and deletes the others', async () => {
      await put(['good']);
      const failed = await store.deleteObjects(bucket, ['good', 'a//b']);
      const reason: unknown = expect.stringContaining('XMinioInvalidObjectName: ');
      // Ceph can have such a key, and so has nothing against deleting it.
      expect(failed).toEqual(flavour === 'minio' ? [{ key: 'a//b', reason, mayPass: false }] : []);
      expect(await keysLeft()).toEqual([]);
    });

    it('names the keys that may not be deleted', async () => {
      const body =
        '<DeleteResult><Deleted><Key>a</Key></Deleted><Error><Key>b &amp; c</Key><Code>AccessDenied</Code><Message>Access Denied.</Message></Error><Error><Key>gone</Key><Code>NoSuchKey</Code></Error></DeleteResult>';
      proxy.setPlan(() => ({ kind: 'answer', status: 200, body }));
      const failed = await store.deleteObjects(bucket, ['a', 'b & c', 'gone']);
      const reason = 'AccessDenied: Access Denied';
      const request = { operation: 'DeleteObjects', status: 200, code: 'AccessDenied' };
      expect(failed).toMatchObject([{ key: 'b & c', reason, mayPass: false, request }]);
      expect(proxy.requests).toHaveLength(1);
    });

    it('asks again for the keys whose failure may pass', async () => {
      await put(['a', 'b']);
      const body =
        '<DeleteResult><Deleted><Key>a</Key></Deleted><Error><Key>b</Key><Code>SlowDown</Code><Message>Please.</Message></Error></DeleteResult>';
      proxy.setPlan(({ index }) =>
        index === 0 ? { kind: 'answer', status: 200, body } : undefined,
      );
      const failed = await store.deleteObjects(bucket, ['a', 'b']);
      const passing = { key: 'b', reason: 'SlowDown: Please', mayPass: true };
      expect(failed).toMatchObject(retries ? [] : [passing]);
      // The first answer was made up: what was asked for again is what is gone.
      expect(await keysLeft()).toEqual(retries ? ['a'] : ['a', 'b']);
      await direct.deleteObjects(bucket, ['a', 'b']);
    });

    it('deletes one by one what the answer does not mention', async () => {
      await put(['a', 'b']);
      const body = '<DeleteResult><Deleted><Key>A</Key></Deleted></DeleteResult>';
      proxy.setPlan(({ index }) =>
        index === 0 ? { kind: 'answer', status: 200, body } : undefined,
      );
      expect(await store.deleteObjects(bucket, ['a', 'b'])).toEqual([]);
      expect(proxy.requests.map(({ method }) => method)).toEqual(['POST', 'DELETE', 'DELETE']);
      expect(await keysLeft()).toEqual([]);
    });

    it('is sent again where its answer is lost', async () => {
      await put(['a', 'b']);
      // Twice, as the client itself sends a request again whose connection was an old one.
      proxy.setPlan(({ index }) => (index < 2 ? { kind: 'lose' } : undefined));
      const deleting = store.deleteObjects(bucket, ['a', 'b']);
      if (retries) expect(await deleting).toEqual([]);
      else await expect(deleting).rejects.toMatchObject({ code: 'unreachable' });
      expect(await keysLeft()).toEqual([]);
    });

    it('in a bucket that is not there fails as a whole', async () => {
      const deleting = store.deleteObjects(freshBucketName(), ['a']);
      await expect(deleting).rejects.toMatchObject({ code: 'not_found' });
    });
  });
}
