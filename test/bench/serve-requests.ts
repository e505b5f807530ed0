import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { fileURLToPath } from 'node:url';
import { startRedisServer } from '../helpers/redis-server.js';
import { fillUsage } from './billing.js';
import { type Row, ratio } from './measurements.js';
import { mangamotion, median, peakOf, timed } from './processes.js';
import { startProcess, startServe } from './serve-process.js';

const CONNECTIONS = 50;
const WARM_SECONDS = 10;
const ROUND_SECONDS = 4;
const ROUNDS = 7;
const DOWNLOADS = 5;

const bareServer = fileURLToPath(new URL('http-bare.js', import.meta.url));
const load = fileURLToPath(new URL('http-load.js', import.meta.url));

interface Load {
  perSecond: number;
  /** CPU seconds of the generator in each second: below 1, it was not the bottleneck. */
  cpuShare: number;
}

/** Requests a second of a small route, and the time and memory of the largest answer. */
export async function measureRequests(): Promise<Row[]> {
  const redis = await startRedisServer();
  try {
    const month = new Date().toISOString().slice(0, 7);
    await fillUsage(redis.url, month, 1);
    return [...(await measureSummary(redis.url, month)), ...(await measureAllUsers(redis.url))];
  } finally {
    await redis.stop();
  }
}

async function measureSummary(redisUrl: string, month: string): Promise<Row[]> {
  const path = `/api/billing/summary?user_id=user-7&month=${month}`;
  const serve = await startServe(redisUrl);
  const bare = await startProcess([bareServer], { REDIS_URL: redisUrl });
  try {
    // Until the compiler has seen all of it.
    await loadFor(bare.port, path, WARM_SECONDS);
    await loadFor(serve.port, path, WARM_SECONDS);
    const ratios: number[] = [];
    const ours: number[] = [];
    const shares: number[] = [];
    // One after the other in each round, so that a slow moment of the machine meets both.
    for (let round = 0; round < ROUNDS; round++) {
      const bareLoad = await loadFor(bare.port, path, ROUND_SECONDS);
      const serveLoad = await loadFor(serve.port, path, ROUND_SECONDS);
      ratios.push(serveLoad.perSecond / bareLoad.perSecond);
      ours.push(serveLoad.perSecond);
      shares.push(serveLoad.cpuShare, bareLoad.cpuShare);
    }
    const most = Math.max(...shares);
    if (most > 0.9) console.warn(`the generator of load took ${most.toFixed(2)} of a processor`);
    return [
      ratio(
        'requests a second of `GET /api/billing/summary`, 50 connections : a bare handler with its HMGETs',
        median(ratios),
        '≥ 0.7',
      ),
      { what: 'the same', value: `${median(ours).toFixed(0)} a second`, bound: '' },
    ];
  } finally {
    await serve.stop();
    await bare.stop();
  }
}

async function loadFor(port: number, path: string, seconds: number): Promise<Load> {
  const args = [load, String(port), path, String(CONNECTIONS), String(seconds)];
  const { stdout } = await timed(process.execPath, args);
  return JSON.parse(stdout) as Load;
}

async function measureAllUsers(redisUrl: string): Promise<Row[]> {
  const serve = await startServe(redisUrl);
  const env = { ...process.env, REDIS_URL: redisUrl };
  try {
    const ratios: number[] = [];
    for (let round = 0; round < DOWNLOADS; round++) {
      const command = await mangamotion(env, 'billing', 'all-users', '--json', '--quiet');
      const answer = await download(serve.port, '/api/billing/all-users');
      ratios.push(answer.seconds / command.seconds);
    }
    return [
      ratio(
        '`GET /api/billing/all-users`, 100,000 users : `billing all-users --json`',
        median(ratios),
        '≤ 1.1',
      ),
      {
        what: 'peak memory of the server, after five of them',
        value: `${peakOf(serve.pid).toFixed(0)} MiB`,
        bound: '≤ 150 MB',
      },
    ];
  } finally {
    await serve.stop();
  }
}

/** Reads the answer as it comes, and keeps none of it. */
async function download(port: number, path: string): Promise<{ seconds: number; bytes: number }> {
  const begin = performance.now();
  const asked = request({ host: '127.0.0.1', port, path, agent: false });
  asked.end();
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  if (response.statusCode !== 200) throw new Error(`${path}: ${String(response.statusCode)}`);
  let bytes = 0;
  for await (const chunk of response) bytes += (chunk as Buffer).length;
  return { seconds: (performance.now() - begin) / 1000, bytes };
}
