import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DoWork } from '../../../src/engine/bullmq/bull-worker.js';
import { TextSeal } from '../../../src/repository/runs/text-seal.js';
import { EngineSharer } from '../../../src/workers/engine-sharer.js';
import type { WorkerJob } from '../../../src/workers/work.js';
import { BullWorld } from '../../helpers/bull-world.js';
import { useRedis } from '../../helpers/use-redis.js';

const used = useRedis();
const ID = 'minio_backup_full_20261130_020000';
const RUN = { run: ID, token: 'a'.repeat(32) };
const WORK = {
  kind: 'verify',
  backup: ID,
  archive_sha256: '0'.repeat(64),
  stored: '1'.repeat(64),
} as const;
const OPTIONS = '{"prefixes":["secret/"]}';
const seal = () => new TextSeal(Buffer.alloc(32, 7));

describe('shares through a real queue', () => {
  let world: BullWorld;
  const warnings: string[] = [];
  beforeEach(() => {
    world = new BullWorld(used.server.port);
    warnings.length = 0;
  });
  afterEach(async () => {
    await world.close();
  });

  const sharer = async (times = {}) => {
    const nothing = () => undefined;
    const progress = {
      ...{ start: nothing, phase: nothing, update: nothing },
      warn: (line: string) => warnings.push(line),
    };
    return new EngineSharer({
      ...{ engine: await world.openEngine(RUN), seal: seal(), work: WORK, progress },
      ...{ signal: new AbortController().signal, times: { pollMs: 20, backoffMs: 20, ...times } },
    });
  };
  const answers =
    (of: TextSeal): DoWork =>
    (job) => {
      const { share, options } = job as Extract<WorkerJob, { kind: 'verify' }>;
      expect(JSON.stringify(job)).not.toContain('secret');
      const opened = seal().open(options);
      const result = of.seal(`${opened} share ${share.index} of ${share.of}`);
      return Promise.resolve({ objects: 1, bytes: 1, result });
    };

  it('carries options and answers that only who has the host key can read', async () => {
    await world.start(2, answers(seal()));
    expect(await (await sharer()).share(3, OPTIONS)).toEqual([
      { result: `${OPTIONS} share 1 of 3`, attempts: 1 },
      { result: `${OPTIONS} share 2 of 3`, attempts: 1 },
      { result: `${OPTIONS} share 3 of 3`, attempts: 1 },
    ]);
    expect(warnings).toEqual([]);
    expect((await used.redis.keys('*')).filter((key) => key.includes(ID))).toEqual([]);
  });

  it('believes no answer of somebody without that key', async () => {
    await world.start(1, answers(new TextSeal(Buffer.alloc(32, 8))));
    expect(await (await sharer()).share(1, OPTIONS)).toEqual([
      {
        failure: {
          code: 'refused',
          message: 'the answer cannot be read: it is sealed with another key',
        },
      },
    ]);
  });

  it('ends the work of who was thought lost, before its head goes on', async () => {
    let isAborted = false;
    await world.start(1, async (_job, { signal, onProgress }) => {
      // It reports again when the head has given it up.
      const timer = setInterval(() => onProgress({ objects: 1, bytes: 1 }), 700);
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
      clearInterval(timer);
      isAborted = true;
      signal.throwIfAborted();
      return { objects: 0, bytes: 0 };
    });
    const outcomes = await (await sharer({ leaseMs: 50, patienceMs: 300 })).share(1, OPTIONS);
    expect(outcomes).toMatchObject([{ failure: { code: 'unreachable' } }]);
    await expect.poll(() => isAborted).toBe(true);
  });

  it('has nobody, and says so', async () => {
    const outcomes = await (await sharer({ nobodyMs: 100 })).share(2, OPTIONS);
    expect(outcomes).toMatchObject(Array(2).fill({ failure: { code: 'unreachable' } }));
    expect(warnings).toEqual([
      expect.stringMatching(/^no worker listens on the queue test at 127\.0\.0\.1/),
    ]);
    expect((await used.redis.keys('*')).filter((key) => key.includes(ID))).toEqual([]);
  });
});
