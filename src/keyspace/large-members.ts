import { formatBytes } from '../format-bytes.js';
import type { RedisReader } from '../redis/reader.js';
import { asked } from './ask.js';
import { type KeyType, type RedisText, shownText, textOf } from './value.js';

/** Members that are too large for a line of the archive. Redis gives a member whole, or not at all. */

const LARGEST_MEMBER_BYTES = 12 * 1024 * 1024;
/** The allocator of Redis may take so much more than a member needs. */
const MOST_ROUNDING = 1.5;
/** The names of so many fields are read to ask how long their values are. */
const MOST_NAMES = 100_000;
/** Commands that are sent at once. */
const MOST_AT_ONCE = 1000;
/** Of a name in a message. */
const SHOWN_BYTES = 100;

export class LargeMember extends Error {
  constructor(what: string) {
    super(`it has ${what}: more than ${formatBytes(LARGEST_MEMBER_BYTES)} is not captured`);
  }
}

/**
 * Rejects with `LargeMember` for a key that surely has such a member, before it is read. Redis tells the
 * lengths of the fields of a hash, and of a list what all members take together (`bytes`).
 */
export async function refuseLargeMembers(
  redis: RedisReader,
  { key, type, bytes }: { key: RedisText; type: KeyType; bytes: number },
  count: number,
): Promise<void> {
  if (type === 'string' || bytes <= LARGEST_MEMBER_BYTES) return;
  if (type === 'hash' && count <= MOST_NAMES) await refuseLargeFields(redis, key);
  // Other types take memory for members that have gone, or that are pending.
  if (type !== 'list') return;
  const mean = bytes / Math.max(1, count);
  if (mean > LARGEST_MEMBER_BYTES * MOST_ROUNDING) {
    throw new LargeMember(`members averaging ${formatBytes(mean)}`);
  }
}

async function refuseLargeFields(redis: RedisReader, key: RedisText): Promise<void> {
  const [names] = await asked(redis, [['callBuffer', 'HKEYS', key]]);
  const fields = names as Buffer[];
  for (let from = 0; from < fields.length; from += MOST_AT_ONCE) {
    const some = fields.slice(from, from + MOST_AT_ONCE);
    const lengths = await asked(
      redis,
      some.map((field) => ['call', 'HSTRLEN', key, field]),
    );
    for (const [at, field] of some.entries()) {
      const length = lengths[at] as number;
      if (length <= LARGEST_MEMBER_BYTES) continue;
      const name = shownText(textOf(field.subarray(0, SHOWN_BYTES)));
      throw new LargeMember(`a field ${name} of ${formatBytes(length)}`);
    }
  }
}

/** Throws for a reply with such a member, before it becomes a text. */
export function refuseLargeIn(reply: unknown): void {
  if (Array.isArray(reply)) reply.forEach(refuseLargeIn);
  else if (Buffer.isBuffer(reply) && reply.length > LARGEST_MEMBER_BYTES) {
    throw new LargeMember(`a member of ${formatBytes(reply.length)}`);
  }
}
