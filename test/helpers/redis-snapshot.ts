import type { Redis } from 'ioredis';

/** What a key holds, and when it expires (milliseconds of Unix time, -1 for never). */
export interface KeptKey {
  value: string;
  expiresAtMs: number;
}

/** The whole database: equal snapshots mean that nothing was written, no life made longer either. */
export async function databaseSnapshot(redis: Redis): Promise<Map<string, KeptKey>> {
  const kept = new Map<string, KeptKey>();
  for (const key of (await redis.keysBuffer('*')).sort((a, b) => a.compare(b))) {
    const value = await redis.dumpBuffer(key);
    const expiresAtMs = Number(await redis.call('PEXPIRETIME', key));
    kept.set(key.toString('latin1'), { value: value.toString('base64'), expiresAtMs });
  }
  return kept;
}
