import type { Job, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import { MangamotionError, isMangamotionError, messageOf } from '../../errors.js';
import type { RedisTarget } from '../../redis/connect.js';
import { reconnecting } from '../../redis/reconnecting.js';
import type { WorkDone, WorkHooks, WorkerJob } from '../../workers/work.js';
import { type Bull, loadBullMQ } from './load.js';
import { failureText, readJob } from './messages.js';
import { HEADLESS, watchHead } from './head-watch.js';
import { ProgressReports } from './progress-reports.js';
import {
  HEAD_MS,
  LOCK_MS,
  PROGRESS_EVERY_MS,
  QUEUE_PREFIX,
  STALLED_EVERY_MS,
  headKeyOf,
  processName,
  slotName,
} from './queue.js';

/** Does the work of a job. Rejects with the reason of the signal soon after that is aborted. */
export type DoWork = (job: WorkerJob, hooks: WorkHooks) => Promise<WorkDone>;

/** The log of the worker, with the methods of pino. */
interface WorkerLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

export interface BullWorkerOptions {
  target: RedisTarget;
  /** The name of the queue, without the prefix. */
  queue: string;
  /** How many shards are worked on at once. */
  slots: number;
  host: string;
  pid: number;
  /** Name and version of this program: jobs of another version are refused. */
  tool: string;
  work: DoWork;
  log: WorkerLog;
  /** For tests. */
  times?: Partial<Record<keyof typeof TIMES, number>>;
}

const TIMES = {
  lockMs: LOCK_MS,
  stalledEveryMs: STALLED_EVERY_MS,
  progressEveryMs: PROGRESS_EVERY_MS,
  /** The pause after a shard failed; it doubles with each failure after another, up to the longest. */
  firstPauseMs: 5_000,
  longestPauseMs: 60_000,
  /** How long the last answers of Redis are waited for when the worker ends. */
  closeMs: 5_000,
  /** How long work that is for its head alone goes on while Redis does not tell whether that lives. */
  headMs: HEAD_MS,
} as const satisfies Record<string, number>;

/** What the worker has done, for its health and its metrics. */
export interface WorkerState {
  running: number;
  done: number;
  failed: number;
  givenBack: number;
  isConnected: boolean;
  isEnding: boolean;
}

/** Why a shard ends before it is done. */
type Ending = 'lost' | 'ending';

class Ended extends MangamotionError {
  readonly why: Ending;

  constructor(why: Ending, message: string) {
    super('terminated', message);
    this.why = why;
  }
}

interface Running {
  job: Job;
  /** For the log: of which shard it is, once its data has been read. */
  about: object;
  /** Whether its failure says something about this worker, which then pauses. */
  mayBlame: boolean;
  slot: number;
  controller: AbortController;
}

/**
 * Listens for shards. What goes wrong with Redis later is logged, and tried again without end. Rejects with
 * `configuration` if BullMQ is not installed.
 */
export async function startBullWorker(options: BullWorkerOptions): Promise<BullWorker> {
  return new BullWorker(options, await loadBullMQ());
}

export class BullWorker {
  readonly #options: BullWorkerOptions;
  readonly #bull: Bull;
  readonly #times: Record<keyof typeof TIMES, number>;
  readonly #redis: Redis;
  readonly #worker: Worker;
  readonly #name: string;
  readonly #running = new Map<string, Running>();
  readonly #counts = { done: 0, failed: 0, givenBack: 0 };
  #failuresInARow = 0;
  #pause: NodeJS.Timeout | undefined;
  #isEnding = false;
  #lostAtMs: number | undefined;

  constructor(options: BullWorkerOptions, bull: Bull) {
    const { target, queue, slots, host, pid } = options;
    this.#options = options;
    this.#bull = bull;
    this.#times = { ...TIMES, ...options.times };
    this.#name = processName(host, pid, slots);
    this.#redis = reconnecting(target);
    this.#watchConnection();
    this.#worker = new bull.Worker(queue, (job: Job, token) => this.#process(job, token), {
      connection: this.#redis,
      prefix: QUEUE_PREFIX,
      name: this.#name,
      concurrency: slots,
      lockDuration: this.#times.lockMs,
      stalledInterval: this.#times.stalledEveryMs,
      // A job whose worker was lost fails, and the head offers another attempt, which it counts.
      maxStalledCount: 0,
      skipVersionCheck: true,
    });
    // Each failure of the connection, and of locks, which are dealt with below.
    this.#worker.on('error', () => undefined);
    this.#worker.on('lockRenewalFailed', (ids) => {
      for (const id of ids) this.#lose(id, 'the lock of the job was lost');
    });
  }

  get state(): WorkerState {
    return {
      running: this.#running.size,
      ...this.#counts,
      isConnected: this.#lostAtMs === undefined && this.#redis.status === 'ready',
      isEnding: this.#isEnding,
    };
  }

  /**
   * Takes no more shards, and lets those that are worked on end within `graceMs`; then they are given back.
   * Never rejects, and ends some seconds later at the latest, also without Redis.
   */
  async end(graceMs: number): Promise<void> {
    this.#isEnding = true;
    clearTimeout(this.#pause);
    // Jobs end while it waits. It has no end without Redis: https://github.com/taskforcesh/bullmq/issues/4656
    const closed = this.#worker.close().catch(() => undefined);
    const timer = setTimeout(() => this.#giveBack(), graceMs);
    await this.#idle();
    clearTimeout(timer);
    await within(closed, this.#times.closeMs);
    this.#redis.disconnect();
  }

  async #idle(): Promise<void> {
    while (this.#running.size > 0) await new Promise<void>((resolve) => (this.#onIdle = resolve));
  }

  #onIdle: () => void = () => undefined;

  #giveBack(): void {
    if (this.#running.size === 0) return;
    this.#options.log.warn(
      { shards: this.#running.size },
      'the grace is over: shards are given back',
    );
    for (const { controller } of this.#running.values())
      controller.abort(new Ended('ending', 'the worker ends'));
  }

  #lose(id: string, why: string): void {
    const running = this.#running.get(id);
    if (running === undefined || running.controller.signal.aborted) return;
    running.controller.abort(new Ended('lost', why));
  }

  /** Says once that Redis is away, and when it is back. */
  #watchConnection(): void {
    const { log, target } = this.#options;
    let reason = 'the connection was closed';
    this.#redis.on('error', (error: unknown) => (reason = messageOf(error)));
    this.#redis.on('close', () => {
      if (this.#lostAtMs !== undefined || this.#isEnding) return;
      this.#lostAtMs = performance.now();
      // The reason comes with the first attempt to connect again.
      setImmediate(() => log.warn({ redis: target.text, reason }, 'Redis is away: trying again'));
    });
    this.#redis.on('ready', () => {
      if (this.#lostAtMs === undefined) return;
      const seconds = Math.round((performance.now() - this.#lostAtMs) / 1000);
      this.#lostAtMs = undefined;
      reason = 'the connection was closed';
      log.info({ redis: target.text, seconds }, 'Redis is back');
    });
  }

  /** Works on a job, as BullMQ wants it: an error is the reason of its failure. */
  async #process(job: Job, token = ''): Promise<WorkDone> {
    const id = job.id ?? '';
    const running: Running = {
      ...{ job, about: { job: id }, mayBlame: false, slot: this.#freeSlot() },
      controller: new AbortController(),
    };
    this.#running.set(id, running);
    try {
      const done = await this.#work(running);
      this.#counts.done += 1;
      this.#failuresInARow = 0;
      return done;
    } catch (error) {
      throw await this.#failureOf(error, running, token);
    } finally {
      this.#running.delete(id);
      if (this.#running.size === 0) this.#onIdle();
    }
  }

  async #work(running: Running): Promise<WorkDone> {
    const { job, slot, controller } = running;
    const { log, tool, queue, work } = this.#options;
    const shard = readJob(job.data);
    const { kind, run, number, attempt } = shard;
    const about = { kind, run, shard: number, attempt };
    running.about = about;
    running.mayBlame = true;
    if (shard.tool !== tool) {
      throw new MangamotionError(
        'refused',
        `the head is ${shard.tool}, and this worker is ${tool}`,
        {
          hint: 'Run the same version of this program on the head and on all workers.',
        },
      );
    }
    // A capture goes on without its head, whose successor takes the part. Everything else is for this head alone.
    const needsHead = kind !== 'capture';
    const hasHead = async () => (await this.#redis.exists(headKeyOf(queue, shard))) === 1;
    if (needsHead && !(await hasHead())) {
      running.mayBlame = false;
      throw new MangamotionError('refused', HEADLESS, { hint: 'Run the head again.' });
    }
    log.info(about, 'a shard begins');
    const lose = (why: string) => this.#lose(job.id ?? '', why);
    const report = new ProgressReports(job, slotName(this.#name, slot), {
      everyMs: this.#times.progressEveryMs,
      onGone: () => lose('the job is gone: the run has ended, or Redis was emptied'),
    });
    const watch = needsHead ? watchHead(hasHead, lose, this.#times) : undefined;
    try {
      const { signal } = controller;
      const onProgress: WorkHooks['onProgress'] = (counts) => report.update(counts);
      const warn = (reason: string) => log.warn({ ...about, reason }, 'a warning about a shard');
      const done = await work(shard, { signal, onProgress, warn });
      const { part, objects, bytes } = done;
      const seconds = Math.round(report.elapsedMs / 1000);
      const named = part === undefined ? {} : { part };
      log.info({ ...about, ...named, objects, bytes, seconds }, 'a shard is done');
      return done;
    } finally {
      clearInterval(watch);
      report.stop();
    }
  }

  /** Returns what BullMQ is told of a job that was not done. */
  async #failureOf(
    error: unknown,
    { job, about, mayBlame, controller }: Running,
    token: string,
  ): Promise<Error> {
    const reason: unknown = controller.signal.aborted ? controller.signal.reason : error;
    const { log } = this.#options;
    if (reason instanceof Ended && reason.why === 'ending') {
      this.#counts.givenBack += 1;
      log.info(about, 'a shard is given back');
      await within(job.moveToWait(token), this.#times.closeMs);
      return new this.#bull.WaitingError();
    }
    const failure = {
      code: isMangamotionError(reason) ? reason.code : ('internal' as const),
      message: messageOf(reason),
    };
    if (reason instanceof Ended) {
      log.warn({ ...about, reason: failure.message }, 'a shard was taken away');
    } else {
      this.#counts.failed += 1;
      log.warn({ ...about, code: failure.code, reason: failure.message }, 'a shard failed');
      if (mayBlame) this.#pauseAfterFailure();
    }
    return new this.#bull.UnrecoverableError(failureText(failure));
  }

  /** A worker on which everything fails must not take all attempts of all shards from the others. */
  #pauseAfterFailure(): void {
    this.#failuresInARow += 1;
    if (this.#isEnding) return;
    const { firstPauseMs, longestPauseMs } = this.#times;
    const ms = Math.min(firstPauseMs * 2 ** Math.min(this.#failuresInARow - 1, 10), longestPauseMs);
    clearTimeout(this.#pause);
    this.#pause = setTimeout(() => void this.#worker.resume(), ms);
    void this.#worker.pause(true);
  }

  #freeSlot(): number {
    const taken = new Set([...this.#running.values()].map(({ slot }) => slot));
    let slot = 1;
    while (taken.has(slot)) slot += 1;
    return slot;
  }
}

/** Resolves when the work has settled, or after so long. */
async function within(work: Promise<unknown>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise((resolve) => (timer = setTimeout(resolve, ms)));
  await Promise.race([work.catch(() => undefined), late]);
  clearTimeout(timer);
}
