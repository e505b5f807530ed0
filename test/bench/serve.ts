import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { Queue } from 'bullmq5';
import { startRedisServer } from '../helpers/redis-server.js';
import type { Row } from './measurements.js';
import { peakOf } from './processes.js';
import { measureIdle } from './serve-idle.js';
import { measureObject } from './serve-object.js';
import { startServe } from './serve-process.js';
import { measureRequests } from './serve-requests.js';

const CLIENTS = 1000;
const JOBS = 1000;
const CHANGES = 3000;
const CHANGE_EVERY_MS = 10;
/** Waited for what is late. */
const LATEST_MS = 10_000;
const CONNECTS_AT_ONCE = 100;
const A_BATCH = 200;

export async function measureServe(): Promise<Row[]> {
  return [
    ...(await measureRequests()),
    ...(await measureEvents()),
    ...(await measureIdle()),
    ...(await measureObject()),
  ];
}

/** Changes of jobs by the hundred a second, told to a thousand clients. */
async function measureEvents(): Promise<Row[]> {
  const redis = await startRedisServer();
  const queue = new Queue('ai-job', { connection: { host: '127.0.0.1', port: redis.port } });
  const server = await startServe(redis.url, ['--max-clients', String(CLIENTS + 100)]);
  try {
    const ids = await fill(queue);
    const sentAtMs: number[] = [];
    const delaysMs: number[] = [];
    const onChange = (number: number): void => {
      const sentMs = sentAtMs[number];
      if (sentMs !== undefined) delaysMs.push(performance.now() - sentMs);
    };
    const sockets: Socket[] = [];
    while (sockets.length < CLIENTS) {
      const some = Array.from({ length: CONNECTS_AT_ONCE }, () => listen(server.port, onChange));
      sockets.push(...(await Promise.all(some)));
    }
    for (let number = 0; number < CHANGES; number++) {
      const job = await queue.getJob(ids[number % JOBS] ?? '');
      sentAtMs[number] = performance.now();
      await job?.updateProgress(number);
      const dueMs = (sentAtMs[0] ?? 0) + (number + 1) * CHANGE_EVERY_MS;
      await delay(Math.max(0, dueMs - performance.now()));
    }
    const tookS = (performance.now() - (sentAtMs[0] ?? 0)) / 1000;
    const giveUpAtMs = performance.now() + LATEST_MS;
    while (delaysMs.length < CHANGES * CLIENTS && performance.now() < giveUpAtMs) await delay(100);
    const peak = peakOf(server.pid);
    for (const socket of sockets) socket.destroy();
    const sorted = Float64Array.from(delaysMs).sort();
    const at = (share: number): string =>
      `${(sorted[Math.floor(sorted.length * share)] ?? 0).toFixed(0)} ms`;
    const delivered = (100 * delaysMs.length) / (CHANGES * CLIENTS);
    const rate = (CHANGES / tookS).toFixed(0);
    return [
      {
        what: `\`serve\`: ${rate} changes a second to 1,000 clients, delivered`,
        value: `${delivered.toFixed(2)} %`,
        bound: '100 %',
      },
      { what: 'their delay, 99th percentile', value: at(0.99), bound: '≤ 500 ms' },
      { what: 'the same, median', value: at(0.5), bound: '' },
      { what: 'peak memory of the server', value: `${peak.toFixed(0)} MiB`, bound: '≤ 250 MB' },
    ];
  } finally {
    await queue.close();
    await server.stop();
    await redis.stop();
  }
}

async function fill(queue: Queue): Promise<string[]> {
  const ids: string[] = [];
  const files = Array.from({ length: 12 }, (_none, page) => `originals/page-${page}.jpg`);
  while (ids.length < JOBS) {
    const jobs = await queue.addBulk(
      Array.from({ length: A_BATCH }, (_none, at) => ({
        name: 'video',
        data: { type: 'video', files, options: {}, user_id: `user-${at}` },
      })),
    );
    ids.push(...jobs.map(({ id }) => String(id)));
  }
  return ids;
}

/** Resolves when the first event has come. Calls back with the progress of each job that it is told of. */
async function listen(port: number, onProgress: (progress: number) => void): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  socket.setEncoding('latin1');
  socket.write('GET /api/jobs/events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n');
  await once(socket, 'data');
  let rest = '';
  socket.on('data', (chunk: string) => {
    const text = rest + chunk;
    let from = 0;
    for (const found of text.matchAll(/"progress":(\d+),/g)) {
      onProgress(Number(found[1]));
      from = found.index + found[0].length;
    }
    rest = text.slice(Math.max(from, text.length - 64));
  });
  return socket;
}
