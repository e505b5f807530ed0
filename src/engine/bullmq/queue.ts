import type { Attempt } from '../../workers/engine.js';

/** Names and limits of the queue of work, and what is in its jobs. */

/** That of the live job queues is `bull`. */
export const QUEUE_PREFIX = 'mangamotion';

/**
 * How long a lock lives that nobody renews; a worker renews it after a half at the latest. Longer than a
 * Redis that restarts.
 */
export const LOCK_MS = 30_000;
/** How often workers look for jobs whose lock is gone. */
export const STALLED_EVERY_MS = 15_000;
/** How often a worker reports on a shard, also where nothing has changed. */
export const PROGRESS_EVERY_MS = 2_000;
/**
 * How long a head that shows no sign of life counts as alive. Then no worker begins or goes on with its shares:
 * a restore that nobody waits for any more must not overwrite what has been written since.
 */
export const HEAD_MS = 60_000;
/** Events of jobs, which nobody here reads, that BullMQ keeps. */
export const MOST_EVENTS = 100;

/** What tells the jobs of a run from those of others, who may have begun in the same second elsewhere. */
export interface RunKey {
  run: string;
  token: string;
}

/** Digits of the token: the id of a job is repeated in lists and events. */
const TOKEN_DIGITS = 8;

/** Returns the id of a job. BullMQ forbids `:` in it, and takes an integer for one of its own. */
export function jobIdOf(key: RunKey, { number, attempt }: Attempt) {
  return `${prefixOf(key)}${number}-${attempt}`;
}

/** Returns the offer that a job is; `undefined` if it is that of another run. */
export function offerOf(key: RunKey, id: string): Attempt | undefined {
  const prefix = prefixOf(key);
  if (!id.startsWith(prefix)) return undefined;
  const [, number, attempt] = /^(\d{1,9})-(\d{1,9})$/.exec(id.slice(prefix.length)) ?? [];
  if (number === undefined || attempt === undefined) return undefined;
  return { number: Number(number), attempt: Number(attempt) };
}

function prefixOf({ run, token }: RunKey): string {
  return `${run}-${token.slice(0, TOKEN_DIGITS)}-`;
}

/** Returns the key that exists as long as the head lives. */
export function headKeyOf(queue: string, key: RunKey): string {
  return keyOf(queue, `${prefixOf(key)}head`);
}

/** Returns a key of the queue, or of a job in it. */
export function keyOf(queue: string, suffix: string): string {
  return `${QUEUE_PREFIX}:${queue}:${suffix}`;
}

/**
 * Names a process of workers, as `host/pid/slots`: Redis forbids spaces and control characters in the name
 * of a client.
 */
export function processName(host: string, pid: number, slots: number): string {
  return `${host.replace(/[^!-.0-~]/g, '_').slice(0, 64)}/${pid}/${slots}`;
}

/** Names one of its workers, as `host/pid/slot`. */
export function slotName(worker: string, slot: number): string {
  return `${worker.slice(0, worker.lastIndexOf('/'))}/${slot}`;
}

/** Counts the workers of a queue in the answer to CLIENT LIST: a process has as many as it has slots. */
export function workersIn(clients: string, queue: string): number {
  const own = `${QUEUE_PREFIX}:${Buffer.from(queue).toString('base64')}:w:`;
  let count = 0;
  for (const line of clients.split('\n')) {
    const name = /(?:^| )name=(\S*)/.exec(line)?.[1];
    if (name?.startsWith(own) !== true) continue;
    const slots = Number(/\/(\d{1,3})$/.exec(name)?.[1] ?? 1);
    count += slots;
  }
  return count;
}
