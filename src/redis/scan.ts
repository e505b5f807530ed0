import { refuseCluster } from './cluster.js';
import { unexpectedReply } from './errors.js';
import type { RedisReader } from './reader.js';

/** How many keys of the database Redis checks for one answer: about a millisecond. */
const KEYS_A_STEP = 1000;

/**
 * The names of the keys that match, a page at a time, without holding up the server. A key that is
 * there from beginning to end is named at least once, and may be named twice. The next page is asked
 * for before the last one is worked on.
 *
 * With `mostSteps`, it ends after so many answers of Redis, each for some 1,000 keys of the database.
 *
 * Keys of every type: with SCAN's TYPE a key of a wrong type would be passed over in silence.
 *
 * Rejects with `unreachable` where the server may be part of a cluster; see `refuseCluster`.
 */
export async function* scanKeys(
  redis: RedisReader,
  pattern: string,
  signal: AbortSignal,
  mostSteps = Infinity,
): AsyncGenerator<Buffer[]> {
  const step = async (cursor: string): Promise<Page> => {
    const reply = await redis.callBuffer('SCAN', cursor, 'MATCH', pattern, 'COUNT', KEYS_A_STEP);
    if (!isPage(reply)) throw unexpectedReply(redis.server, 'SCAN');
    const [next, keys] = reply;
    return { next: next.toString('latin1'), keys };
  };
  /** It may fail before anybody waits for it. */
  const begun = (cursor: string): Promise<Page> => {
    const page = step(cursor);
    page.catch(() => undefined);
    return page;
  };
  const checked = refuseCluster(redis, pattern);
  let pending: Promise<Page> | undefined = begun('0');
  let steps = 0;
  await checked;
  while (pending !== undefined) {
    const { next, keys }: Page = await pending;
    signal.throwIfAborted();
    pending = next === '0' || ++steps >= mostSteps ? undefined : begun(next);
    if (keys.length > 0) yield keys;
  }
}

/** Yields what is read for each page, in their order; a page is worked on while Redis reads the next one. */
export async function* readAhead<Result>(
  pages: AsyncIterable<Buffer[]>,
  read: (keys: Buffer[]) => Promise<Result>,
): AsyncGenerator<Result> {
  let pending: Promise<Result> | undefined;
  for await (const keys of pages) {
    const ready = pending;
    pending = read(keys);
    // Awaiting it reports a failure; a reader that stops early does not await it.
    pending.catch(() => undefined);
    if (ready !== undefined) yield await ready;
  }
  if (pending !== undefined) yield await pending;
}

function isPage(reply: unknown): reply is [Buffer, Buffer[]] {
  if (!Array.isArray(reply) || reply.length !== 2) return false;
  const [next, keys] = reply as [unknown, unknown];
  return Buffer.isBuffer(next) && Array.isArray(keys) && keys.every((key) => Buffer.isBuffer(key));
}

interface Page {
  next: string;
  keys: Buffer[];
}

/** Escapes a text for a pattern of Redis (SCAN's MATCH). */
export function escapeGlob(text: string): string {
  return text.replace(/[*?[\]\\^-]/g, (character) => `\\${character}`);
}
