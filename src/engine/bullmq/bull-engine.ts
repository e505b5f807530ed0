import type { Redis } from 'ioredis';
import type { RedisTarget } from '../../redis/connect.js';
import { readEviction } from '../../redis/eviction.js';
import type { Attempt, Engine, EngineView, Offer } from '../../workers/engine.js';
import type { Work, WorkerJob } from '../../workers/work.js';
import { JOB_FORMAT } from './messages.js';
import { JobReader } from './job-reader.js';
import { QueueConnection } from './queue-connection.js';
import { removeJobs, tidyQueue } from './remove-jobs.js';
import {
  HEAD_MS,
  MOST_EVENTS,
  type RunKey,
  headKeyOf,
  jobIdOf,
  keyOf,
  workersIn,
} from './queue.js';

export interface BullEngineOptions extends RunKey {
  target: RedisTarget;
  /** The name of the queue, without the prefix. */
  queue: string;
  /** Name and version of this program: workers of another version refuse its jobs. */
  tool: string;
  warn: (line: string) => void;
  /** The time limit of one command; for tests. */
  commandTimeoutMs?: number;
}

/** Jobs that one transaction adds: others wait meanwhile. */
const MOST_AT_ONCE = 200;
/** How often the clients are counted, of which a server may have thousands. */
const COUNT_EVERY_MS = 5_000;
/** Where a head never comes back: what it left behind is removed with a later failure. */
const KEEP_FAILED = { age: 7 * 24 * 3600, count: 10_000 };

/**
 * Opens the queue for a head. Rejects with `configuration` if BullMQ is not installed, and with
 * `unreachable` or `access_denied` where Redis cannot be used.
 */
export async function openBullEngine(options: BullEngineOptions): Promise<Engine<Work>> {
  const connection = new QueueConnection(options);
  const eviction = await connection.use(({ redis }) => readEviction(redis));
  if (eviction?.policy !== undefined) {
    options.warn(
      `Redis at ${options.target.text} removes keys when its memory is full (maxmemory-policy ` +
        `${eviction.policy}): jobs that it removes are offered again`,
    );
  }
  return new BullEngine(options, connection);
}

/**
 * Offers work as plain jobs of a BullMQ queue. Each call is a bounded number of commands on one
 * connection:
 *
 * - `offer`: one script for each offer, in transactions of 200. Before the first, what an earlier head of the run
 *   left is removed; before a later attempt, what is left of earlier ones.
 * - `look`: a sign of life, a transaction of four reads, then one HMGET for each job that is worked on, and for each new
 *   failure and answer. CLIENT LIST every 5 s.
 * - `close`: a transaction of four reads, then a script for each 200 jobs, and two commands for what is
 *   left.
 */
class BullEngine implements Engine<Work> {
  readonly name: string;
  readonly #options: BullEngineOptions;
  readonly #connection: QueueConnection;
  readonly #reader: JobReader;
  #hasOffered = false;
  #workers: { count: number | undefined; atMs: number } | undefined;

  constructor(options: BullEngineOptions, connection: QueueConnection) {
    this.#options = options;
    this.#connection = connection;
    this.#reader = new JobReader(options.queue, options);
    this.name = `the queue ${options.queue} at ${options.target.text}`;
  }

