import { unexpectedReply } from '../redis/errors.js';
import type { RedisReader } from '../redis/reader.js';
import { type KeyType, type RedisText, isScore, isStreamId, textOf } from './value.js';

/** What the replies to typed reads mean. */

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

/** The commands that count what a key has: bytes of a text, entries of a stream, else members. */
export const LENGTHS: Readonly<Record<KeyType, string>> = {
  string: 'STRLEN',
  hash: 'HLEN',
  list: 'LLEN',
  set: 'SCARD',
  zset: 'ZCARD',
  stream: 'XLEN',
};
