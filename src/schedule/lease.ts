import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { readSmallFile, replaceFile } from '../files/bounded.js';
import { UnfitFileError, errnoOf, translateFileError } from '../files/errors.js';
import { unexpectedReply } from '../redis/errors.js';
import type { RedisReader } from '../redis/reader.js';
import type { Claim, Lease } from './engine/claims.js';

/** Opens a connection. Rejects where Redis cannot be used. */
export type RedisConnect = () => Promise<{ redis: RedisReader; close: () => void }>;

interface LeaseParts {
  connect: RedisConnect;
  /** Identifies this daemon: the same after a restart, and different for each daemon. */
  holder: () => Promise<string>;
}

const PREFIX = 'mangamotion:schedule:claim:';
/** A firing that was missed longer ago than this might run twice. */
const TTL_SECONDS = 40 * 86_400;
/** A silent server must not hold up the runs that need it, nor occupy their slots. */
const CLAIM_TIMEOUT_MS = 5_000;

/**
 * Claims firings in Redis, by the name of the entry and the time at which it was due. A claim is never
 * released nor taken over, so that a daemon that was paused between its claim and its run cannot run it
 * beside another one.
 */
export class RedisLease implements Lease {
  readonly #parts: LeaseParts;
  #connection: ReturnType<RedisConnect> | undefined;

  constructor(parts: LeaseParts) {
    this.#parts = parts;
  }

  async claim(name: string, dueMs: number): Promise<Claim> {
    const limit = new AbortController();
    const silence = delay(CLAIM_TIMEOUT_MS, undefined, { signal: limit.signal });
    const claim = await Promise.race([this.#tryClaim(name, dueMs), silence]).catch(() => undefined);
    limit.abort();
    if (claim === undefined) void this.close();
    return claim ?? { kind: 'unavailable' };
  }

  async #tryClaim(name: string, dueMs: number): Promise<Claim> {
    const key = `${PREFIX}${new Date(dueMs).toISOString()}:${name}`;
    const holder = await this.#parts.holder();
    this.#connection ??= this.#parts.connect();
    const { redis } = await this.#connection;
    const reply = await redis.call('SET', key, holder, 'NX', 'EX', TTL_SECONDS);
    if (reply === 'OK') return { kind: 'ours' };
    // Two daemons must not both take what is no answer for a claim of their own.
    if (reply !== null) throw unexpectedReply(redis.server, 'SET');
    const by = await redis.call('GET', key);
    // Nobody would run what is taken by nobody.
    if (typeof by !== 'string') throw unexpectedReply(redis.server, 'GET');
    // The claim is ours from before a crash: the run was cut off, and no other daemon will make up for
    // it.
    return by === holder ? { kind: 'ours' } : { kind: 'taken', by };
  }

  /** Ends the connection; the next claim opens another one. */
  async close(): Promise<void> {
    const connection = this.#connection;
    this.#connection = undefined;
    await connection?.then(
      ({ close }) => close(),
      () => undefined,
    );
  }
}

const ID_FILE = 'daemon-id';

/**
 * Identifies this daemon among all that share a Redis; the identity survives a restart. It includes the
 * name of the machine, since a state folder may have been copied to another one.
 */
export async function daemonId(stateFolder: string): Promise<string> {
  const file = path.join(stateFolder, ID_FILE);
  try {
    const { bytes } = await readSmallFile(file, { mostBytes: 1024 });
    const id = bytes.toString('utf8').trim();
    if (/^[0-9a-f-]{36}$/.test(id)) return withHost(id);
  } catch (error) {
    const isReplaceable = error instanceof UnfitFileError || errnoOf(error) === 'ENOENT';
    if (!isReplaceable) throw translateFileError(error, 'read', file);
  }
  const id = randomUUID();
  try {
    await replaceFile(file, `${id}\n`);
  } catch (error) {
    throw translateFileError(error, 'write', file);
  }
  return withHost(id);
}

function withHost(id: string): string {
  return `${hostname()} ${id.slice(0, 13)}`;
}
