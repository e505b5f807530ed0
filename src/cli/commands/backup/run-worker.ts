import { hostname } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { startBullWorker } from '../../../engine/bullmq/bull-worker.js';
import { loadBullMQ } from '../../../engine/bullmq/load.js';
import { QUEUE_PREFIX } from '../../../engine/bullmq/queue.js';
import { type WorkProgram, workInChild } from '../../../engine/child/work-in-child.js';
import { redisTarget } from '../../../redis-target.js';
import { refuseCluster } from '../../../redis/cluster.js';
import { readEviction } from '../../../redis/eviction.js';
import type { ListenAddress } from '../../../schedule/notify/listen.js';
import { type CommandContext } from '../../argv/command.js';
import { MangamotionError, isMangamotionError } from '../../../errors.js';
import type { ObjectStore } from '../../../object-store/port.js';
import { s3CodeOf } from '../../../object-store/store-errors.js';
import { openDaemonLog } from '../schedule/daemon-log.js';
import { SHARD_COMMAND } from './shard-command.js';
import { openShardContext, toolName } from './shard-context.js';
import { WorkerProbes } from './worker-probes.js';
import { readersFor } from './workers.js';

interface RunOptions {
  concurrency: number;
  queue: string;
  /** The threads of each process that works on a shard; `undefined`: as the settings say. */
  workers: number | undefined;
  graceMs: number;
  listen: ListenAddress | undefined;
  /** Whether this worker also takes shares of restores, which write to the store. */
  restore: boolean;
}

/** Checks everything that shards need, then listens until the signal comes. */
export async function runWorker(
  context: CommandContext,
  destination: string,
  { concurrency, queue, workers, graceMs, listen, restore }: RunOptions,
): Promise<void> {
  // What is missing is told before anything is connected to.
  await loadBullMQ();
  const target = redisTarget((await context.config()).redis);
  const checked = await context.connectRedis();
  await refuseCluster(checked.redis, `${QUEUE_PREFIX}:*`);
  const eviction = await readEviction(checked.redis);
  checked.close();
  // The processes that work on shards have connections of their own.
  const shard = await openShardContext(context, destination, 0);
  await checkKeys(shard.store);
  shard.store.close();
  const log = openDaemonLog(context);
  context.logTo(log);
  context.progress.done();
  const readers = await readersFor(context, workers);
  const probes = new WorkerProbes(() => worker.state);
  const endpoint =
    listen &&
    (await (await import('../../../schedule/notify/endpoint.js')).openEndpoint(listen, probes));
  const program = shardProgram(context, destination, readers);
  const worker = await startBullWorker({
    ...{ target, queue, log, tool: toolName() },
    slots: concurrency,
    host: hostname(),
    pid: process.pid,
    work: async (job, hooks) => {
      if (job.kind === 'restore' && !restore) throw restoresNothing();
      return await workInChild(program, job, hooks);
    },
  });
  const about = {
    ...{ queue, redis: target.text, destination: shard.destination.location },
    ...{ store: shard.store.endpoint, concurrency, restore, version: shard.tool },
  };
  log.info(
    endpoint === undefined ? about : { ...about, port: endpoint.port },
    'the worker listens',
  );
  if (eviction?.policy !== undefined) {
    const reason = `maxmemory-policy is ${eviction.policy}`;
    log.warn({ reason }, 'Redis removes keys when its memory is full: shards may begin again');
  }
  await aborted(context.signal);
  const { running } = worker.state;
  log.info({ running, grace_s: Math.round(graceMs / 1000) }, 'ending: current shards may go on');
  await worker.end(graceMs);
  await endpoint?.close();
  const { done, failed, givenBack } = worker.state;
  log.info({ done, failed, given_back: givenBack }, 'the worker has ended');
}

/**
 * With wrong keys a worker would fail at one shard after the other. Keys that may not list buckets are fine,
 * and so is a server that cannot. Rejects with `access_denied` or `unreachable`.
 */
async function checkKeys(store: Pick<ObjectStore, 'listBuckets'>): Promise<void> {
  try {
    await store.listBuckets();
  } catch (error) {
    const isDenied = isMangamotionError(error, 'access_denied');
    if (isDenied && s3CodeOf(error) === 'AccessDenied') return;
    if (isDenied || !isMangamotionError(error) || error.code === 'unreachable') throw error;
  }
}

const BIN = fileURLToPath(new URL('../../../../bin/mangamotion.js', import.meta.url));

/** The program that works on one shard, with the settings of this one. */
function shardProgram(
  { settingFlags, cwd }: CommandContext,
  destination: string,
  readers: number,
): WorkProgram {
  return {
    script: path.resolve(BIN),
    args: [
      SHARD_COMMAND,
      ...settingFlags,
      '--workers',
      String(Math.max(1, readers)),
      '--',
      destination,
    ],
    // Node.js 20 takes an --env-file of ours for one of its own unless `--` comes first.
    execArgv: [...process.execArgv, '--'],
    cwd,
  };
}

/** Who can write to Redis could otherwise have live objects overwritten by those of an old backup. */
function restoresNothing(): MangamotionError {
  return new MangamotionError('refused', 'this worker restores nothing', {
    hint: 'Start it with --restore, and with keys that may write to the store.',
  });
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
}
