import { afterEach, describe, expect, it, vi } from 'vitest';
import { connectOnce, type RedisTarget } from '../../../src/redis/connect.js';
import { startSilentServer } from '../../helpers/redis-proxy.js';
import { startRedisServer } from '../../helpers/redis-server.js';

/** The clock of timers stands still: no time limit ends unless a test lets it. */
function stopClock(): void {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
}
afterEach(() => {
  vi.useRealTimers();
});

function target(at: RedisTarget['at']): RedisTarget {
  const login = { username: undefined, password: undefined, db: 0, caPem: undefined };
  return { at, ...login, text: 'there', setting: 'REDIS_URL' };
}

const serverAt = (port: number, useTls: boolean) =>
  target({ kind: 'server', host: '127.0.0.1', port, useTls });

describe('an attempt to connect to a server that is silent', () => {
  it.each([
    ['in plain text', (port: number) => serverAt(port, false)],
    ['with TLS', (port: number) => serverAt(port, true)],
    [
      'through a sentinel',
      (port: number) =>
        target({
          ...{ kind: 'sentinels', master: 'mymaster' },
          sentinels: [{ host: '127.0.0.1', port }],
        }),
    ],
  ])('%s ends at a signal, before any of its time limits', async (_name, targetAt) => {
    const silent = await startSilentServer();
    stopClock();
    const ending = new AbortController();
    const connecting = connectOnce(targetAt(silent.port), { signal: ending.signal });
    const reason = new Error('terminated');
    await silent.met;
    ending.abort(reason);
    await expect(connecting).rejects.toBe(reason);
    await silent.close();
  });

  it('does not begin where the signal came before', async () => {
    const reason = new Error('terminated');
    const signal = AbortSignal.abort(reason);
    await expect(connectOnce(serverAt(1, false), { signal })).rejects.toBe(reason);
  });
});

describe('rediss:// to a Redis without TLS', () => {
  it('is told within a second', async () => {
    const server = await startRedisServer();
    stopClock();
    const connecting = connectOnce(serverAt(server.port, true));
    // After this no timer ends any more: the answer must not need another one.
    vi.advanceTimersByTime(999);
    await expect(connecting).rejects.toThrow('the server does not speak TLS there');
    vi.useRealTimers();
    await server.stop();
  });
});
