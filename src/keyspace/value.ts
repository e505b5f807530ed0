import { isUtf8 } from 'node:buffer';

/** What the keys of Redis hold. Pure. */

/** What Redis holds: a text if it is UTF-8, else the bytes. The same bytes are always the same form. */
export type RedisText = string | Buffer;

export const KEY_TYPES = ['string', 'hash', 'list', 'set', 'zset', 'stream'] as const;
export type KeyType = (typeof KEY_TYPES)[number];

export interface StreamValue {
  entries: StreamEntry[];
  /** The id of the last entry that was ever added. */
  lastId: string;
  /** The consumer groups, with the id of the last entry that each was given. */
  groups: { name: RedisText; lastId: string }[];
}

type StreamEntry = [id: string, fields: [RedisText, RedisText][]];

/** In milliseconds of Unix time. */
export type FieldLife = [field: RedisText, expiresAtMs: number];

export type KeyValue =
  | { type: 'string'; value: RedisText }
  /** `lives`: of the fields that expire, if there are any. */
  | { type: 'hash'; value: [field: RedisText, value: RedisText][]; lives?: FieldLife[] }
  | { type: 'list'; value: RedisText[] }
  | { type: 'set'; value: RedisText[] }
  /** The scores are texts as Redis prints them. */
  | { type: 'zset'; value: [member: RedisText, score: string][] }
  | { type: 'stream'; value: StreamValue };

export function textOf(bytes: Buffer): RedisText {
  return isUtf8(bytes) ? bytes.toString('utf8') : bytes;
}

/** For messages: bytes that are not UTF-8 are shown as `\xNN`. */
export function shownText(text: RedisText): string {
  if (typeof text === 'string') return text;
  return text
    .toString('latin1')
    .replace(/[\x80-\xff]/g, (byte) => `\\x${byte.charCodeAt(0).toString(16)}`);
}

/** A text by which two values can be compared. */
export function identityOf(text: RedisText): string {
  return typeof text === 'string' ? `t${text}` : `b${text.toString('latin1')}`;
}

/** As Redis prints them: `inf` for infinity, and never `nan`. */
export function scoreOf(text: string): number {
  if (/^[+-]?inf(inity)?$/i.test(text)) return text.startsWith('-') ? -Infinity : Infinity;
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : NaN;
}

export function isScore(text: string): boolean {
  return !Number.isNaN(scoreOf(text));
}

const STREAM_ID = /^\d{1,20}-\d{1,20}$/;

export function isStreamId(id: unknown): id is string {
  return typeof id === 'string' && STREAM_ID.test(id);
}

export function isKeyType(type: unknown): type is KeyType {
  return KEY_TYPES.some((known) => known === type);
}

/** Redis has no empty hash, list or set, but empty texts and empty streams. */
export function isEmpty({ type, value }: KeyValue): boolean {
  return type !== 'string' && type !== 'stream' && value.length === 0;
}

/** A value of the type without content, as it stands on the last piece of a key. */
export function emptyOf(type: KeyType): KeyValue {
  if (type === 'string') return { type, value: '' };
  if (type === 'stream') return { type, value: { entries: [], lastId: '0-0', groups: [] } };
  return { type, value: [] };
}
