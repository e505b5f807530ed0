import type { Redis } from 'ioredis';
import { MangamotionError } from '../../errors.js';
import type { AnsweredOffer, Attempt, EngineView } from '../../workers/engine.js';
import { readAnswer, readFailure, readProgress } from './messages.js';
import { type RunKey, jobIdOf, keyOf, offerOf } from './queue.js';

/** When a report was first seen, by the clock of the head. */
interface Heard {
  text: string | null;
  atMs: number;
}

type Failure = EngineView['failed'][number];

/** The jobs of a head, by where they are. */
type Jobs = Record<'waiting' | 'active' | 'failed' | 'completed', Attempt[]>;

/** Reads the jobs of one head, and what workers have written into them. */
export class JobReader {
  readonly #queue: string;
  readonly #run: RunKey;
  readonly #heard = new Map<string, Heard>();
  readonly #failures = new Map<string, Failure>();
  readonly #answers = new Map<string, AnsweredOffer>();

  /** `queue`: its name, without the prefix. */
  constructor(queue: string, run: RunKey) {
    this.#queue = queue;
    this.#run = run;
  }

  /** Resolves to the jobs of this head, as they are at one moment. */
  async jobs(redis: Redis): Promise<Jobs> {
    const [waiting, active, failed, completed] = await inTransaction(redis, [
      ['lrange', keyOf(this.#queue, 'wait'), '0', '-1'],
      ['lrange', keyOf(this.#queue, 'active'), '0', '-1'],
      ['zrange', keyOf(this.#queue, 'failed'), '0', '-1'],
      ['zrange', keyOf(this.#queue, 'completed'), '0', '-1'],
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
      const offer = typeof id === 'string' ? offerOf(this.#run, id) : undefined;
      return offer === undefined ? [] : [offer];
    });
  }

  /** Resolves to how far the workers are with these jobs. */
  async working(redis: Redis, active: readonly Attempt[]): Promise<EngineView['working']> {
    const fields = await this.#fieldsOf(redis, active, 'progress');
    const nowMs = performance.now();
    const ids = new Set(active.map((offer) => jobIdOf(this.#run, offer)));
    for (const id of this.#heard.keys()) if (!ids.has(id)) this.#heard.delete(id);
    return active.map((offer, at) => {
      const id = jobIdOf(this.#run, offer);
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

  /** Resolves to why these jobs failed. Each is read once. */
  async failures(redis: Redis, failed: readonly Attempt[]): Promise<Failure[]> {
    const idOf = (offer: Attempt) => jobIdOf(this.#run, offer);
    // A later job may have the id of one that an earlier head of the run left behind.
    const ids = new Set(failed.map(idOf));
    for (const id of this.#failures.keys()) if (!ids.has(id)) this.#failures.delete(id);
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

  /**
   * Resolves to the answers of these jobs, and of all before them. One that cannot be read is none: the work is
   * then offered again.
   */
  async answers(redis: Redis, completed: readonly Attempt[]): Promise<AnsweredOffer[]> {
    const idOf = (offer: Attempt) => jobIdOf(this.#run, offer);
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
    const keys = offers.map((offer) => keyOf(this.#queue, jobIdOf(this.#run, offer)));
    const replies = await redis.pipeline(keys.map((key) => ['hmget', key, ...fields])).exec();
    return answersOf(replies) as (string | null)[][];
  }
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
