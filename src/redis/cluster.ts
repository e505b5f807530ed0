import { clusterRefusal, isRefusedByServer } from './errors.js';
import type { RedisReader } from './reader.js';

/**
 * Rejects with `unreachable` where the server is a node of a cluster: SCAN names the keys of that node
 * alone, and says nothing of the others. A server that permits neither HELLO nor INFO passes.
 */
export async function refuseCluster(redis: RedisReader): Promise<void> {
  const mode = (await modeByHello(redis)) ?? (await modeByInfo(redis));
  if (mode === 'cluster') throw clusterRefusal(redis.server);
}

/** The `mode` of HELLO, which Redis has had since version 6: `standalone`, `sentinel` or `cluster`. */
async function modeByHello(redis: RedisReader): Promise<string | undefined> {
  const reply = await unlessRefused(redis.call('HELLO'));
  const pairs = Array.isArray(reply) ? reply : entriesOf(reply).flat();
  const at = pairs.indexOf('mode');
  return at < 0 ? undefined : String(pairs[at + 1]);
}

/** RESP3 answers with a map, which versions of ioredis represent in different ways. */
function entriesOf(reply: unknown): unknown[][] {
  if (reply instanceof Map) return [...(reply as Map<unknown, unknown>).entries()];
  return typeof reply === 'object' && reply !== null ? Object.entries(reply) : [];
}

async function modeByInfo(redis: RedisReader): Promise<string | undefined> {
  const info = await unlessRefused(redis.call('INFO', 'server'));
  return typeof info === 'string' ? /^redis_mode:(\w+)/m.exec(info)?.[1] : undefined;
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
