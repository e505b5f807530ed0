import { isMangamotionError, messageOf } from '../errors.js';
import { isRefusedByServer, isWrongType, unexpectedReply } from '../redis/errors.js';
import { type RedisReader, sendAll } from '../redis/reader.js';
import { readAhead, scanKeyTexts } from '../redis/scan.js';
import { checkReply } from '../redis/shapes.js';
import { IS_GONE, type Lives, livesOf } from './lives.js';
import {
  type KeyType,
  type KeyValue,
  type RedisText,
  isEmpty,
  isKeyType,
  isScore,
  isStreamId,
  textOf,
} from './line.js';

/** A key that is read by one command is at most this large, as Redis estimates it. */
const MOST_WHOLE_BYTES = 1024 * 1024;
/** What is read at once: its replies lie in memory together, twice. */
const MOST_AT_ONCE = 500;
const MOST_BYTES_AT_ONCE = 4 * 1024 * 1024;
/** How often a key is read whose type is another one each time. */
const MOST_TRIES = 3;

/** What was found out of a key. */
export type ReadKey = { key: RedisText } & (
  | { kind: 'whole'; content: KeyValue; bytes: number; expiresAtMs: number | null; pending: number }
  /** To be read in pieces. */
  | { kind: 'large'; type: KeyType; bytes: number }
  | { kind: 'gone' }
  | { kind: 'failed'; reason: string }
);

type Probe = { key: RedisText } & (
  | { kind: 'there'; type: KeyType; bytes: number }
  | { kind: 'gone' }
  | { kind: 'failed'; reason: string }
);

/**
 * Yields what the keys hold whose names match, some at a time. A key may come twice. Large keys are
 * named alone; see `readPieces`. Redis is asked for the next ones while these are worked on.
 */
export function readKeys(
  redis: RedisReader,
  pattern: string,
  signal: AbortSignal,
): AsyncGenerator<ReadKey[]> {
  const probes = readAhead(scanKeyTexts(redis, pattern, signal), (keys) => probeKeys(redis, keys));
  return readAhead(inPortions(probes), (some) => readProbed(redis, some));
}

/** Reads these keys, in their order. */
export async function readNamed(
  redis: RedisReader,
  keys: readonly RedisText[],
): Promise<ReadKey[]> {
  const found: ReadKey[] = [];
  const probes = await probeKeys(redis, keys);
  for (const some of portionsOf(probes)) found.push(...(await readProbed(redis, some)));
  return found;
}

/** What is known of a key that was read before; `undefined` for one that was not. */
export type LookUp = (key: RedisText) => { type: KeyType; bytes: number } | 'large' | undefined;

export interface KeyAgain {
  key: RedisText;
  /** `undefined` where it has gone, cannot be read, or is of another type. */
  content: KeyValue | undefined;
  kind: 'known' | 'large' | 'new';
}

/** As `readKeys`, for keys that were read before: one command for each that was not large. */
export async function* readAgainKnown(
  redis: RedisReader,
  pattern: string,
  signal: AbortSignal,
  lookUp: LookUp,
): AsyncGenerator<KeyAgain[]> {
  const pages = readAhead(scanKeyTexts(redis, pattern, signal), (keys) => Promise.resolve(keys));
  const portions = async function* (): AsyncGenerator<Probe[]> {
    for await (const keys of pages) {
      yield* portionsOf(
        keys.map((key): Probe => {
          const known = lookUp(key);
          if (known === undefined) return { key, kind: 'gone' };
          if (known === 'large') return { key, kind: 'there', type: 'string', bytes: Infinity };
          return { key, kind: 'there', ...known };
        }),
      );
    }
  };
  yield* readAhead(portions(), async (probes) => {
    const small = probes
      .filter((probe) => probe.kind === 'there')
      .filter((probe) => !isLarge(probe));
    const read = await readWhole(redis, small, false);
    return probes.map((probe): KeyAgain => {
      const { key } = probe;
      if (probe.kind !== 'there') return { key, kind: 'new', content: undefined };
      if (isLarge(probe)) return { key, kind: 'large', content: undefined };
      const found = read.get(key);
      const content = found?.kind === 'whole' ? found.content : undefined;
      return { key, kind: 'known', content };
    });
  });
}

async function* inPortions(pages: AsyncIterable<Probe[]>): AsyncGenerator<Probe[]> {
  for await (const page of pages) yield* portionsOf(page);
}

function* portionsOf(probes: readonly Probe[]): Generator<Probe[]> {
  let portion: Probe[] = [];
  let bytes = 0;
  for (const probe of probes) {
    const own = probe.kind === 'there' && !isLarge(probe) ? probe.bytes : 0;
    if (
      portion.length >= MOST_AT_ONCE ||
      (portion.length > 0 && bytes + own > MOST_BYTES_AT_ONCE)
    ) {
      yield portion;
      portion = [];
      bytes = 0;
    }
    portion.push(probe);
    bytes += own;
  }
  if (portion.length > 0) yield portion;
}

function isLarge({ bytes }: { bytes: number }): boolean {
  return bytes > MOST_WHOLE_BYTES;
}

