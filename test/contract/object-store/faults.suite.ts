import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ObjectStore } from '../../../src/object-store/port.js';
import { freePort } from '../../helpers/child-processes.js';
import { startFaultyProxy, type FaultyProxy } from '../../helpers/faulty-proxy.js';
import {
  addressOf,
  contentOf,
  freshBucket,
  readObject,
  removeBucket,
} from '../../helpers/test-store.js';
import type { Implementation } from './context.js';

const BYTES = Buffer.from(Array.from({ length: 1_000_000 }, (_, index) => index % 251));
const SLOW_DOWN = { kind: 'answer', status: 503 } as const;

export function describeFaults({ open, retries }: Implementation): void {
  describe('a bad connection', () => {
    let store: ObjectStore;
    let direct: ObjectStore;
    let bucket: string;
    let proxy: FaultyProxy;
    beforeAll(async () => {
      direct = open();
      bucket = await freshBucket(direct);
      await direct.putObject(bucket, 'object', contentOf(BYTES));
      proxy = await startFaultyProxy(process.env.TEST_S3_ENDPOINT ?? '');
      store = open({ ...addressOf(proxy.endpoint), idleTimeoutMs: 300 });
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

    it.each(['cut', 'stall'] as const)('that breaks a body (%s)', async (kind) => {
      const afterBytes = 300_000;
      proxy.setPlan(({ index }) => (index < 2 ? { kind, afterBytes } : undefined));
      const reading = readObject(store, bucket, 'object');
      if (retries) {
        expect((await reading).equals(BYTES)).toBe(true);
        expect(proxy.requests).toHaveLength(3);
      } else {
        await expect(reading).rejects.toMatchObject({ code: 'unreachable' });
      }
    });

    it.each(['cut', 'stall', 'refuse'] as const)(
      'that breaks an object on its way into memory (%s)',
      async (kind) => {
        proxy.setPlan(({ index }) => (index < 2 ? { kind, afterBytes: 300_000 } : undefined));
        const reading = store.readObject(bucket, 'object', { maxBytes: BYTES.length });
        if (retries) {
          expect((await reading).content?.equals(BYTES)).toBe(true);
          // The client itself may send a request anew whose connection closed before any answer.
          expect(proxy.requests.length).toBeGreaterThanOrEqual(3);
        } else {
          await expect(reading).rejects.toMatchObject({ code: 'unreachable' });
        }
      },
    );

    it('ends with the signal, on the way into memory', async () => {
      proxy.setPlan(() => ({ kind: 'stall', afterBytes: 10 }));
      const aborter = new AbortController();
      const reason = new Error('enough');
      setTimeout(() => aborter.abort(reason), 50);
      const options = { maxBytes: BYTES.length, signal: aborter.signal };
      await expect(store.readObject(bucket, 'object', options)).rejects.toBe(reason);
    });

    it('that breaks the body of a range', async () => {
      proxy.setPlan(({ index }) => (index < 3 ? { kind: 'cut', afterBytes: 70_000 } : undefined));
      const range = { start: 123_456, end: 654_321 };
      const reading = readObject(store, bucket, 'object', { range });
      if (retries) expect((await reading).equals(BYTES.subarray(123_456, 654_321))).toBe(true);
      else await expect(reading).rejects.toMatchObject({ code: 'unreachable' });
    });

    it('that closes before it answers', async () => {
      proxy.setPlan(({ index }) => (index < 2 ? { kind: 'refuse' } : undefined));
      const head = store.headObject(bucket, 'object');
      if (retries) expect(await head).toMatchObject({ sizeBytes: BYTES.length });
      else await expect(head).rejects.toMatchObject({ code: 'unreachable' });
    });

    it('on which a storm of 503 passes by', async () => {
      // Every third object is refused three times.
      const refused = new Map<string, number>();
      proxy.setPlan(({ path }) => {
        const times = refused.get(path) ?? 0;
        if (Number(/\d+$/.exec(path)?.[0]) % 3 !== 0 || times === 3) return undefined;
        refused.set(path, times + 1);
        return SLOW_DOWN;
      });
      const keys = Array.from({ length: 30 }, (_, index) => `storm/${index}`);
      const content = contentOf('x');
      // A busy server may take its time over so many at once: nothing but the 503 is to fail.
      const patient = open(addressOf(proxy.endpoint));
      const outcomes = await Promise.allSettled(
        keys.map((key) => patient.putObject(bucket, key, content)),
      );
      patient.close();
      const failed = outcomes.filter((outcome) => outcome.status === 'rejected');
      expect(refused.size).toBe(10);
      expect(failed).toHaveLength(retries ? 0 : 10);
      for (const { reason } of failed) {
        expect(reason).toMatchObject({ code: 'unreachable', cause: { statusCode: 503 } });
      }
    });

    it('on which nothing but 503 comes', async () => {
      proxy.setPlan(() => SLOW_DOWN);
      const reading = store.getObject(bucket, 'object');
      const message: unknown = expect.stringContaining('SlowDown (status 503)');
      await expect(reading).rejects.toMatchObject({ code: 'unreachable', message });
      expect(proxy.requests).toHaveLength(retries ? 6 : 1);
    });

    it('does not hurt an upload', async () => {
      proxy.setPlan(({ index }) => (index < 2 ? { kind: 'refuse' } : undefined));
      const large = Buffer.alloc(3_000_000, 'x');
      const put = store.putObject(bucket, 'uploaded', contentOf(large));
      if (!retries) return expect(put).rejects.toMatchObject({ code: 'unreachable' });
      await put;
      expect((await readObject(direct, bucket, 'uploaded')).equals(large)).toBe(true);
    });

    it('does not make one listing of two', async () => {
      for (const key of ['l/1', 'l/2', 'l/3']) await direct.putObject(bucket, key, contentOf(''));
      proxy.setPlan(({ index }) => (index === 0 ? { kind: 'cut', afterBytes: 50 } : undefined));
      const list = async (): Promise<string[]> => {
        const keys: string[] = [];
        for await (const page of store.listObjects(bucket, { prefix: 'l/' })) {
          keys.push(...page.map((object) => object.key));
        }
        return keys;
      };
      if (retries) expect(await list()).toEqual(['l/1', 'l/2', 'l/3']);
      else await expect(list()).rejects.toMatchObject({ code: 'unreachable' });
    });

    it('shows a refusal that comes while the body is still on its way', async () => {
      proxy.setPlan(() => ({ kind: 'answer', status: 403, code: 'AccessDenied' }));
      const put = store.putObject(bucket, 'refused', contentOf(Buffer.alloc(20_000_000)));
      await expect(put).rejects.toMatchObject({ code: 'access_denied' });
      expect(proxy.requests).toHaveLength(1);
    });

    it('to something that is no S3 server', async () => {
      const body = '<html><body>Welcome to <b>nginx</body>';
      proxy.setPlan(() => ({ kind: 'answer', status: 200, body }));
      const message: unknown = expect.stringContaining('no ListBucketResult');
      await expect(store.listPage(bucket)).rejects.toMatchObject({ code: 'unreachable', message });
      proxy.setPlan(() => ({ kind: 'answer', status: 418, body }));
      await expect(store.listPage(bucket)).rejects.toMatchObject({ code: 'refused' });
    });

    it('ends with the signal, in the middle of a body', async () => {
      proxy.setPlan(() => ({ kind: 'stall', afterBytes: 100_000 }));
      const controller = new AbortController();
      const { body } = await store.getObject(bucket, 'object', { signal: controller.signal });
      const reading = (async () => {
        for await (const chunk of body) {
          expect(chunk).toBeInstanceOf(Buffer);
          controller.abort(new Error('enough'));
        }
      })();
      await expect(reading).rejects.toThrow('enough');
      const { signal } = controller;
      await expect(store.headObject(bucket, 'object', { signal })).rejects.toThrow('enough');
    });

    it('that is none: nobody listens on the port', async () => {
      const nobody = open({ endpoint: '127.0.0.1', port: await freePort() });
      const message: unknown = expect.stringContaining('ECONNREFUSED');
      await expect(nobody.listBuckets()).rejects.toMatchObject({ code: 'unreachable', message });
      nobody.close();
    });

    it('with TLS, to a server that speaks none', async () => {
      const secure = open({ useTls: true });
      const hint: unknown = expect.stringContaining('MINIO_USE_SSL=false');
      await expect(secure.listBuckets()).rejects.toMatchObject({ code: 'unreachable', hint });
      secure.close();
    });

    it('without TLS, to a server that speaks nothing else', async () => {
      const body = 'Client sent an HTTP request to an HTTPS server.\n';
      proxy.setPlan(() => ({ kind: 'answer', status: 400, body }));
      const hint: unknown = expect.stringContaining('MINIO_USE_SSL=true');
      await expect(store.listBuckets()).rejects.toMatchObject({ code: 'unreachable', hint });
      expect(proxy.requests).toHaveLength(1);
    });

    it.each([
      ['a wrong secret', { secretKey: 'not-the-secret' }, 'SignatureDoesNotMatch'],
      ['an unknown key', { accessKey: 'nobody' }, 'InvalidAccessKeyId'],
    ])('with %s', async (_, keys, code) => {
      const stranger = open(keys);
      const hint: unknown = expect.stringContaining('MINIO_SECRET_KEY');
      const denied = { code: 'access_denied', hint, cause: { code } };
      await expect(stranger.listBuckets()).rejects.toMatchObject(denied);
      await expect(stranger.bucketExists(bucket)).rejects.toMatchObject({ code: 'access_denied' });
      const put = stranger.putObject(bucket, 'x', contentOf(Buffer.alloc(20_000_000)));
      await expect(put).rejects.toMatchObject({ code: 'access_denied' });
      stranger.close();
    });
  });
}
