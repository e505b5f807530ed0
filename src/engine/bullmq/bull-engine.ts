import type { Redis } from 'ioredis';
import { MangamotionError } from '../../errors.js';
import type { RedisTarget } from '../../redis/connect.js';
import { readEviction } from '../../redis/eviction.js';
import type { AnsweredOffer, Attempt, Engine, EngineView, Offer } from '../../workers/engine.js';
import type { Work, WorkerJob } from '../../workers/work.js';
import { JOB_FORMAT, readAnswer, readFailure, readProgress } from './messages.js';
import { QueueConnection } from './queue-connection.js';
import {
  HEAD_MS,
  MOST_EVENTS,
  type RunKey,
  headKeyOf,
  jobIdOf,
  keyOf,
  offerOf,
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

/** Jobs that one transaction adds or removes: others wait meanwhile. */
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

/** When a report was first seen, by the clock of the head. */
interface Heard {
  text: string | null;
  atMs: number;
}

type Failure = EngineView['failed'][number];

/**
 * Offers work as plain jobs of a BullMQ queue. Each call is a bounded number of commands on one
 * connection:
 *
 * - `offer`: one script for each offer, in transactions of 200; for a later attempt, what is left of
 *   earlier ones is removed before.
 * - `look`: a sign of life, a transaction of four reads, then one HMGET for each job that is worked on, and for each new
 *   failure and answer. CLIENT LIST every 5 s.
 * - `close`: a transaction of four reads, then a script for each 200 jobs, and two commands for what is
 *   left.
 */
class BullEngine implements Engine<Work> {
  readonly name: string;
  readonly #options: BullEngineOptions;
  readonly #connection: QueueConnection;
  readonly #heard = new Map<string, Heard>();
  readonly #failures = new Map<string, Failure>();
  readonly #answers = new Map<string, AnsweredOffer>();
  #workers: { count: number | undefined; atMs: number } | undefined;

  constructor(options: BullEngineOptions, connection: QueueConnection) {
    this.#options = options;
    this.#connection = connection;
    this.name = `the queue ${options.queue} at ${options.target.text}`;
  }

  async offer(offers: readonly Offer<Work>[]): Promise<void> {
    if (offers.length === 0) return;
    await this.#connection.use(async ({ redis, queue }) => {
      await this.#showLife(redis);
      await this.#removeEarlier(redis, offers);
      // After a flush BullMQ would keep many more.
      await redis.hset(this.#key('meta'), 'opts.maxLenEvents', MOST_EVENTS);
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
      const { waiting, active, failed, completed } = await this.#jobsOf(redis);
      const working = await this.#working(redis, active);
      const failures = await this.#failed(redis, failed);
      const attempts = latestAttempts([...waiting, ...active, ...failed]);
      const isLatest = ({ number, attempt }: Attempt) => attempts.get(number) === attempt;
      const answered = await this.#answered(redis, completed);
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

  #key(suffix: string): string {
    return keyOf(this.#options.queue, suffix);
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

  /** Resolves to the jobs of this head, as they are at one moment. */
  async #jobsOf(redis: Redis): Promise<Jobs> {
    const [waiting, active, failed, completed] = await inTransaction(redis, [
      ['lrange', this.#key('wait'), '0', '-1'],
      ['lrange', this.#key('active'), '0', '-1'],
      ['zrange', this.#key('failed'), '0', '-1'],
      ['zrange', this.#key('completed'), '0', '-1'],
    ]);
    const own = (ids: unknown) => this.#own(ids);
    return {
      ...{ waiting: own(waiting), active: own(active) },
      ...{ failed: own(failed), completed: own(completed) },
    };
  }

  #own(ids: unknown): Attempt[] {
    if (!Array.isArray(ids)) return [];
    return ids.flatMap((id: unknown) => {
      const offer = typeof id === 'string' ? offerOf(this.#options, id) : undefined;
      return offer === undefined ? [] : [offer];
    });
  }

  async #working(redis: Redis, active: readonly Attempt[]): Promise<EngineView['working']> {
    const fields = await this.#fieldsOf(redis, active, 'progress');
    const nowMs = performance.now();
    const ids = new Set(active.map((offer) => jobIdOf(this.#options, offer)));
    for (const id of this.#heard.keys()) if (!ids.has(id)) this.#heard.delete(id);
    return active.map((offer, at) => {
      const id = jobIdOf(this.#options, offer);
      const text = fields[at]?.[0] ?? null;
      const before = this.#heard.get(id);
      const heard = before?.text === text ? before : { text, atMs: nowMs };
      this.#heard.set(id, heard);
      const progress = readProgress(text);
      const silentMs = nowMs - heard.atMs;
      return {
        ...offer,
        worker: progress?.worker ?? '',
        objects: progress?.objects ?? 0,
        bytes: progress?.bytes ?? 0,
        elapsedMs: Math.round((progress?.elapsed_ms ?? 0) + silentMs),
        silentMs: Math.round(silentMs),
      };
    });
  }

  async #failed(redis: Redis, failed: readonly Attempt[]): Promise<Failure[]> {
    const idOf = (offer: Attempt) => jobIdOf(this.#options, offer);
    const unknown = failed.filter((offer) => !this.#failures.has(idOf(offer)));
    const fields = await this.#fieldsOf(redis, unknown, 'failedReason', 'progress');
    for (const [at, offer] of unknown.entries()) {
      const [reason = null, progress = null] = fields[at] ?? [];
      const worker = readProgress(progress)?.worker ?? '';
      this.#failures.set(idOf(offer), { ...offer, worker, ...readFailure(reason) });
    }
    const known = failed.map((offer) => this.#failures.get(idOf(offer)));
    return known.filter((failure) => failure !== undefined);
  }

  /** An answer that cannot be read is none: the work is then offered again. */
  async #answered(redis: Redis, completed: readonly Attempt[]): Promise<AnsweredOffer[]> {
    const idOf = (offer: Attempt) => jobIdOf(this.#options, offer);
    const unknown = completed.filter((offer) => !this.#answers.has(idOf(offer)));
    const fields = await this.#fieldsOf(redis, unknown, 'returnvalue');
    for (const [at, offer] of unknown.entries()) {
      const result = readAnswer(fields[at]?.[0] ?? null);
      if (result !== undefined) this.#answers.set(idOf(offer), { ...offer, result });
    }
    return [...this.#answers.values()];
  }

  async #fieldsOf(
    redis: Redis,
    offers: readonly Attempt[],
    ...fields: string[]
  ): Promise<(string | null)[][]> {
    if (offers.length === 0) return [];
    const keys = offers.map((offer) => this.#key(jobIdOf(this.#options, offer)));
    const replies = await redis.pipeline(keys.map((key) => ['hmget', key, ...fields])).exec();
    return answersOf(replies) as (string | null)[][];
  }

  /** Removes earlier attempts of the offers that nobody works on. */
  async #removeEarlier(redis: Redis, offers: readonly Offer<Work>[]): Promise<void> {
    const later = new Map(offers.map(({ number, attempt }) => [number, attempt]));
    if (offers.every(({ attempt }) => attempt === 1)) return;
    const { waiting, failed } = await this.#jobsOf(redis);
    const isEarlier = ({ number, attempt }: Attempt) => attempt < (later.get(number) ?? 0);
    await this.#remove(redis, [...waiting, ...failed].filter(isEarlier), ['wait', 'failed']);
  }

  /**
   * Removes all jobs of the head, also those that are worked on: a worker that finds its job gone ends its
   * work. Then removes what a queue without jobs does not need.
   */
  async #removeAll(redis: Redis): Promise<void> {
    const { waiting, active, failed, completed } = await this.#jobsOf(redis);
    const all = [...waiting, ...active, ...failed, ...completed];
    await this.#remove(redis, all, ['wait', 'failed', 'active', 'completed']);
    await redis.del(headKeyOf(this.#options.queue, this.#options));
    await redis.eval(TIDY, 1, this.#key(''));
  }

  /** Removes jobs that are in one of the places; those that are elsewhere by now stay. */
  async #remove(
    redis: Redis,
    offers: readonly Attempt[],
    places: readonly string[],
  ): Promise<void> {
    for (let from = 0; from < offers.length; from += MOST_AT_ONCE) {
      const some = offers.slice(from, from + MOST_AT_ONCE);
      const ids = some.map((offer) => jobIdOf(this.#options, offer));
      await redis.eval(REMOVE, 1, this.#key(''), String(places.length), ...places, ...ids);
    }
  }
}

/**
 * Removes jobs, also locked ones, which BullMQ's own script refuses. The lists are read from their left,
 * so that each job is found at once.
 */
const REMOVE = `
local prefix = KEYS[1]
local places = tonumber(ARGV[1])
for at = places + 2, #ARGV do
  local id = ARGV[at]
  local found = 0
  for place = 2, places + 1 do
    local key = prefix .. ARGV[place]
    if ARGV[place] == 'failed' or ARGV[place] == 'completed' then found = found + redis.call('zrem', key, id)
    else found = found + redis.call('lrem', key, 1, id) end
  end
  if found > 0 then
    redis.call('srem', prefix .. 'stalled', id)
    redis.call('del', prefix .. id, prefix .. id .. ':lock')
  end
end`;

/** Removes the other keys of a queue that has no job. One that somebody has paused stays so. */
const TIDY = `
local prefix = KEYS[1]
for _, place in ipairs({'wait', 'active', 'failed', 'completed', 'delayed', 'prioritized', 'paused'}) do
  if redis.call('exists', prefix .. place) == 1 then return 0 end
end
for _, name in ipairs({'id', 'events', 'stalled', 'marker'}) do redis.call('del', prefix .. name) end
if redis.call('hexists', prefix .. 'meta', 'paused') == 0 then redis.call('del', prefix .. 'meta') end
return 1`;

type Jobs = Record<'waiting' | 'active' | 'failed' | 'completed', Attempt[]>;

function latestAttempts(offers: readonly Attempt[]): Map<number, number> {
  const latest = new Map<number, number>();
  for (const { number, attempt } of offers)
    latest.set(number, Math.max(attempt, latest.get(number) ?? 0));
  return latest;
}

async function inTransaction(redis: Redis, commands: unknown[][]): Promise<unknown[]> {
  if (commands.length === 0) return [];
  return answersOf(await redis.multi(commands).exec());
}

function answersOf(replies: [Error | null, unknown][] | null): unknown[] {
  if (replies === null) throw new MangamotionError('unreachable', 'Redis gave up a transaction');
  return replies.map(([error, value]) => {
    if (error !== null) throw error;
    return value;
  });
}
