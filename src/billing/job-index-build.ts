import { isUtf8 } from 'node:buffer';
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { MangamotionError } from '../errors.js';
import type { WorkProgress } from '../progress.js';
import type { RedisReader } from '../redis/reader.js';
import { scanKeys } from '../redis/scan.js';
import { dayOf } from './calendar.js';
import type { OnProblem } from './counters.js';
import * as steps from './job-index-build-script.js';
import { withWritersHint } from './job-index-rights.js';
import {
  INDEX_JOBS_PREFIX,
  INDEX_KEYS,
  INDEX_STATE_KEYS,
  INDEX_STATE_PREFIX,
  JOB_KEYS,
  USER_KEYS,
  jobKey,
  jobOfKey,
} from './keys.js';
import { notAHash } from './problems.js';
import type { Script } from './script.js';

/** Records that one step takes: Redis is held up for about a millisecond. */
const A_STEP = 200;
/** Longer than a writer takes between two commands of a call. */
const SETTLE_MS = 1000;
/** How long after a build a user whom nobody knows may be taken for a new one: see job-index.ts. */
const NEWCOMER_DAYS = 60;
const DAY_MS = 86_400_000;

export interface BuildRequest {
  /** The time at which it begins. */
  now: Date;
  /** Life of the daily counters. */
  retentionDays: number;
  signal: AbortSignal;
  progress: WorkProgress;
  onProblem: OnProblem;
  /** How long it waits, once the records are copied, for writers that are between two commands. */
  settleMs?: number | undefined;
}

/**
 * Builds the indexes of all users while everybody goes on writing; see job-index.ts. Resolves to how
 * many jobs were removed because their records are gone. Rejects with `locked` where another build
 * begins meanwhile, and with `access_denied` without the rights to write. An index that can be trusted
 * stays so from beginning to end; where the build is broken off, the others are not trusted.
 */
export async function buildJobIndex(
  redis: RedisReader,
  request: BuildRequest,
): Promise<{ removed: number }> {
  const build = new Build(redis, request);
  try {
    await build.begin();
    await build.copyRecords();
    await delay(request.settleMs ?? SETTLE_MS, undefined, { signal: request.signal });
    await build.addJobs();
    const removed = await build.sweepAndComplete();
    await build.end();
    return { removed };
  } catch (error) {
    throw withWritersHint(error);
  }
}

class Build {
  readonly #redis: RedisReader;
  readonly #request: BuildRequest;
  readonly #token = randomUUID();

  constructor(redis: RedisReader, request: BuildRequest) {
    this.#redis = redis;
    this.#request = request;
  }

  async begin(): Promise<void> {
    await steps.beginScript.run(this.#redis, [], [this.#token]);
  }

  async copyRecords(): Promise<void> {
    await this.#each('copying totals', USER_KEYS, (keys) => this.#inSteps(steps.copyScript, keys));
    await this.#each('looking for indexes', INDEX_STATE_KEYS, (keys) =>
      this.#inSteps(steps.orphanScript, keys),
    );
  }

  async addJobs(): Promise<void> {
    await this.#each('indexing jobs', JOB_KEYS, async (keys) => {
      const texts = keys.filter((key) => isUtf8(key));
      const others = keys.filter((key) => !isUtf8(key));
      await Promise.all([
        ...slices(texts).map(async (some) => {
          for (const place of (await this.#step(steps.addScript, some)) as number[]) {
            const key = some[place - 1];
            if (key !== undefined) this.#request.onProblem(notAHash(jobKey(jobOfKey(key))));
          }
        }),
        this.#inSteps(steps.refuseScript, others),
      ]);
    });
  }

  /** Any order will do: all jobs have been added. */
  async sweepAndComplete(): Promise<number> {
    let removed = 0;
    await this.#each('removing jobs that are gone', INDEX_KEYS, async (keys) => {
      const indexes = keys.filter((key) => hasPrefix(key, INDEX_JOBS_PREFIX));
      const states = keys.filter((key) => hasPrefix(key, INDEX_STATE_PREFIX));
      const counts = await Promise.all(indexes.map((key) => this.#sweep(key)));
      removed += counts.reduce((sum, count) => sum + count, 0);
      await this.#inSteps(steps.completeScript, states);
    });
    return removed;
  }

  async end(): Promise<void> {
    const { now, retentionDays } = this.#request;
    const dayAt = (days: number) => dayOf(new Date(now.getTime() + days * DAY_MS));
    // A clock may be a day behind; what has no day any more cannot tell.
    const last = Math.min(NEWCOMER_DAYS, retentionDays - 2);
    await this.#step(steps.endScript, [], now.toISOString(), dayAt(-1), dayAt(last));
  }

  async #sweep(key: Buffer): Promise<number> {
    let removed = 0;
    // What moves to another place meanwhile may be passed over: then the next build removes it.
    for (let from = 0; ;) {
      const reply = await this.#step(steps.sweepScript, [key], from, from + A_STEP - 1);
      const [seen = 0, gone = 0] = reply as number[];
      removed += gone;
      if (seen < A_STEP) return removed;
      from += seen - gone;
      this.#request.signal.throwIfAborted();
    }
  }

  async #each(
    label: string,
    pattern: string,
    work: (keys: readonly Buffer[]) => Promise<void>,
  ): Promise<void> {
    const { progress, signal } = this.#request;
    progress.start(label);
    let objects = 0;
    for await (const keys of scanKeys(this.#redis, pattern, signal)) {
      await work(keys);
      objects += keys.length;
      progress.update({ objects });
    }
  }

  async #inSteps(script: Script, keys: readonly Buffer[]): Promise<void> {
    await Promise.all(slices(keys).map((some) => this.#step(script, some)));
  }

  async #step(
    script: Script,
    keys: readonly Buffer[],
    ...args: (string | number)[]
  ): Promise<unknown> {
    const reply = await script.run(this.#redis, keys, [this.#token, ...args]);
    if (reply !== -1) return reply;
    throw new MangamotionError('locked', 'another run builds or removes the index of jobs', {
      hint: 'wait for it; what it has built is trusted, and nothing of this run is',
    });
  }
}

function slices(keys: readonly Buffer[]): Buffer[][] {
  const count = Math.ceil(keys.length / A_STEP);
  return Array.from({ length: count }, (_none, at) => keys.slice(at * A_STEP, (at + 1) * A_STEP));
}

function hasPrefix(key: Buffer, prefix: string): boolean {
  return key.subarray(0, prefix.length).toString('latin1') === prefix;
}
