import { Redis } from 'ioredis';
import { afterEach, describe, expect, it } from 'vitest';
import { hasWorker } from '../../../src/jobs/queue/workers.js';
import { withTranslatedErrors } from '../../../src/redis/reader.js';
import { BullQueues, MAJORS } from '../../helpers/bull-queues.js';
import { useRedis } from '../../helpers/use-redis.js';

const used = useRedis();
const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

async function until(isSo: () => Promise<boolean>): Promise<void> {
  const giveUpAtMs = performance.now() + 10_000;
  while (!(await isSo())) {
    if (performance.now() > giveUpAtMs) throw new Error('it never came to that');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

describe.each(MAJORS)('a queue of BullMQ %i', (major) => {
  it('has a worker while one is connected', async () => {
    const address = { prefix: 'bull', name: `of-${major}` };
    const bull = await BullQueues.load(major, used.server.url);
    ends.push(() => bull.close());
    await bull.queue(address.name).add('render', {});
    expect(await hasWorker(used.redis, address)).toBe(false);
    bull.work(address.name, 1);
    await until(async () => (await hasWorker(used.redis, address)) === true);
    expect(await hasWorker(used.redis, { ...address, name: `of-${major}x` })).toBe(false);
    expect(await hasWorker(used.redis, { ...address, prefix: 'stage' })).toBe(false);
    await bull.close();
    await until(async () => (await hasWorker(used.redis, address)) === false);
  });
});

describe('whether there is a worker', () => {
  const QUEUE = { prefix: 'my:env', name: 'ai-job' };
  const connect = (url: string) => {
    const redis = new Redis(url, { enableReadyCheck: false, disableClientInfo: true });
    ends.push(() => redis.disconnect());
    return redis;
  };

  it('is told by the name of the client, also of a named worker', async () => {
    const worker = connect(used.server.url);
    const name = Buffer.from(QUEUE.name).toString('base64');
    for (const suffix of [':qe', ':qs', 'x']) {
      await worker.call('CLIENT', 'SETNAME', `my:env:${name}${suffix}`);
      expect(await hasWorker(used.redis, QUEUE)).toBe(false);
    }
    for (const suffix of ['', ':w:gpu-1']) {
      await worker.call('CLIENT', 'SETNAME', `my:env:${name}${suffix}`);
      expect(await hasWorker(used.redis, QUEUE)).toBe(true);
    }
  });

  it('is not known where a client without a name waits for jobs', async () => {
    const worker = connect(used.server.url);
    void worker.call('BZPOPMIN', 'x', 0).catch(() => undefined);
    await until(async () => (await hasWorker(used.redis, QUEUE)) === undefined);
  });

  it('is not known where the clients may not be listed', async () => {
    const rights = ['reset', 'on', '>pw', '~*', '+@read', '+@connection', '-client|list'];
    await used.redis.call('ACL', 'SETUSER', 'reader', ...rights);
    const redis = connect(used.server.url.replace('redis://', 'redis://reader:pw@'));
    const reader = withTranslatedErrors(redis, { text: 'here', setting: 'REDIS_URL' });
    expect(await hasWorker(reader, QUEUE)).toBeUndefined();
  });
});
