import { Redis } from 'ioredis';
import { MangamotionError, isMangamotionError, messageOf } from '../errors.js';
import { type RedisName, translateRedisError } from './errors.js';
import type { RedisReader } from './reader.js';
import { unlessAborted } from './unless-aborted.js';
import { speaksPlainly, speaksTls } from './wrong-scheme.js';
import { sendTogether } from './send-together.js';

/** Where Redis is, and how to log in to it. */
export interface RedisTarget extends RedisName {
  at:
    | { kind: 'server'; host: string; port: number; useTls: boolean }
    | { kind: 'socket'; path: string }
    | { kind: 'sentinels'; sentinels: readonly { host: string; port: number }[]; master: string };
  username: string | undefined;
  password: string | undefined;
  db: number;
  /** The CA certificates to trust for TLS, in PEM; the system's where undefined. */
  caPem: string | undefined;
}

const CONNECT_TIMEOUT_MS = 5_000;
const DISCONNECT_TIMEOUT_MS = 100;
/** A server that takes the connection and then is silent is waited for this long. */
const FIRST_ANSWER_TIMEOUT_MS = 10_000;
/** A TLS handshake across the world takes less. */
const HANDSHAKE_MS = 250;
/** Failures before a byte was exchanged. */
const NOBODY_THERE: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
]);
/** The time limit of one command: SCAN and HMGET answer within milliseconds. */
const COMMAND_TIMEOUT_MS = 30_000;

export interface ConnectOptions {
  /** The time limit of one command. */
  commandTimeoutMs?: number;
  /** Ends the attempt, not the connection. */
  signal?: AbortSignal;
}

/**
 * A connection for one command of the program: nothing is tried twice, so that a server that is gone
 * is reported at once, and an answer never mixes the time before and after an outage. Rejects with
 * `unreachable` or `access_denied`; so does, through `translateRedisError`, every command. Rejects with
 * the reason of the signal as soon as that is aborted.
 */
export async function connectOnce(
  target: RedisTarget,
  {
    commandTimeoutMs = COMMAND_TIMEOUT_MS,
    signal = new AbortController().signal,
  }: ConnectOptions = {},
): Promise<Redis> {
  signal.throwIfAborted();
  const redis = new Redis({
    ...optionsOf(target),
    retryStrategy: () => null,
    sentinelRetryStrategy: () => null,
    commandTimeout: Math.min(commandTimeoutMs, FIRST_ANSWER_TIMEOUT_MS),
  });
  const errors = rememberErrors(redis);
  const watch = new AbortController();
  try {
    const answer = Promise.race([firstAnswer(redis), plainInstead(target, watch.signal)]);
    await unlessAborted(answer, signal);
    redis.options.commandTimeout = commandTimeoutMs;
  } catch (error) {
    redis.disconnect();
    signal.throwIfAborted();
    throw await unlessAborted(explained(errors.first ?? error, target), signal);
  } finally {
    watch.abort();
  }
  if (errors.first !== undefined) {
    // The library goes on in database 0 when the one that was asked for is refused.
    redis.disconnect();
    throw refusedDatabase(errors.first, target);
  }
  return redis;
}

/**
 * The connection with one timer for a whole pipeline, in the place of one for each of its commands. A
 * pipeline sends its commands before `exec` returns.
 */
export function withOneTimer(redis: Redis): RedisReader {
  return {
    call: (command, ...args) => redis.call(command, ...args),
    callBuffer: (command, ...args) => redis.callBuffer(command, ...args),
    pipeline: (commands) => ({
      exec: async () => {
        const { commandTimeout } = redis.options;
        delete redis.options.commandTimeout;
        const answer = sendTogether(redis, commands);
        if (commandTimeout === undefined) return await answer;
        redis.options.commandTimeout = commandTimeout;
        return await inTime(answer, commandTimeout);
      },
    }),
  };
}

async function inTime<T>(answer: Promise<T>, timeoutMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    // The words of the library, by which `translateRedisError` knows it.
    timer = setTimeout(() => reject(new Error('Command timed out')), timeoutMs);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}

