import { messageOf } from '../errors.js';
import { isWrongType } from '../redis/errors.js';
import type { RedisReader } from '../redis/reader.js';
import { Refused, asked } from './ask.js';
import { LargeMember, refuseLargeIn, refuseLargeMembers } from './large-members.js';
import { exactSizes } from './probe.js';
import { textPages } from './text-pages.js';
import { FIELD_IS_GONE, hasFieldLives, lifeOfFields, timesOf } from './field-lives.js';
import { IS_GONE, livesOf } from './lives.js';
import { LENGTHS, asText, entriesOf, pairsOf, scoredOf, streamEndOf } from './replies.js';
import {
  type FieldLife,
  type KeyType,
  type KeyValue,
  type RedisText,
  emptyOf,
  textOf,
} from './value.js';

/** A piece of a key has about so many bytes in Redis. */
const PIECE_BYTES = 1024 * 1024;
const MOST_ITEMS = 20_000;

export type PieceRead =
  | { kind: 'piece'; content: KeyValue; expiresAtMs: number | null; more: boolean; pending: number }
  /** It cannot be read to its end: what came before counts for nothing. `gone`: it has vanished. */
  | { kind: 'abandoned'; reason: 'gone' | 'changed' | { refused: string } };

interface LargeKey {
  key: RedisText;
  type: KeyType;
  bytes: number;
}

/**
 * Yields a large key in pieces, in bounded memory; the last one has `more` false, or is abandoned.
 * A text is of one moment. Of other types, what is changed meanwhile may be in it in part, and members of
 * hashes and sets may come twice.
 */
export async function* readPieces(
  redis: RedisReader,
  large: LargeKey,
  signal: AbortSignal,
): AsyncGenerator<PieceRead> {
  const { key, type } = large;
  try {
    const lives = await livesOf(redis, key);
    const [life, count] = await asked(redis, [
      ['call', lives.command, key],
      ['call', LENGTHS[type], key],
    ]);
    if (life === IS_GONE) {
      yield { kind: 'abandoned', reason: 'gone' };
      return;
    }
    const expiresAtMs = lives.expiryOf(life as number);
    const bytes = (await exactSizes(redis, [large])).get(key) ?? large.bytes;
    await refuseLargeMembers(redis, { ...large, bytes }, count as number);
    const items = itemsOf({ ...large, bytes }, count as number);
    let isWhole = false;
    for await (const { content, ends } of PAGES[type](redis, key, items, signal)) {
      signal.throwIfAborted();
      isWhole = ends;
      // The end is told by what is read behind the last page.
      yield { kind: 'piece', content, expiresAtMs, more: true, pending: 0 };
    }
    yield await endOf(redis, large, expiresAtMs, isWhole);
  } catch (error) {
    if (error instanceof LargeMember) {
      yield { kind: 'abandoned', reason: { refused: error.message } };
      return;
    }
    if (error instanceof Refused) {
      if (isWrongType(error.reply)) yield { kind: 'abandoned', reason: 'changed' };
      else if (messageOf(error.reply).includes('no such key'))
        yield { kind: 'abandoned', reason: 'gone' };
      else yield { kind: 'abandoned', reason: { refused: messageOf(error.reply) } };
      return;
    }
    throw error;
  }
}

/** So many items make a piece, if they are all of one size. */
function itemsOf({ bytes }: LargeKey, count: number): number {
  const each = Math.max(1, bytes / Math.max(1, count));
  return Math.max(1, Math.min(MOST_ITEMS, Math.floor(PIECE_BYTES / each)));
}

/** The last piece, which is empty but for the end of a stream. A key that vanished reads like one that ended. */
async function endOf(
  redis: RedisReader,
  { key, type }: LargeKey,
  expiresAtMs: number | null,
  isWhole: boolean,
): Promise<PieceRead> {
  const [typeNow] = await asked(redis, [['call', 'TYPE', key]]);
  if (typeNow === 'none') return { kind: 'abandoned', reason: 'gone' };
  if (typeNow !== type || !isWhole) return { kind: 'abandoned', reason: 'changed' };
  const last = { kind: 'piece', expiresAtMs, more: false, pending: 0 } as const;
  if (type !== 'stream') return { ...last, content: emptyOf(type) };
  const [info, groups] = await asked(redis, [
    ['call', 'XINFO', 'STREAM', key],
    ['callBuffer', 'XINFO', 'GROUPS', key],
  ]);
  const { value, pending } = streamEndOf(redis, info, groups);
  return { ...last, content: { type, value: { entries: [], ...value } }, pending };
}

