import { MangamotionError, messageOf } from '../errors.js';
import { type RedisName, clusterRefusal, isRefusedByServer, namesOf } from './errors.js';
import type { RedisReader } from './reader.js';

/**
 * Rejects with `unreachable` unless the server is known to have all keys of its database: SCAN on a node
 * of a cluster names the keys of that node alone, and says nothing of the others. The server is asked for
 * its mode. One that answers neither HELLO nor INFO is asked for two keys at once, which a node of a
 * cluster refuses. `pattern` is that of the keys which the user may read.
 */
export async function refuseCluster(redis: RedisReader, pattern: string): Promise<void> {
  const mode = await readMode(redis, pattern);
  if (mode === 'standalone') return;
  if (mode === 'cluster') throw clusterRefusal(redis.server);
  throw mode === undefined ? unknownMode(redis.server) : otherMode(redis.server, mode);
}

/**
 * Resolves to the mode in which the server runs, as it names it: `standalone`, `cluster` or `sentinel`; to
 * `undefined` where it does not tell. Rejects with the refusal of a node of a cluster that does not tell
 * its mode; see `isClusterRefusal`.
 */
export async function readMode(redis: RedisReader, pattern: string): Promise<string | undefined> {
  return (
    (await modeByHello(redis)) ?? (await modeByInfo(redis)) ?? (await modeByKeys(redis, pattern))
  );
}

/** The `mode` of HELLO, which Redis has had since version 6, and all of its descendants have. */
async function modeByHello(redis: RedisReader): Promise<string | undefined> {
  const reply = await unlessRefused(redis.call('HELLO'));
  const mode = entriesOf(reply).find(([name]) => name === 'mode')?.[1];
  return typeof mode === 'string' ? mode : undefined;
}

/** RESP2 answers with a list of names and values, RESP3 with a map, which versions of ioredis represent in different ways. */
function entriesOf(reply: unknown): (readonly [unknown, unknown])[] {
  if (Array.isArray(reply)) {
    const list: readonly unknown[] = reply;
    return list.flatMap((name, at) => (at % 2 === 0 ? [[name, list[at + 1]] as const] : []));
  }
  if (reply instanceof Map) return [...(reply as Map<unknown, unknown>).entries()];
  return typeof reply === 'object' && reply !== null ? Object.entries(reply) : [];
}

/** Valkey calls it `server_mode`: https://valkey.io/commands/info/. */
async function modeByInfo(redis: RedisReader): Promise<string | undefined> {
  const info = await unlessRefused(redis.call('INFO', 'server'));
  return typeof info === 'string' ? /^(?:redis|server)_mode:(\S+)/m.exec(info)?.[1] : undefined;
}

/**
 * `standalone` where the server, or the proxy before several of them, answers a command on keys in two
 * slots. A node of a cluster refuses it, which rejects with `clusterRefusal`.
 */
async function modeByKeys(redis: RedisReader, pattern: string): Promise<string | undefined> {
  const prefix = literalPrefixOf(pattern);
  try {
    const count = await redis.call('EXISTS', `${prefix}{a}`, `${prefix}{b}`);
    return typeof count === 'number' ? 'standalone' : undefined;
  } catch (error) {
    // Other refusals say what is wrong: LOADING, MASTERDOWN.
    if (isRefusedByServer(error) && isUnavailable(error)) return undefined;
    throw error;
  }
}

function isUnavailable(error: unknown): boolean {
  return /^(NOPERM|ERR)\b/.test(messageOf(error instanceof MangamotionError ? error.cause : error));
}

/** What all keys that match begin with, up to a `{`, which decides the slot of a key. */
function literalPrefixOf(pattern: string): string {
  const [prefix = ''] = /^(?:\\.|[^*?[\\{])*/.exec(pattern) ?? [];
  return prefix.replace(/\\(.)/g, '$1');
}

function otherMode(server: RedisName | undefined, mode: string): MangamotionError {
  const { text, setting } = namesOf(server);
  if (mode === 'sentinel') {
    return new MangamotionError(
      'unreachable',
      `Redis at ${text} is a sentinel, which has no data`,
      {
        hint: `write redis-sentinel:// in ${setting}, with the name of the master at its end`,
      },
    );
  }
  return new MangamotionError(
    'unreachable',
    `Redis at ${text} has the mode ${mode}, and whether that has all keys is not known`,
    { hint: `point ${setting} at a Redis of the mode standalone` },
  );
}

function unknownMode(server: RedisName | undefined): MangamotionError {
  const { text } = namesOf(server);
  return new MangamotionError(
    'unreachable',
    `Redis at ${text} does not tell whether it is part of a cluster, and would then have only a part of the keys`,
    { hint: 'permit its user INFO, or EXISTS on these keys (in +@read)' },
  );
}

/** Resolves to `undefined` where the server does not know the command or does not permit it. */
export async function unlessRefused(answer: Promise<unknown>): Promise<unknown> {
  try {
    return await answer;
  } catch (error) {
    if (isRefusedByServer(error)) return undefined;
    throw error;
  }
}
