import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmSync } from 'node:fs';
import process from 'node:process';
import { startRedisServer } from '../helpers/redis-server.js';
import { type Row, ratio } from './measurements.js';
import { type Timed, mangamotion, program } from './processes.js';
import { type FarStore, inRounds, newestIn, withStore } from './workers.js';

const FLEETS = [1, 4];
/** Two for each of the largest fleet: each starts a process, and all share two processors here. */
const SHARDS = ['--engine', 'bullmq', '--shards', '8'];
/** 1.2 GB. */
const FULL: FarStore = { objects: 4000, bytesPerSecond: 500_000 };
const BACK: FarStore = { objects: 4000, bytesPerSecond: 2_000_000 };

/**
 * Worker processes as they run on other machines: `backup worker`, one shard and one thread each. Their
 * head, Redis and the store are on this machine too.
 */
export async function measureFleet(): Promise<Row[]> {
  const server = await startRedisServer();
  try {
    const redis = { REDIS_URL: server.url };
    const captured = await withStore(FULL, (env, backups) =>
      measureCapture({ ...env, ...redis }, backups),
    );
    const back = await withStore(BACK, async (env, backups) => {
      await backUp({ ...env, ...redis }, backups, 4);
      return await measureBack({ ...env, ...redis }, newestIn(backups));
    });
    return [...captured, ...back];
  } finally {
    await server.stop();
  }
}

async function measureCapture(env: NodeJS.ProcessEnv, backups: string): Promise<Row[]> {
  const runs = await inRounds(FLEETS, async (size) => {
    const made = await backUp(env, backups, size);
    rmSync(backups, { recursive: true });
    return made;
  });
  return rowsOf('backup full', runs, '≥ 3.5');
}

async function backUp(env: NodeJS.ProcessEnv, backups: string, size: number): Promise<Timed> {
  mkdirSync(backups, { recursive: true });
  const words = ['backup', 'full', backups, '--bucket', 'far', '--quiet', '--no-prune'];
  return await withFleet(env, backups, size, () => mangamotion(env, ...words, ...SHARDS));
}

/** Of a backup of 8 parts: one archive has one reader, however many workers there are. */
async function measureBack(env: NodeJS.ProcessEnv, id: string): Promise<Row[]> {
  const backup = `s3://archives/${id}`;
  let targets = 0;
  const verifies = await inRounds(FLEETS, (size) =>
    withFleet(env, 's3://archives', size, () =>
      mangamotion(env, 'backup', 'verify', backup, '--quiet', ...SHARDS),
    ),
  );
  const restores = await inRounds(FLEETS, (size) =>
    withFleet(env, 's3://archives', size, () => {
      const into = ['--as', `far=back-${targets++}`];
      return mangamotion(env, 'restore', backup, '--quiet', ...into, ...SHARDS);
    }),
  );
  return [...rowsOf('backup verify', verifies, ''), ...rowsOf('restore', restores, '≥ 3')];
}

function rowsOf(
  command: string,
  { seconds }: { seconds: (size: number) => number },
  bound: string,
): Row[] {
  const what = `\`${command} --engine bullmq\` with`;
  return [
    ratio(`${what} 1 worker : with 4`, seconds(1) / seconds(4), bound),
    { what: `${what} 4 workers`, value: `${seconds(4).toFixed(1)} s`, bound: '' },
  ];
}

/** Starts workers, waits until they listen, and ends them afterwards. */
async function withFleet(
  env: NodeJS.ProcessEnv,
  destination: string,
  size: number,
  work: () => Promise<Timed>,
): Promise<Timed> {
  const workers = Array.from({ length: size }, () => startWorker(env, destination));
  try {
    await Promise.all(workers.map(untilItListens));
    return await work();
  } finally {
    await Promise.all(workers.map(end));
  }
}

function startWorker(env: NodeJS.ProcessEnv, destination: string): ChildProcess {
  const words = ['backup', 'worker', destination, '--concurrency', '1', '--workers', '1'];
  return spawn(process.execPath, [program, ...words, '--restore'], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

async function untilItListens({ stdout }: ChildProcess): Promise<void> {
  let log = '';
  while (!log.includes('the worker listens')) {
    const [piece] = (await once(stdout as NodeJS.ReadableStream, 'data')) as [Buffer];
    log += piece.toString();
  }
  stdout?.resume();
}

async function end(worker: ChildProcess): Promise<void> {
  if (worker.exitCode !== null) throw new Error('a worker has ended by itself');
  const exited = once(worker, 'exit');
  worker.kill();
  await exited;
}