/** What each key is, and how large: two commands a key. */
async function probeKeys(redis: RedisReader, keys: readonly RedisText[]): Promise<Probe[]> {
  const commands = keys.flatMap((key) => [
    ['call', 'TYPE', key],
    ['call', 'MEMORY', 'USAGE', key],
  ]);
  const replies = await ask(redis, commands);
  return keys.map((key, at): Probe => {
    const [type, bytes] = [replies[2 * at], replies[2 * at + 1]];
    const refused = type instanceof Error ? type : bytes instanceof Error ? bytes : undefined;
    if (refused !== undefined) return { key, kind: 'failed', reason: messageOf(refused) };
    if (type === 'none' || bytes === null) return { key, kind: 'gone' };
    if (isKeyType(type)) return { key, kind: 'there', type, bytes: bytes as number };
    return {
      key,
      kind: 'failed',
      reason: `it has the type ${String(type)}, which is not captured`,
    };
  });
}

async function readProbed(redis: RedisReader, probes: readonly Probe[]): Promise<ReadKey[]> {
  const small = probes.filter((probe) => probe.kind === 'there').filter((probe) => !isLarge(probe));
  const read = await readWhole(redis, small);
  const found: ReadKey[] = [];
  for (const probe of probes) {
    if (probe.kind !== 'there') found.push(probe);
    else if (isLarge(probe)) found.push({ ...probe, kind: 'large' });
    else {
      const whole = read.get(probe.key) ?? (await readAgain(redis, probe.key));
      if (whole.kind === 'whole') whole.bytes = probe.bytes;
      found.push(whole);
    }
  }
  return found;
}

/** Reads a key anew that has become another type meanwhile. */
async function readAgain(redis: RedisReader, key: RedisText): Promise<ReadKey> {
  for (let tries = 1; tries < MOST_TRIES; tries++) {
    const [probe] = await probeKeys(redis, [key]);
    if (probe === undefined) break;
    if (probe.kind !== 'there') return probe;
    if (isLarge(probe)) return { ...probe, kind: 'large' };
    const read = (await readWhole(redis, [probe])).get(key);
    if (read !== undefined) return read;
  }
  return { key, kind: 'failed', reason: 'it had another type each time that it was read' };
}

interface Known {
  key: RedisText;
  type: KeyType;
}

/**
 * What was read of each key; a key that has another type by now is left out. Without lives, no key is
 * taken for one that expires.
 */
async function readWhole(
  redis: RedisReader,
  keys: readonly Known[],
  withLives = true,
): Promise<Map<RedisText, ReadKey>> {
  const found = new Map<RedisText, ReadKey>();
  const inBytes = await readAs(redis, keys, { way: 'call', withLives }, found);
  if (inBytes.length > 0) {
    await readAs(redis, inBytes, { way: 'callBuffer', withLives }, found);
  }
  return found;
}

type Way = 'call' | 'callBuffer';

/** Resolves to the keys that are to be read again in bytes, since a text may not be what they hold. */
async function readAs(
  redis: RedisReader,
  keys: readonly Known[],
  { way, withLives }: { way: Way; withLives: boolean },
  found: Map<RedisText, ReadKey>,
): Promise<Known[]> {
  const again: Known[] = [];
  if (keys.length === 0) return again;
  const commands: unknown[][] = [];
  const lives = withLives ? await livesOf(redis, keys[0]?.key ?? '') : undefined;
  const begins: number[] = [];
  for (const { key, type } of keys) {
    begins.push(commands.length);
    if (lives !== undefined) commands.push(['call', lives.command, key]);
    commands.push(...READS[type](key, way));
  }
  const replies = await ask(redis, commands);
  for (const [at, known] of keys.entries()) {
    const { key } = known;
    const own = replies.slice(begins[at], begins[at + 1] ?? replies.length);
    const refused = own.find((reply) => reply instanceof Error);
    if (refused !== undefined) {
      if (isWrongType(refused)) continue;
      // XINFO of a key that has gone.
      if (messageOf(refused).includes('no such key')) found.set(key, { key, kind: 'gone' });
      else found.set(key, { key, kind: 'failed', reason: messageOf(refused) });
      continue;
    }
    const life = lives === undefined ? undefined : (own.shift() as number);
    if (way === 'call' && own.some(isDoubtful)) again.push(known);
    else found.set(key, wholeOf(redis, known, own, life, lives));
  }
  return again;
}

function wholeOf(
  redis: RedisReader,
  { key, type }: Known,
  values: readonly unknown[],
  life: number | undefined,
  lives: Lives | undefined,
): ReadKey {
  if (life === IS_GONE || values[0] === null) return { key, kind: 'gone' };
  const { content, pending } = contentOf(redis, type, values);
  if (isEmpty(content)) return { key, kind: 'gone' };
  const expiresAtMs = life === undefined ? null : (lives?.expiryOf(life) ?? null);
  return { key, kind: 'whole', content, bytes: 0, expiresAtMs, pending };
}

