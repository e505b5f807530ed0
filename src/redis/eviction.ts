import { unlessRefused } from './cluster.js';
import { unexpectedReply } from './errors.js';
import type { RedisReader } from './reader.js';

/** What a server removes for lack of memory. */
export interface Eviction {
  /** The keys that it has removed since it started, of all databases. */
  evictedKeys: number;
  /** The maxmemory-policy by which it goes on doing so; `undefined` where it removes nothing. */
  policy: string | undefined;
}

/**
 * Resolves to `undefined` where the server tells nothing: INFO is in none of the categories for readers.
 * Rejects with `unreachable` for an INFO that Redis does not give.
 */
export async function readEviction(redis: RedisReader): Promise<Eviction | undefined> {
  const [stats, memory] = await Promise.all(
    ['stats', 'memory'].map((section) => unlessRefused(redis.call('INFO', section))),
  );
  const info = [stats, memory].filter((text) => typeof text === 'string').join('\n');
  const valueOf = (name: string) => new RegExp(`^${name}:(.*?)\\s*$`, 'm').exec(info)?.[1];
  const policy = valueOf('maxmemory_policy');
  // Without a limit nothing is evicted, whatever the policy says.
  const evicts = policy !== undefined && policy !== 'noeviction' && valueOf('maxmemory') !== '0';
  const evictedKeys = Number(valueOf('evicted_keys') ?? 0);
  if (!Number.isSafeInteger(evictedKeys)) throw unexpectedReply(redis.server, 'INFO');
  if (evictedKeys === 0 && !evicts) return undefined;
  return { evictedKeys, policy: evicts ? policy : undefined };
}
