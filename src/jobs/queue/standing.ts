import { setTimeout as delay } from 'node:timers/promises';
import type { RedisReader } from '../../redis/reader.js';
import type { QueueState } from '../job.js';
import { listIdsAt } from './ids.js';
import type { Standing } from './job.js';
import { NO_STANDING } from './job.js';
import type { QueueAddress } from './layout.js';
import { keyOf } from './layout.js';
import { replies } from './values.js';

/** BullMQ 1 to 3 take a job in one step, and its lock in the next. */
const LOOK_AGAIN_MS = 100;

/** BullMQ keeps jobs of the same millisecond in order: the score is the time times this, and a number. */
const SCORES_PER_MS = 0x1000;

/**
 * Resolves to what other keys tell of the jobs, in their order. An active job without a lock is read again
 * a moment later, since it may just have begun or ended.
 */
export async function standingsOf(
  redis: RedisReader,
  queue: QueueAddress,
  jobs: readonly (readonly [id: string, state: QueueState])[],
): Promise<Standing[]> {
  const asked = jobs.flatMap(([id, state], index) => {
    const command = commandFor(queue, id, state);
    return command === undefined ? [] : [{ index, id, state, command }];
  });
  const standings = jobs.map(() => NO_STANDING);
  const answers = await replies(
    redis,
    asked.map(({ command }) => command),
  );
  const unlocked: { index: number; id: string }[] = [];
  for (const [at, { index, id, state }] of asked.entries()) {
    const answer = answers[at];
    if (state === 'delayed') {
      standings[index] = { ...NO_STANDING, dueAt: dueAt(answer) };
    } else if (state === 'waiting-children') {
      standings[index] = { ...NO_STANDING, childrenWaiting: Number(answer ?? 0) };
    } else {
      standings[index] = { ...NO_STANDING, stalled: false };
      if (answer === 0) unlocked.push({ index, id });
    }
  }
  for (const index of await stillWithoutLock(redis, queue, unlocked)) {
    standings[index] = { ...NO_STANDING, stalled: true };
  }
  return standings;
}

function commandFor(queue: QueueAddress, id: string, state: QueueState): string[] | undefined {
  if (state === 'delayed') return ['zscore', keyOf(queue, 'delayed'), id];
  if (state === 'waiting-children') return ['scard', keyOf(queue, `${id}:dependencies`)];
  if (state === 'active') return ['exists', keyOf(queue, `${id}:lock`)];
  return undefined;
}

function dueAt(score: unknown): Date | null {
  const time = new Date(Math.floor(Number(score ?? NaN) / SCORES_PER_MS));
  return Number.isNaN(time.getTime()) ? null : time;
}

async function stillWithoutLock(
  redis: RedisReader,
  queue: QueueAddress,
  jobs: readonly { index: number; id: string }[],
): Promise<number[]> {
  if (jobs.length === 0) return [];
  await delay(LOOK_AGAIN_MS);
  const locks = await replies(
    redis,
    jobs.map(({ id }) => ['exists', keyOf(queue, `${id}:lock`)]),
  );
  // After the locks: a job that has ended meanwhile is active no more.
  const active = await listIdsAt(redis, queue, 'active');
  return jobs.filter(({ id }, at) => locks[at] === 0 && active.has(id)).map(({ index }) => index);
}