/** The commands that read a whole key, by its type. */
const READS: Readonly<Record<KeyType, (key: RedisText, way: Way) => unknown[][]>> = {
  string: (key, way) => [[way, 'GET', key]],
  hash: (key, way) => [[way, 'HGETALL', key]],
  list: (key, way) => [[way, 'LRANGE', key, '0', '-1']],
  set: (key, way) => [[way, 'SMEMBERS', key]],
  zset: (key, way) => [[way, 'ZRANGE', key, '0', '-1', 'WITHSCORES']],
  stream: (key, way) => [
    [way, 'XRANGE', key, '-', '+'],
    ['call', 'XINFO', 'STREAM', key],
    ['callBuffer', 'XINFO', 'GROUPS', key],
  ],
};

function contentOf(
  redis: RedisReader,
  type: KeyType,
  [reply, info, groups]: readonly unknown[],
): { content: KeyValue; pending: number } {
  switch (type) {
    case 'string':
      return { content: { type, value: asText(reply) }, pending: 0 };
    case 'hash':
      return { content: { type, value: pairsOf(reply as unknown[]) }, pending: 0 };
    case 'list':
    case 'set':
      return { content: { type, value: (reply as unknown[]).map(asText) }, pending: 0 };
    case 'zset':
      return { content: { type, value: scoredOf(redis, reply as unknown[]) }, pending: 0 };
    case 'stream': {
      const entries = entriesOf(redis, reply as unknown[]);
      const end = streamEndOf(redis, info, groups);
      return { content: { type, value: { entries, ...end.value } }, pending: end.pending };
    }
  }
}

export function asText(value: unknown): RedisText {
  return typeof value === 'string' ? value : textOf(value as Buffer);
}

export function pairsOf(flat: readonly unknown[]): [RedisText, RedisText][] {
  const pairs: [RedisText, RedisText][] = [];
  for (let at = 0; at < flat.length; at += 2) pairs.push([asText(flat[at]), asText(flat[at + 1])]);
  return pairs;
}

export function scoredOf(redis: RedisReader, flat: readonly unknown[]): [RedisText, string][] {
  return pairsOf(flat).map(([member, score]) => {
    if (typeof score !== 'string' || !isScore(score)) throw unexpectedReply(redis.server, 'ZRANGE');
    return [member, score];
  });
}

export function entriesOf(
  redis: RedisReader,
  reply: readonly unknown[],
): [string, [RedisText, RedisText][]][] {
  return (reply as [unknown, unknown[]][]).map(([id, fields]) => {
    const text = asText(id);
    if (!isStreamId(text)) throw unexpectedReply(redis.server, 'XRANGE');
    return [text, pairsOf(fields)];
  });
}

/** What XINFO says of a stream. `pending` are the entries that consumers have not acknowledged. */
export function streamEndOf(redis: RedisReader, info: unknown, groups: unknown) {
  const lastId = memberOf(info, 'last-generated-id');
  if (!isStreamId(lastId)) throw unexpectedReply(redis.server, 'XINFO');
  let pending = 0;
  const named = (groups as unknown[]).map((group) => {
    const name = memberOf(group, 'name');
    const last = memberOf(group, 'last-delivered-id');
    const waiting = memberOf(group, 'pending');
    const isRight = isStreamId(last) && typeof waiting === 'number';
    if (!isRight || !(typeof name === 'string' || Buffer.isBuffer(name))) {
      throw unexpectedReply(redis.server, 'XINFO');
    }
    pending += waiting;
    return { name, lastId: last };
  });
  return { value: { lastId, groups: named }, pending };
}

/** A member of a list of names and values, as RESP2 has them in the place of a map. */
function memberOf(list: unknown, name: string): unknown {
  if (!Array.isArray(list)) return undefined;
  const at = list.findIndex((item, index) => index % 2 === 0 && String(item) === name);
  const value: unknown = at === -1 ? undefined : list[at + 1];
  return Buffer.isBuffer(value) ? textOf(value) : value;
}

/** Whether a reply has a text that may be the stand-in for bytes that are none. */
function isDoubtful(reply: unknown): boolean {
  if (typeof reply === 'string') return reply.includes('\ufffd');
  return Array.isArray(reply) && reply.some(isDoubtful);
}

/**
 * Sends the commands together. Resolves to a checked reply for each, or to the error with which the
 * server refused that one command. Rejects where the server cannot be asked at all.
 */
export async function ask(redis: RedisReader, commands: unknown[][]): Promise<unknown[]> {
  const replies = await sendAll(redis, commands);
  return replies.map(([error, reply], at) => {
    if (error === null) {
      checkReply(redis, commands[at] ?? [], reply);
      return reply;
    }
    if (isOfOneKey(error)) return error;
    throw error;
  });
}

/** Refusals that say nothing of other keys: no right to this one, another type, an unknown command. */
export function isOfOneKey(error: unknown): boolean {
  if (isWrongType(error)) return true;
  if (!isRefusedByServer(error)) return false;
  const message = messageOf(isMangamotionError(error) ? error.cause : error);
  return /^(NOPERM|ERR)\b/.test(message);
}
