import {
  type FieldLife,
  type KeyType,
  type KeyValue,
  type RedisText,
  type StreamValue,
  identityOf,
  isEmpty,
  isKeyType,
  isScore,
  isStreamId,
  textOf,
} from './value.js';

/**
 * One line of `redis/*.ndjson` is one key, or a piece of a key that is too large for one line. Pure.
 */

/** A piece of a large key. Its lines follow one another, the first has the number 0. */
export interface Piece {
  number: number;
  /** Whether another piece follows. */
  more: boolean;
  /** Only on the last piece: the key could not be read to its end, and none of its pieces count. */
  abandoned: boolean;
}

export interface KeyLine {
  key: RedisText;
  /** In milliseconds of Unix time; `null` for a key that does not expire. */
  expiresAtMs: number | null;
  piece: Piece | undefined;
  content: KeyValue;
}

/** The last time that a Date can hold. Redis allows later ones, which nobody will see. */
const LAST_TIME_MS = 8.64e15;

/** The line without its line end. `value` is what `encodeValue` returns, `lives` those of a hash. */
export function encodeLine(
  key: RedisText,
  type: KeyType,
  expiresAtMs: number | null,
  value: string,
  piece?: Piece,
  lives: readonly FieldLife[] = [],
): string {
  const expires = expiresAtMs === null ? 'null' : `"${timeText(expiresAtMs)}"`;
  const part =
    piece === undefined
      ? ''
      : `"piece":${piece.number},"more":${piece.more},${piece.abandoned ? '"abandoned":true,' : ''}`;
  const fields =
    lives.length === 0
      ? ''
      : `"fields_expire_at":${encodeHash(lives.map(([field, ms]) => [field, timeText(ms)]))},`;
  return `{"key":${jsonOf(key)},"type":"${type}","expires_at":${expires},${fields}${part}"value":${value}}`;
}

function timeText(ms: number): string {
  return new Date(Math.min(ms, LAST_TIME_MS)).toISOString();
}

/** The JSON of a value. The members of hashes and sets are sorted: equal values give equal texts. */
export function encodeValue(content: KeyValue): string {
  switch (content.type) {
    case 'string':
      return jsonOf(content.value);
    case 'hash':
      return encodeHash(content.value);
    case 'list':
      return listOf(content.value.map(jsonOf));
    case 'set':
      return listOf(content.value.map(jsonOf).sort());
    case 'zset':
      return listOf(
        content.value.map(([member, score]) => `[${jsonOf(member)},${jsonOf(score)}]`).sort(),
      );
    case 'stream':
      return encodeStream(content.value);
  }
}

function encodeHash(fields: readonly [RedisText, RedisText][]): string {
  const isText = fields.every(([field]) => typeof field === 'string');
  const parts = fields.map(([field, value]) =>
    isText ? `${jsonOf(field)}:${jsonOf(value)}` : `[${jsonOf(field)},${jsonOf(value)}]`,
  );
  const sorted = parts.sort().join(',');
  return isText ? `{${sorted}}` : `[${sorted}]`;
}

function encodeStream({ entries, lastId, groups }: StreamValue): string {
  const lines = entries.map(([id, fields]) => {
    const pairs = fields.map(([field, value]) => `[${jsonOf(field)},${jsonOf(value)}]`);
    return `["${id}",${listOf(pairs)}]`;
  });
  const named = groups.map((group) => `{"name":${jsonOf(group.name)},"last_id":"${group.lastId}"}`);
  return `{"entries":${listOf(lines)},"last_id":"${lastId}","groups":${listOf(named)}}`;
}

function listOf(items: readonly string[]): string {
  return `[${items.join(',')}]`;
}

/** Control characters that terminals obey are escaped, also those that JSON allows. */
function jsonOf(text: RedisText): string {
  if (typeof text !== 'string') return `{"base64":"${text.toString('base64')}"}`;
  const json = JSON.stringify(text);
  return NEEDS_ESCAPE.test(json) ? json.replace(EACH_TO_ESCAPE, escaped) : json;
}

const NEEDS_ESCAPE = /[\u007f-\u009f]/;
const EACH_TO_ESCAPE = /[\u007f-\u009f]/g;

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** Reads a line. Throws a SyntaxError that names the fault. */
export function decodeLine(text: string): KeyLine {
  const json: unknown = JSON.parse(text);
  if (!isObject(json)) throw new SyntaxError('it is not an object');
  const { key, type, expires_at: expires, fields_expire_at: fields, piece, more, abandoned } = json;
  if (!isKeyType(type)) throw new SyntaxError('its type is none of Redis');
  const part = pieceOf(piece, more, abandoned);
  const content = contentOf(type, json.value);
  if (part === undefined && isEmpty(content)) throw new SyntaxError('it has no value');
  if (fields !== undefined) {
    if (content.type !== 'hash') throw new SyntaxError('fields expire of what is no hash');
    content.lives = livesIn(fields, content.value);
  }
  return { key: textIn(key, 'key'), expiresAtMs: timeOf(expires), piece: part, content };
}

