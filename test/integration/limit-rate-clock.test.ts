import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ObjectClaims } from '../../src/lock/object-claims.js';
import type { ObjectStore } from '../../src/object-store/port.js';
import { TokenBucket } from '../../src/object-store/rate-limit.js';
import { waitUntil } from '../helpers/child-processes.js';
import { noise, seed } from '../helpers/seed.js';
import { StepClock } from '../helpers/step-clock.js';
import {
  contentOf,
  freshBucket,
  readObject,
  removeBucket,
  testStore,
} from '../helpers/test-store.js';

/** What a limit lets through, by a clock that moves only when all wait for it. */

const KIB = 1024;
const MIB = 1024 * KIB;
const SMALL = Array.from({ length: 20 }, (_, n) => `small-${n}`);
const SMALL_BYTES = 10_000;
const LARGE_BYTES = 3 * MIB;

const store = testStore();
const opened: ObjectStore[] = [];
let bucket: string;

beforeAll(async () => {
  bucket = await freshBucket(store);
  await seed(store, bucket, [
    ...SMALL.map((key) => ({ key, content: noise(SMALL_BYTES, key) })),
    { key: 'large', content: noise(LARGE_BYTES, 'large') },
  ]);
});
afterEach(() => {
  for (const one of opened.splice(0)) one.close();
});
afterAll(async () => {
  await removeBucket(store, bucket);
  store.close();
});

function limited(bytesPerSecond: number, options: { idleTimeoutMs?: number } = {}) {
  const clock = new StepClock();
  const limits = {
    up: new TokenBucket(bytesPerSecond, clock),
    down: new TokenBucket(bytesPerSecond, clock),
  };
  const bounded = testStore({ limits, ...options });
  opened.push(bounded);
  return { clock, bounded, seconds: () => clock.now() / 1000 };
}

const whole = (one: ObjectStore, key: string) =>
  one.readObject(bucket, key, { maxBytes: 2 * LARGE_BYTES });

describe('a limit of the rate holds for', () => {
  it('short answers that are read as streams, one after the other', async () => {
    const { clock, bounded, seconds } = limited(KIB);
    for (const key of SMALL) {
      const content = await clock.run(readObject(bounded, bucket, key));
      expect(content.equals(noise(SMALL_BYTES, key))).toBe(true);
    }
    expect(seconds()).toBeGreaterThanOrEqual((SMALL.length * SMALL_BYTES) / KIB);
  });

  it('all connections together, whether answers are streams or are read into memory', async () => {
    const { clock, bounded, seconds } = limited(100 * KIB);
    const reads = [
      ...SMALL.map((key) => whole(bounded, key)),
      ...SMALL.map((key) => readObject(bounded, bucket, key)),
      whole(bounded, 'large'),
      readObject(bounded, bucket, 'large'),
    ];
    await clock.run(Promise.all(reads));
    const bytes = 2 * (SMALL.length * SMALL_BYTES + LARGE_BYTES);
    expect(seconds()).toBeGreaterThanOrEqual(bytes / (100 * KIB));
  });

  it('ranges that are read at the same time', async () => {
    const { clock, bounded, seconds } = limited(100 * KIB);
    const range = async (start: number): Promise<void> => {
      const { body } = await bounded.getObject(bucket, 'large', {
        range: { start, end: start + MIB },
      });
      body.resume();
      await once(body, 'end');
    };
    await clock.run(Promise.all([range(0), range(MIB), range(2 * MIB)]));
    expect(seconds()).toBeGreaterThanOrEqual(LARGE_BYTES / (100 * KIB));
  });

  it('listings', async () => {
    const { clock, bounded, seconds } = limited(KIB);
    for (let pages = 0; pages < 5; pages++) await clock.run(bounded.listPage(bucket));
    // The name of each object, at least.
    expect(seconds()).toBeGreaterThanOrEqual((5 * SMALL.join('').length) / KIB);
  });

  it('objects and parts that are written at the same time', async () => {
    const { clock, bounded, seconds } = limited(MIB);
    const part = noise(5 * MIB, 'part');
    const content = {
      sizeBytes: part.length,
      sha256: createHash('sha256').update(part).digest('hex'),
      open: () => [part],
    };
    const id = await clock.run(bounded.createMultipartUpload(bucket, 'parts'));
    await clock.run(
      Promise.all([
        bounded.uploadPart(bucket, 'parts', id, 1, content),
        bounded.uploadPart(bucket, 'parts', id, 2, content),
        bounded.putObject(bucket, 'small-copy', contentOf('x'.repeat(100_000))),
      ]),
    );
    await clock.run(bounded.abortMultipartUpload(bucket, 'parts', id));
    await store.deleteObject(bucket, 'small-copy');
    expect(seconds()).toBeGreaterThanOrEqual((10 * MIB + 100_000) / MIB);
  });
});

describe('a low limit', () => {
  it('holds up no lock', async () => {
    const { clock, bounded } = limited(KIB);
    const reading = whole(bounded, 'large');
    const writing = bounded.putObject(bucket, 'slow', contentOf('x'.repeat(100_000)));
    await waitUntil('both to wait', [], () => Promise.resolve(clock.waiting === 2));
    const claims = new ObjectClaims(bounded, { bucket, prefix: 'locked/' });
    await claims.put('mine', '{}');
    expect(await claims.list()).toMatchObject([{ name: 'mine', content: '{}' }]);
    await claims.remove('mine');
    expect(clock.now()).toBe(0);
    await clock.run(Promise.all([reading, writing]));
    await store.deleteObject(bucket, 'slow');
  });

  it('makes no request time out', async () => {
    const idleTimeoutMs = 100;
    const { clock, bounded } = limited(KIB, { idleTimeoutMs });
    const work = Promise.all([
      whole(bounded, 'small-1'),
      whole(bounded, 'large'),
      readObject(bounded, bucket, 'small-2'),
      readObject(bounded, bucket, 'large'),
      bounded.putObject(bucket, 'slow', contentOf('x'.repeat(2 * MIB))),
    ]);
    work.catch(() => undefined);
    // Nothing moves for many times as long as a connection may be silent.
    await sleep(20 * idleTimeoutMs);
    const [, large] = await clock.run(work);
    expect(large.content?.equals(noise(LARGE_BYTES, 'large'))).toBe(true);
    await store.deleteObject(bucket, 'slow');
  });

  it('sends little at once, so that each connection moves on', () => {
    expect(new TokenBucket(KIB).pieceBytes).toBe(256);
    expect(new TokenBucket(KIB).mostAnswers).toBe(1);
    expect(new TokenBucket(100 * MIB).pieceBytes).toBe(16 * KIB);
    expect(new TokenBucket(100 * MIB).mostAnswers).toBeGreaterThan(64);
  });
});
