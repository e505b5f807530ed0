import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { startRedisServer } from '../helpers/redis-server.js';
import type { Row } from './measurements.js';
import { startServe } from './serve-process.js';

const SETTLES_MS = 20_000;
const WATCHED_MS = 30_000;
const PATHS = ['/', '/api/session', '/api/jobs', '/api/billing/prices', '/api/health'];

/** A server that nobody asks anything: its memory, and how often any of its threads wakes up. */
export async function measureIdle(): Promise<Row[]> {
  const redis = await startRedisServer();
  const server = await startServe(redis.url);
  try {
    for (const path of PATHS) {
      const response = await fetch(`http://127.0.0.1:${server.port}${path}`);
      await response.arrayBuffer();
    }
    await delay(SETTLES_MS);
    const before = wakeUpsOf(server.pid);
    await delay(WATCHED_MS);
    const wakeUps = wakeUpsOf(server.pid) - before;
    return [
      {
        what: 'memory of the idle server, after a few requests',
        value: `${residentMib(server.pid).toFixed(0)} MiB`,
        bound: '< 90 MB',
      },
      {
        what: 'times that any of its threads wakes up in 30 s, while nobody waits for events',
        value: String(wakeUps),
        bound: '0',
      },
    ];
  } finally {
    await server.stop();
    await redis.stop();
  }
}

/** Each wait of a thread that ended is a switch to it that it had asked for. */
function wakeUpsOf(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`);
  return threads
    .map((thread) => readFileSync(`/proc/${pid}/task/${thread}/status`, 'utf8'))
    .map((text) => Number(/^voluntary_ctxt_switches:\s+(\d+)/m.exec(text)?.[1] ?? 0))
    .reduce((sum, count) => sum + count, 0);
}

function residentMib(pid: number): number {
  const text = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(text)?.[1] ?? 0) / 1024;
}