function livesIn(times: unknown, value: readonly [RedisText, RedisText][]): FieldLife[] {
  const there = new Set(value.map(([field]) => identityOf(field)));
  return hashIn(times).map(([field, time]) => {
    if (!there.has(identityOf(field))) throw new SyntaxError('a field expires that is not there');
    const ms = timeOf(time);
    if (ms === null) throw new SyntaxError('the expiry of a field is no time');
    return [field, ms];
  });
}

function pieceOf(piece: unknown, more: unknown, abandoned: unknown): Piece | undefined {
  if (piece === undefined && more === undefined && abandoned === undefined) return undefined;
  const isRight =
    typeof piece === 'number' &&
    Number.isSafeInteger(piece) &&
    piece >= 0 &&
    typeof more === 'boolean' &&
    (abandoned === undefined || (abandoned === true && !more));
  if (!isRight) throw new SyntaxError('its piece is not valid');
  return { number: piece, more, abandoned: abandoned === true };
}

function timeOf(expires: unknown): number | null {
  if (expires === null) return null;
  const ms = typeof expires === 'string' ? Date.parse(expires) : NaN;
  if (Number.isNaN(ms)) throw new SyntaxError('its expires_at is no time');
  return ms;
}

function contentOf(type: KeyType, value: unknown): KeyValue {
  switch (type) {
    case 'string':
      return { type, value: textIn(value, 'value') };
    case 'hash':
      return { type, value: hashIn(value) };
    case 'list':
    case 'set':
      return { type, value: listIn(value).map((item) => textIn(item, 'value')) };
    case 'zset':
      return { type, value: listIn(value).map(scoredIn) };
    case 'stream':
      return { type, value: streamIn(value) };
  }
}

function hashIn(value: unknown): [RedisText, RedisText][] {
  if (Array.isArray(value)) return value.map(pairIn);
  if (!isObject(value)) throw new SyntaxError('its value is no hash');
  return Object.entries(value).map(([field, text]) => [field, textIn(text, 'value')]);
}

function pairIn(pair: unknown): [RedisText, RedisText] {
  const [field, value] = twoOf(pair);
  return [textIn(field, 'field'), textIn(value, 'value')];
}

function scoredIn(pair: unknown): [RedisText, string] {
  const [member, score] = twoOf(pair);
  if (typeof score !== 'string' || !isScore(score)) throw new SyntaxError('a score is no number');
  return [textIn(member, 'member'), score];
}

function streamIn(value: unknown): StreamValue {
  if (!isObject(value) || !isStreamId(value.last_id)) {
    throw new SyntaxError('its value is no stream');
  }
  return {
    lastId: value.last_id,
    entries: listIn(value.entries).map((entry) => {
      const [id, fields] = twoOf(entry);
      if (!isStreamId(id)) throw new SyntaxError('an entry has no id of a stream');
      return [id, listIn(fields).map(pairIn)];
    }),
    groups: listIn(value.groups).map((group) => {
      if (!isObject(group) || !isStreamId(group.last_id)) {
        throw new SyntaxError('a group has no id of a stream');
      }
      return { name: textIn(group.name, 'group'), lastId: group.last_id };
    }),
  };
}

function textIn(value: unknown, what: string): RedisText {
  if (typeof value === 'string' && value.isWellFormed()) return value;
  const base64 = isObject(value) && Object.keys(value).length === 1 ? value.base64 : undefined;
  if (typeof base64 === 'string') {
    const bytes = Buffer.from(base64, 'base64');
    // Other tools write bytes as base64 that are a text: the form does not matter.
    if (bytes.toString('base64') === base64) return textOf(bytes);
  }
  throw new SyntaxError(`a ${what} is neither a text nor base64`);
}

function listIn(value: unknown): unknown[] {
  if (Array.isArray(value)) return value;
  throw new SyntaxError('its value is no list');
}

function twoOf(pair: unknown): [unknown, unknown] {
  if (Array.isArray(pair) && pair.length === 2) return pair as [unknown, unknown];
  throw new SyntaxError('a pair has not two parts');
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