interface PageRead {
  content: KeyValue;
  /** Whether the key ends behind this page. */
  ends: boolean;
}

type Pages = (
  redis: RedisReader,
  key: RedisText,
  items: number,
  signal: AbortSignal,
) => AsyncGenerator<PageRead>;

const PAGES: Readonly<Record<KeyType, Pages>> = {
  string: async function* (redis, key, _items, signal) {
    for await (const { text, ends } of textPages(redis, key, PIECE_BYTES, signal)) {
      yield { content: { type: 'string', value: text }, ends };
    }
  },
  list: listPages,
  stream: streamPages,
  hash: hashPages,
  set: (redis, key, items) =>
    scanPages(redis, 'SSCAN', key, items, (flat) => ({ type: 'set', value: flat.map(asText) })),
  zset: (redis, key, items) =>
    scanPages(redis, 'ZSCAN', key, items, (flat) => ({
      type: 'zset',
      value: scoredOf(redis, flat),
    })),
};

async function* listPages(
  redis: RedisReader,
  key: RedisText,
  items: number,
): AsyncGenerator<PageRead> {
  for (let from = 0; ;) {
    const to = from + items - 1;
    const [reply] = await asked(redis, [['callBuffer', 'LRANGE', key, String(from), String(to)]]);
    refuseLargeIn(reply);
    const some = reply as Buffer[];
    yield { content: { type: 'list', value: some.map(textOf) }, ends: some.length < items };
    if (some.length < items) return;
    from += some.length;
  }
}

async function* scanPages(
  redis: RedisReader,
  command: string,
  key: RedisText,
  items: number,
  contentOf: (flat: Buffer[]) => KeyValue,
): AsyncGenerator<PageRead> {
  let cursor = '0';
  do {
    const [reply] = await asked(redis, [
      ['callBuffer', command, key, cursor, 'COUNT', String(items)],
    ]);
    refuseLargeIn(reply);
    const [next, flat] = reply as [Buffer, Buffer[]];
    cursor = next.toString('latin1');
    yield { content: contentOf(flat), ends: cursor === '0' };
  } while (cursor !== '0');
}

async function* hashPages(
  redis: RedisReader,
  key: RedisText,
  items: number,
): AsyncGenerator<PageRead> {
  const hasLives = await hasFieldLives(redis, key);
  const contentOf = (flat: Buffer[]): KeyValue => ({ type: 'hash', value: pairsOf(flat) });
  const pages = scanPages(redis, 'HSCAN', key, items, contentOf);
  for await (const page of pages) {
    if (!hasLives || page.content.type !== 'hash' || page.content.value.length === 0) yield page;
    else yield { ...page, content: await withLives(redis, key, page.content.value) };
  }
}

/** A field that has gone by now is left out: nobody can say when it would have expired. */
async function withLives(
  redis: RedisReader,
  key: RedisText,
  pairs: readonly [RedisText, RedisText][],
): Promise<KeyValue> {
  const [reply] = await asked(redis, [lifeOfFields(key, pairs)]);
  const times = timesOf(redis, pairs.length, reply);
  const value = pairs.filter((_pair, at) => times[at] !== FIELD_IS_GONE);
  const lives = pairs.flatMap(([field], at): FieldLife[] => {
    const expiresAtMs = times[at] ?? FIELD_IS_GONE;
    return expiresAtMs < 0 ? [] : [[field, expiresAtMs]];
  });
  return { type: 'hash', value, ...(lives.length > 0 && { lives }) };
}

async function* streamPages(
  redis: RedisReader,
  key: RedisText,
  items: number,
): AsyncGenerator<PageRead> {
  let from = '-';
  for (;;) {
    const [reply] = await asked(redis, [
      ['callBuffer', 'XRANGE', key, from, '+', 'COUNT', String(items)],
    ]);
    refuseLargeIn(reply);
    const entries = entriesOf(redis, reply as unknown[]);
    const last = entries.at(-1)?.[0] ?? '0-0';
    const value = { entries, lastId: last, groups: [] };
    yield { content: { type: 'stream', value }, ends: entries.length < items };
    if (entries.length < items) return;
    from = nextId(last);
  }
}

/** Redis before 6.2 has no exclusive ranges. */
function nextId(id: string): string {
  const [ms = '0', sequence = '0'] = id.split('-');
  const next = BigInt(sequence) + 1n;
  return next < 2n ** 64n ? `${ms}-${next}` : `${BigInt(ms) + 1n}-0`;
}
