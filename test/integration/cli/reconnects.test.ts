import { getEventListeners } from 'node:events';
import { expect, it } from 'vitest';
import type { CommandContext } from '../../../src/cli/argv/command.js';
import { withConnections } from '../../../src/cli/commands/jobs/connected.js';
import { openSession } from '../../../src/cli/run/session.js';
import { MangamotionError } from '../../../src/errors.js';
import { startAnsweringProxy } from '../../helpers/redis-answers.js';
import { useRedis } from '../../helpers/use-redis.js';
import { world } from '../../unit/cli/world.js';

const used = useRedis();
const ignore = (): void => undefined;
const QUEUES = { queue: 'ai-job', billingQueue: 'ai-job' };

it('twenty reconnects leave no listeners and no connections behind', async () => {
  const controller = new AbortController();
  const { signal } = controller;
  const host = world({ env: { REDIS_URL: used.server.url } });
  const session = openSession({ recipient: [], signer: [] } as never, host, signal, ignore, ignore);
  const context = { ...session, signal } as unknown as CommandContext;
  let rounds = 0;
  const listeners: number[] = [];
  await withConnections(context, QUEUES, {
    onLost: ignore,
    onRefused: ignore,
    work: async ({ hasRead }) => {
      hasRead();
      rounds += 1;
      listeners.push(getEventListeners(signal, 'abort').length);
      if (rounds <= 20) throw new MangamotionError('unreachable', 'lost');
      await Promise.resolve();
    },
  });
  expect(rounds).toBe(21);
  expect(new Set(listeners).size, 'as many at the last as at the first').toBe(1);
  expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  const clients = String(await used.redis.call('CLIENT', 'LIST'))
    .trim()
    .split('\n');
  expect(clients.length).toBeLessThanOrEqual(3);
  session.close();
}, 60_000);

it('where reading is refused after a while, it is tried again less and less often', async () => {
  const { signal } = new AbortController();
  const host = world({ env: { REDIS_URL: used.server.url } });
  const session = openSession({ recipient: [], signer: [] } as never, host, signal, ignore, ignore);
  const context = { ...session, signal } as unknown as CommandContext;
  const atMs: number[] = [];
  await withConnections(context, QUEUES, {
    onLost: ignore,
    onRefused: ignore,
    work: ({ hasRead }) => {
      if (atMs.length === 0) hasRead();
      atMs.push(performance.now());
      if (atMs.length === 4) return Promise.resolve();
      return Promise.reject(new MangamotionError('access_denied', 'refused'));
    },
  });
  const waits = atMs.slice(1).map((ms, index) => ms - (atMs[index] ?? 0));
  expect(waits.map((ms) => Math.round(Math.log2(ms / 500)))).toEqual([0, 1, 2]);
  session.close();
});

it('where events alone are refused for a while, it is tried again less and less often', async () => {
  const loading = '-LOADING Redis is loading the dataset in memory\r\n';
  const proxy = await startAnsweringProxy(used.server.url, ([command = '']) =>
    /^xread$/i.test(command) ? loading : undefined,
  );
  const { signal } = new AbortController();
  const host = world({ env: { REDIS_URL: proxy.url } });
  const session = openSession({ recipient: [], signer: [] } as never, host, signal, ignore, ignore);
  const context = { ...session, signal } as unknown as CommandContext;
  const atMs: number[] = [];
  const lost: string[] = [];
  await withConnections(context, QUEUES, {
    onLost: ({ message }) => lost.push(message),
    onRefused: ({ message }) => expect.unreachable(message),
    work: async ({ hasRead, feed }) => {
      hasRead();
      atMs.push(performance.now());
      if (atMs.length < 4) await feed.next(60_000, signal);
    },
  });
  const waits = atMs.slice(1).map((ms, index) => ms - (atMs[index] ?? 0));
  expect(waits.map((ms) => Math.floor(Math.log2(ms / 490)))).toEqual([0, 1, 2]);
  expect(lost).toHaveLength(3);
  expect(lost[0]).toContain('is still loading its data');
  session.close();
  await proxy.close();
});
