import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ObjectStore } from '../../../src/object-store/port.js';
import { isObjectInTheWay } from '../../../src/object-store/retry/retry.js';
import { startFaultyProxy, type FaultyProxy } from '../../helpers/faulty-proxy.js';
import {
  addressOf,
  contentOf,
  freshBucket,
  readObject,
  removeBucket,
} from '../../helpers/test-store.js';
import type { Implementation } from './context.js';

const IN_THE_WAY = { code: 'refused', cause: { code: 'PreconditionFailed', statusCode: 412 } };

export function describeConditionalPut({ open, retries }: Implementation): void {
  describe('a write only where there is no object', () => {
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
    beforeEach(async () => {
      proxy.requests.length = 0;
      proxy.setPlan(() => undefined);
      await direct.deleteObject(bucket, 'lock');
    });
    afterAll(async () => {
      store.close();
      await proxy.close();
      await removeBucket(direct, bucket);
      direct.close();
    });

    const create = (content: string | Buffer) =>
      store.putObject(bucket, 'lock', contentOf(content), { ifAbsent: true });

    // What is small and what is streamed goes out in two ways.
    it.each([3, 3_000_000])('of %i bytes succeeds once', async (size) => {
      const first = Buffer.alloc(size, 'a');
      const { etag } = await create(first);
      expect((await store.headObject(bucket, 'lock')).etag).toBe(etag);
      await expect(create(Buffer.alloc(size, 'b'))).rejects.toMatchObject(IN_THE_WAY);
      expect((await readObject(store, bucket, 'lock')).equals(first)).toBe(true);
      await store.deleteObject(bucket, 'lock');
      await create('again');
    });

    it('is told from other refusals', async () => {
      await create('x');
      const error: unknown = await create('y').catch((reason: unknown) => reason);
      expect(isObjectInTheWay(error)).toBe(true);
      const missing: unknown = await store.headObject(bucket, 'none').catch((e: unknown) => e);
      expect(isObjectInTheWay(missing)).toBe(false);
    });

    it('has one winner of many', async () => {
      const writers = Array.from({ length: 16 }, (_, index) => create(`writer ${index}`));
      const outcomes = await Promise.allSettled(writers);
      const winners = outcomes.flatMap(({ status }, index) =>
        status === 'fulfilled' ? [index] : [],
      );
      expect(winners).toHaveLength(1);
      const left = await readObject(store, bucket, 'lock');
      expect(left.toString()).toBe(`writer ${winners[0] ?? ''}`);
    });

    it('whose answer is lost is not in its own way', async () => {
      proxy.setPlan(({ index }) => (index === 0 ? { kind: 'lose' } : undefined));
      const writing = create('mine');
      if (!retries) return expect(writing).rejects.toMatchObject({ code: 'unreachable' });
      expect(await writing).toMatchObject({ etag: (await direct.headObject(bucket, 'lock')).etag });
    });

    it.each(['theirs', 'theirs, longer'])(
      'that comes too late after a broken connection is refused (%s)',
      async (other) => {
        await direct.putObject(bucket, 'lock', contentOf(other));
        proxy.setPlan(({ index }) => (index === 0 ? { kind: 'refuse' } : undefined));
        const code = retries ? 'refused' : 'unreachable';
        await expect(create('mine: ')).rejects.toMatchObject({ code });
        expect((await readObject(direct, bucket, 'lock')).toString()).toBe(other);
      },
    );

    it('that meets another one is tried again', async () => {
      const conflict = { kind: 'answer', status: 409, code: 'ConditionalRequestConflict' } as const;
      proxy.setPlan(({ index }) => (index === 0 ? conflict : undefined));
      const writing = create('mine');
      if (!retries) return expect(writing).rejects.toMatchObject({ code: 'unreachable' });
      await writing;
      expect((await readObject(direct, bucket, 'lock')).toString()).toBe('mine');
    });
  });
}
