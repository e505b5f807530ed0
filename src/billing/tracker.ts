import { createHash } from 'node:crypto';
import { MangamotionError } from '../errors.js';
import { unexpectedReply } from '../redis/errors.js';
import type { RedisReader } from '../redis/reader.js';
import { dayOf } from './calendar.js';
import { checkId, type TrackedEvent } from './event.js';
import { dayKey, eventKey, jobKey, userKey } from './keys.js';
import { TRACK_SCRIPT } from './track-script.js';

const SECONDS_PER_DAY = 86_400;
const JOB_LIFE_DAYS = 365;
const EVENT_LIFE_DAYS = 1;

const TRACK_SHA1 = createHash('sha1').update(TRACK_SCRIPT).digest('hex');

/** Whether a call counted. It does not if its event was counted within the last 24 hours. */
export interface Tracked {
  counted: boolean;
}

export interface TrackRequest {
  event: TrackedEvent;
  /** Calls of the same kind for the same job with the same id count once. */
  eventId: string | undefined;
  now: Date;
  /** How long daily counters live after the last call. */
  retentionDays: number;
}

/**
 * Adds an event to the counters of its user, its day (UTC) and its job, in one atomic step. Rejects
 * with `damaged`, and has then written nothing, where a counter holds no number.
 */
export async function track(redis: RedisReader, request: TrackRequest): Promise<Tracked> {
  const { event, eventId, now, retentionDays } = request;
  if (eventId !== undefined) checkId('the event id', eventId);
  const { userId, jobId, increments, jobFields } = event;
  const keys = [
    userKey(userId),
    dayKey(userId, dayOf(now)),
    jobKey(jobId),
    ...(eventId === undefined ? [] : [eventKey(event.kind, jobId, eventId)]),
  ];
  const fields = { ...jobFields, user_id: userId, timestamp: now.toISOString() };
  const args = [
    ...[retentionDays, JOB_LIFE_DAYS, EVENT_LIFE_DAYS].map((days) => days * SECONDS_PER_DAY),
    increments.length,
    ...increments.flatMap(({ kind, inJob, field, amount }) => [
      kind,
      inJob ? '1' : '0',
      field,
      amount,
    ]),
    ...Object.entries(fields).flat(),
  ];
  const reply = await runScript(redis, keys, args);
  // A connection with `stringNumbers` gives texts.
  if (reply === 1 || reply === '1') return { counted: true };
  // Only an event can have been counted before.
  if (eventId !== undefined && (reply === 0 || reply === '0')) return { counted: false };
  throw unexpectedReply(redis.server, 'EVALSHA');
}

async function runScript(
  redis: RedisReader,
  keys: readonly string[],
  args: readonly (string | number)[],
): Promise<unknown> {
  try {
    return await evaluate(redis, [keys.length, ...keys, ...args]);
  } catch (error) {
    if (!hasPrefix(error, 'BADCOUNTER')) throw error;
    const what = error.message.slice('BADCOUNTER '.length);
    throw new MangamotionError('damaged', `${what}: nothing was counted`, {
      hint: 'mangamotion billing audit names every such counter',
    });
  }
}

/** Sends the script itself only to a Redis that does not have it yet. */
async function evaluate(redis: RedisReader, operands: (string | number)[]): Promise<unknown> {
  try {
    return await redis.call('EVALSHA', TRACK_SHA1, ...operands);
  } catch (error) {
    if (!hasPrefix(error, 'NOSCRIPT')) throw error;
    return await redis.call('EVAL', TRACK_SCRIPT, ...operands);
  }
}

/** Whether an error reply of Redis begins with this word. */
function hasPrefix(error: unknown, prefix: string): error is Error {
  return error instanceof Error && error.message.startsWith(`${prefix} `);
}