async function firstAnswer(redis: Redis): Promise<void> {
  await redis.connect();
  await redis.ping();
}

/**
 * Rejects if no TLS handshake ends for a while, and a Redis without TLS is there, which waits for the
 * end of what it takes for a command. Otherwise it never settles.
 */
async function plainInstead({ at, ...name }: RedisTarget, signal: AbortSignal): Promise<never> {
  const never = new Promise<never>(() => undefined);
  if (at.kind !== 'server' || !at.useTls) return await never;
  await new Promise((resolve) => {
    const timer = setTimeout(resolve, HANDSHAKE_MS);
    signal.addEventListener('abort', () => clearTimeout(timer));
  });
  if (!(await speaksPlainly(at, signal)) || signal.aborted) return await never;
  throw notTls(name);
}

/** The error for users; a wrong guess of TLS is told as that. */
async function explained(error: unknown, target: RedisTarget): Promise<unknown> {
  const translated = translateRedisError(error, target);
  const { at } = target;
  if (at.kind !== 'server' || !isMangamotionError(translated, 'unreachable')) return translated;
  if (error instanceof Error && 'code' in error && NOBODY_THERE.has(String(error.code)))
    return translated;
  if (at.useTls && /wrong version number|packet length too long/.test(messageOf(error)))
    return notTls(target);
  return !at.useTls && (await speaksTls(at)) ? needsTls(target) : translated;
}

function notTls({ text, setting }: RedisName): MangamotionError {
  return new MangamotionError(
    'unreachable',
    `cannot reach Redis at ${text}: the server does not speak TLS there`,
    { hint: `write redis:// for rediss:// in ${setting}, or name the port that has TLS` },
  );
}

function needsTls({ text, setting }: RedisName): MangamotionError {
  return new MangamotionError(
    'unreachable',
    `cannot reach Redis at ${text}: the server speaks TLS there`,
    { hint: `write rediss:// for redis:// in ${setting}` },
  );
}

/** Returns the options of every connection to the target. */
export function optionsOf(target: RedisTarget) {
  const { at, username, password, db, caPem } = target;
  const tls = caPem === undefined ? {} : { ca: caPem };
  return {
    ...(at.kind === 'server' && { host: at.host, port: at.port, ...(at.useTls && { tls }) }),
    ...(at.kind === 'socket' && { path: at.path }),
    ...(at.kind === 'sentinels' && { sentinels: [...at.sentinels], name: at.master }),
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    db,
    lazyConnect: true,
    connectTimeout: CONNECT_TIMEOUT_MS,
    // Otherwise a sentinel that takes the connection and is silent is waited for without end.
    sentinelCommandTimeout: CONNECT_TIMEOUT_MS,
    // The library's timer keeps the process alive that long after a connection that failed.
    disconnectTimeout: DISCONNECT_TIMEOUT_MS,
    // It would be INFO, which a user with the rights to read may be refused.
    enableReadyCheck: false,
    disableClientInfo: true,
    protocol: 2 as const,
  };
}

/** ioredis tells why a connection failed in an event, and rejects with less. */
function rememberErrors(redis: Redis): { first: unknown } {
  const errors: { first: unknown } = { first: undefined };
  redis.on('error', (error: unknown) => {
    errors.first ??= error;
  });
  return errors;
}

function refusedDatabase(error: unknown, target: RedisTarget): unknown {
  const { db, text, setting } = target;
  const translated = translateRedisError(error, target);
  const message = error instanceof Error ? error.message : String(error);
  if (translated instanceof MangamotionError && !/\bselect\b|DB index/i.test(message)) {
    return translated;
  }
  return new MangamotionError(
    'access_denied',
    `Redis at ${text} refuses database ${db}: ${message}`,
    {
      hint: `check the number at the end of ${setting}, and the rights of its user (+@connection)`,
      cause: translated instanceof MangamotionError ? translated.cause : error,
    },
  );
}
