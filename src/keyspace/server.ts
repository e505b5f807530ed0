import { unlessRefused } from '../redis/cluster.js';
import type { RedisReader } from '../redis/reader.js';

/** What a server says of itself, as far as it does. */
export interface ServerFacts {
  version: string | undefined;
  role: string | undefined;
}

/** Asks HELLO, which is in +@connection and known since Redis 6, and else INFO. */
export async function serverFacts(redis: RedisReader): Promise<ServerFacts> {
  const reply = await unlessRefused(redis.call('HELLO'));
  const said = new Map<unknown, unknown>();
  if (Array.isArray(reply)) {
    for (let at = 0; at + 1 < reply.length; at += 2) said.set(reply[at], reply[at + 1]);
  }
  const own = { version: textOrNone(said.get('version')), role: textOrNone(said.get('role')) };
  if (own.version !== undefined && own.role !== undefined) return own;
  const [server, replication] = await Promise.all(
    ['server', 'replication'].map((section) => unlessRefused(redis.call('INFO', section))),
  );
  return {
    version: own.version ?? fieldOf(server, 'redis_version'),
    role: own.role ?? fieldOf(replication, 'role'),
  };
}

function textOrNone(value: unknown): string | undefined {
  return typeof value === 'string' && /^[\w.-]{1,40}$/.test(value) ? value : undefined;
}

function fieldOf(info: unknown, name: string): string | undefined {
  if (typeof info !== 'string') return undefined;
  return textOrNone(new RegExp(`^${name}:(.*?)\\s*$`, 'm').exec(info)?.[1]);
}