  async offer(offers: readonly Offer<Work>[]): Promise<void> {
    if (offers.length === 0) return;
    await this.#connection.use(async ({ redis, queue }) => {
      await this.#showLife(redis);
      await this.#removeEarlier(redis, offers);
      // After a flush BullMQ would keep many more.
      await redis.hset(keyOf(this.#options.queue, 'meta'), 'opts.maxLenEvents', MOST_EVENTS);
      // The last that is added is the first that a worker gets.
      const fromLast = offers.toReversed();
      for (let from = 0; from < fromLast.length; from += MOST_AT_ONCE) {
        const some = fromLast.slice(from, from + MOST_AT_ONCE);
        await queue.addBulk(
          some.map((offer) => ({
            name: offer.kind,
            data: this.#jobOf(offer),
            opts: {
              jobId: jobIdOf(this.#options, offer),
              // The head counts attempts, each of which is a job of its own.
              attempts: 1,
              // Jobs that a head left behind when it was killed fail on each worker, and come last.
              lifo: true,
              // A part at the destination tells that a capture is done, and everything else answers.
              removeOnComplete: offer.kind === 'capture' ? true : KEEP_FAILED,
              removeOnFail: KEEP_FAILED,
              stackTraceLimit: 0,
            },
          })),
        );
      }
    });
  }

  async look(): Promise<EngineView> {
    return await this.#connection.use(async ({ redis }) => {
      await this.#showLife(redis);
      const workers = await this.#countWorkers(redis);
      const { waiting, active, failed, completed } = await this.#reader.jobs(redis);
      const working = await this.#reader.working(redis, active);
      const failures = await this.#reader.failures(redis, failed);
      const attempts = latestAttempts([...waiting, ...active, ...failed]);
      const isLatest = ({ number, attempt }: Attempt) => attempts.get(number) === attempt;
      const answered = await this.#reader.answers(redis, completed);
      return { workers, waiting, working, failed: failures.filter(isLatest), answered };
    });
  }

  async close(): Promise<void> {
    try {
      await this.#connection.use(({ redis }) => this.#removeAll(redis));
    } catch {
      // Jobs that stay are refused, or captured into parts that are then removed.
    }
    this.#connection.close();
  }

  #jobOf(offer: Offer<Work>): WorkerJob {
    const { run, token, tool } = this.#options;
    return { format: JOB_FORMAT, run, token, tool, ...offer };
  }

  async #showLife(redis: Redis): Promise<void> {
    await redis.set(headKeyOf(this.#options.queue, this.#options), '1', 'PX', HEAD_MS);
  }

  async #countWorkers(redis: Redis): Promise<number | undefined> {
    const nowMs = performance.now();
    if (this.#workers !== undefined && nowMs - this.#workers.atMs < COUNT_EVERY_MS)
      return this.#workers.count;
    let count: number | undefined;
    try {
      count = workersIn(String(await redis.call('CLIENT', 'LIST')), this.#options.queue);
    } catch (error) {
      // A user without the right to list clients.
      if (!(error instanceof Error) || error.name !== 'ReplyError') throw error;
    }
    this.#workers = { count, atMs: nowMs };
    return count;
  }

  /**
   * Removes earlier attempts of the offers that nobody works on. Before the first offers, it removes all that
   * a head of the same run has left: BullMQ ignores a job whose id is there.
   */
  async #removeEarlier(redis: Redis, offers: readonly Offer<Work>[]): Promise<void> {
    const later = new Map(offers.map(({ number, attempt }) => [number, attempt]));
    const isFirst = !this.#hasOffered;
    if (!isFirst && offers.every(({ attempt }) => attempt === 1)) return;
    const { waiting, failed } = await this.#reader.jobs(redis);
    const isEarlier = ({ number, attempt }: Attempt) =>
      isFirst || attempt < (later.get(number) ?? 0);
    await this.#remove(redis, [...waiting, ...failed].filter(isEarlier), ['wait', 'failed']);
    this.#hasOffered = true;
  }

  /**
   * Removes all jobs of the head, also those that are worked on: a worker that finds its job gone ends its
   * work. Then removes what a queue without jobs does not need.
   */
  async #removeAll(redis: Redis): Promise<void> {
    const { waiting, active, failed, completed } = await this.#reader.jobs(redis);
    const all = [...waiting, ...active, ...failed, ...completed];
    await this.#remove(redis, all, ['wait', 'failed', 'active', 'completed']);
    await redis.del(headKeyOf(this.#options.queue, this.#options));
    await tidyQueue(redis, this.#options.queue);
  }

  async #remove(
    redis: Redis,
    offers: readonly Attempt[],
    places: readonly string[],
  ): Promise<void> {
    const ids = offers.map((offer) => jobIdOf(this.#options, offer));
    await removeJobs(redis, this.#options.queue, ids, places);
  }
}

function latestAttempts(offers: readonly Attempt[]): Map<number, number> {
  const latest = new Map<number, number>();
  for (const { number, attempt } of offers)
    latest.set(number, Math.max(attempt, latest.get(number) ?? 0));
  return latest;
}
