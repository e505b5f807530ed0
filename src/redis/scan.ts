import { isUtf8 } from 'node:buffer';
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
export function scanKeys(
  redis: RedisReader,
  pattern: string,
  signal: AbortSignal,
  mostSteps = Infinity,
): AsyncGenerator<Buffer[]> {
  const scan = scanOf(redis, pattern);
  return scanPages(redis, pattern, (cursor) => scan.bytes(cursor), { signal, mostSteps });
}

/**
 * As `scanKeys`, with texts, which are made in a fraction of the time. A key that is not UTF-8 comes as
 * bytes.
 */
export function scanKeyTexts(
  redis: RedisReader,
  pattern: string,
  signal: AbortSignal,
): AsyncGenerator<(string | Buffer)[]> {
  const scan = scanOf(redis, pattern);
  const step = async (cursor: string): Promise<Page<string | Buffer>> => {
    const page = await scan.texts(cursor);
    if (!page.keys.some((key) => key.includes('\ufffd'))) return page;
    // A page that is read again has at least the keys that were there all the time.
    const { next, keys } = await scan.bytes(cursor);
    return { next, keys: keys.map((key) => (isUtf8(key) ? key.toString('utf8') : key)) };
  };
  return scanPages(redis, pattern, step, { signal, mostSteps: Infinity });
}

function scanOf(redis: RedisReader, pattern: string) {
  const args = (cursor: string) => [cursor, 'MATCH', pattern, 'COUNT', KEYS_A_STEP] as const;
  const checked = <Key>(reply: unknown, isKey: (key: unknown) => key is Key): [Key, Key[]] => {
    if (isPage(reply, isKey)) return reply;
    throw unexpectedReply(redis.server, 'SCAN');
  };
  return {
    texts: async (cursor: string): Promise<Page<string>> => {
      const [next, keys] = checked(await redis.call('SCAN', ...args(cursor)), isText);
      return { next, keys };
    },
    bytes: async (cursor: string): Promise<Page<Buffer>> => {
      const reply = await redis.callBuffer('SCAN', ...args(cursor));
      const [next, keys] = checked(reply, (key): key is Buffer => Buffer.isBuffer(key));
      return { next: next.toString('latin1'), keys };
    },
  };
}

async function* scanPages<Key>(
  redis: RedisReader,
  pattern: string,
  step: (cursor: string) => Promise<Page<Key>>,
  { signal, mostSteps }: { signal: AbortSignal; mostSteps: number },
): AsyncGenerator<Key[]> {
  /** It may fail before anybody waits for it. */
  const begun = (cursor: string): Promise<Page<Key>> => {
    const page = step(cursor);
    page.catch(() => undefined);
    return page;
  };
  const checked = refuseCluster(redis, pattern);
  let pending: Promise<Page<Key>> | undefined = begun('0');
  let steps = 0;
  await checked;
  while (pending !== undefined) {
    const { next, keys }: Page<Key> = await pending;
    signal.throwIfAborted();
    pending = next === '0' || ++steps >= mostSteps ? undefined : begun(next);
    if (keys.length > 0) yield keys;
  }
}

/** Yields what is read for each page, in their order; a page is worked on while Redis reads the next one. */
export async function* readAhead<Key, Result>(
  pages: AsyncIterable<Key[]>,
  read: (keys: Key[]) => Promise<Result>,
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

function isPage<Key>(reply: unknown, isKey: (key: unknown) => key is Key): reply is [Key, Key[]] {
  if (!Array.isArray(reply) || reply.length !== 2) return false;
  const [next, keys] = reply as [unknown, unknown];
  return isKey(next) && Array.isArray(keys) && keys.every(isKey);
}

function isText(key: unknown): key is string {
  return typeof key === 'string';
}

interface Page<Key> {
  next: string;
  keys: Key[];
}

/** Escapes a text for a pattern of Redis (SCAN's MATCH). */
export function escapeGlob(text: string): string {
  return text.replace(/[*?[\]\\^-]/g, (character) => `\\${character}`);
}
