import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../helpers/child-processes.js';
import { startSilentServer } from '../helpers/cutting-proxy.js';
import { type Consumer, installPacked } from '../helpers/packed-library.js';
import { type RedisServer, startRedisServer } from '../helpers/redis-server.js';
import { execa } from 'execa';
import { writeFileSync } from 'node:fs';
import path from 'node:path';

let consumer: Consumer;

beforeAll(async () => {
  consumer = await installPacked();
});
afterAll(() => {
  consumer.remove();
});

const TWICE = `
  import { trackBytesProcessed } from 'mangamotion';
  for (let call = 0; call < 2; call++) {
    const end = await trackBytesProcessed('u', 1, 'j').catch((error) => error);
    console.log(end.name, end.code);
  }`;
const TOLD_TWICE = Array(2).fill('MangamotionError unreachable').join('\n');

describe('the library without Redis', () => {
  it('rejects each call, and the process then ends', async () => {
    const env = { REDIS_URL: `redis://127.0.0.1:${await freePort()}` };
    expect((await consumer.run('down.mjs', TWICE, env)).stdout).toBe(TOLD_TWICE);
  });

  it('rejects each call to a server that never answers, and the process then ends', async () => {
    const silent = await startSilentServer();
    try {
      const env = { REDIS_URL: `redis://127.0.0.1:${silent.port}` };
      expect((await consumer.run('silent.mjs', TWICE, env)).stdout).toBe(TOLD_TWICE);
    } finally {
      await silent.close();
    }
  });

  it('counts a call that is made before Redis is there', async () => {
    const port = await freePort();
    const url = `redis://127.0.0.1:${port}`;
    const worker = startWorker(url);
    let server: RedisServer | undefined;
    try {
      expect(await worker.ask('track')).toBe('unreachable');
      const answer = worker.ask('track');
      server = await startRedisServer({ port });
      expect(await answer).toBe('counted');
      expect(await worker.end()).toBe(0);
    } finally {
      worker.process.kill();
      await server?.stop();
    }
  });

  it('works again with a Redis that comes back between two calls', async () => {
    let server = await startRedisServer();
    const worker = startWorker(server.url);
    try {
      expect(await worker.ask('track')).toBe('counted');
      await server.stop();
      server = await startRedisServer({ port: server.port });
      expect(await worker.ask('track')).toBe('counted');
      expect(await worker.ask('close')).toBe('closed');
      expect(await worker.ask('track')).toBe('counted');
      expect(await worker.end()).toBe(0);
    } finally {
      worker.process.kill();
      await server.stop();
    }
  });
});

const WORKER = `
  import { createInterface } from 'node:readline';
  import { closeBilling, trackBytesProcessed } from 'mangamotion';
  for await (const line of createInterface({ input: process.stdin })) {
    if (line === 'close') console.log(await closeBilling().then(() => 'closed'));
    else console.log(await trackBytesProcessed('u', 1, 'j').then(() => 'counted', (e) => e.code));
  }`;

/** A process that does what it is told by a line, one after the other. */
function startWorker(url: string) {
  writeFileSync(path.join(consumer.folder, 'worker.mjs'), WORKER);
  const env = { PATH: process.env.PATH ?? '', REDIS_URL: url };
  const options = { cwd: consumer.folder, env, extendEnv: false, reject: false } as const;
  const child = execa(process.execPath, ['worker.mjs'], options);
  const answers = child.iterable();
  return {
    process: child,
    ask: async (line: string): Promise<unknown> => {
      child.stdin.write(`${line}\n`);
      return (await answers.next()).value;
    },
    end: async (): Promise<number | undefined> => {
      child.stdin.end();
      return (await child).exitCode;
    },
  };
}
