import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Piece, decodeLine, encodeLine, encodeValue } from '../../../src/keyspace/line.js';
import { PieceOrder } from '../../../src/keyspace/piece-order.js';
import {
  type FieldLife,
  type KeyValue,
  type RedisText,
  textOf,
} from '../../../src/keyspace/value.js';

/** Any bytes, texts of any characters, and the names that objects treat in their own way. */
const text: fc.Arbitrary<RedisText> = fc.oneof(
  fc.uint8Array({ maxLength: 20 }).map((bytes) => textOf(Buffer.from(bytes))),
  fc.string({ unit: 'grapheme', maxLength: 10 }),
  fc.constantFrom('__proto__', 'constructor', '10', '', '\ufffd', '\u0085', 'toJSON', 'base64'),
);
const distinct = { selector: identity, minLength: 1, maxLength: 8 };
const pair = fc.tuple(text, text);
const distinctPairs = { ...distinct, selector: ([name]: [RedisText, unknown]) => identity(name) };
const id = fc.tuple(fc.nat(), fc.nat()).map(([ms, sequence]) => `${ms}-${sequence}`);
const score = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
  fc.constantFrom('inf', '-inf', '1e+20', '0.10000000000000001'),
);
const content: fc.Arbitrary<KeyValue> = fc.oneof(
  text.map((value): KeyValue => ({ type: 'string', value })),
  fc.uniqueArray(pair, distinctPairs).map((value): KeyValue => ({ type: 'hash', value })),
  fc.array(text, { minLength: 1 }).map((value): KeyValue => ({ type: 'list', value })),
  fc.uniqueArray(text, distinct).map((value): KeyValue => ({ type: 'set', value })),
  fc
    .uniqueArray(fc.tuple(text, score), distinctPairs)
    .map((value): KeyValue => ({ type: 'zset', value })),
  fc
    .record({
      entries: fc.array(fc.tuple(id, fc.array(pair)), { maxLength: 4 }),
      lastId: id,
      groups: fc.array(fc.record({ name: text, lastId: id }), { maxLength: 3 }),
    })
    .map((value): KeyValue => ({ type: 'stream', value })),
);

function identity(value: RedisText): string {
  return Buffer.from(value).toString('hex');
}

/** In an order of its own, as Redis keeps hashes and sets in none. */
function sorted(value: KeyValue): unknown {
  if (value.type === 'hash' || value.type === 'zset')
    return [...value.value].sort(([a], [b]) => (identity(a) < identity(b) ? -1 : 1));
  if (value.type === 'set') return [...value.value].map(identity).sort();
  return value.value;
}

describe('a line of a key', () => {
  it('is one line, and comes back as it was, whatever bytes are in it', () => {
    fc.assert(
      fc.property(
        text,
        content,
        fc.option(fc.integer({ min: 0, max: 4e12 })),
        (key, value, expiresAtMs) => {
          const line = encodeLine(key, value.type, expiresAtMs, encodeValue(value));
          expect(line).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
          // As it is read: from bytes.
          const decoded = decodeLine(Buffer.from(line).toString('utf8'));
          expect(decoded).toMatchObject({ key, expiresAtMs, piece: undefined });
          expect(decoded.content.type).toBe(value.type);
          expect(sorted(decoded.content)).toEqual(sorted(value));
        },
      ),
      { numRuns: 500 },
    );
  });

  it('is the same text for the same members in another order', () => {
    const value = (members: string[]) => encodeValue({ type: 'set', value: members });
    expect(value(['b', 'a'])).toBe(value(['a', 'b']));
  });

  it('takes an expiry beyond all calendars', () => {
    const line = encodeLine('k', 'string', 9.2e18, '"v"');
    expect(decodeLine(line).expiresAtMs).toBe(8.64e15);
  });

  it('has the expiries of fields, where some expire, whatever bytes their names are', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.tuple(text, text, fc.option(fc.integer({ min: 0, max: 4e12 }))), {
          ...{ selector: ([field]) => identity(field), minLength: 1, maxLength: 8 },
        }),
        (fields) => {
          const value = fields.map(([field, its]): [RedisText, RedisText] => [field, its]);
          const lives = fields.flatMap(([field, , ms]): FieldLife[] =>
            ms === null ? [] : [[field, ms]],
          );
          const encoded = encodeValue({ type: 'hash', value });
          const line = encodeLine('k', 'hash', null, encoded, undefined, lives);
          expect(line.includes('fields_expire_at')).toBe(lives.length > 0);
          const { content: decoded } = decodeLine(Buffer.from(line).toString('utf8'));
          const found = decoded.type === 'hash' ? (decoded.lives ?? []) : [];
          const named = (list: FieldLife[]) => list.map(([field, ms]) => [identity(field), ms]);
          expect(named(found).sort()).toEqual(named(lives).sort());
        },
      ),
    );
  });

  const withLives = (lives: string, value = '{"f":"v"}', type = 'hash') =>
    `{"key":"k","type":"${type}","expires_at":null,"fields_expire_at":${lives},"value":${value}}`;
  const wrong: Record<string, string> = {
    'the expiry of a field that is not there': withLives('{"g":"2030-01-01T00:00:00.000Z"}'),
    'the expiry of a field that is no time': withLives('{"f":"soon"}'),
    'no expiry of a field': withLives('{"f":null}'),
    'expiries that are no hash': withLives('7'),
    'expiries of the members of a set': withLives('{}', '["f"]', 'set'),
    'no object': '[]',
    'a key that is none': '{"key":1,"type":"string","expires_at":null,"value":"v"}',
    'base64 that is none': '{"key":{"base64":"/w"},"type":"string","expires_at":null,"value":"v"}',
    'an unknown type': '{"key":"k","type":"json","expires_at":null,"value":"v"}',
    'no expiry': '{"key":"k","type":"string","value":"v"}',
    'an expiry that is no time': '{"key":"k","type":"string","expires_at":"soon","value":"v"}',
    'a value of another type': '{"key":"k","type":"hash","expires_at":null,"value":"v"}',
    'a field that is no text': '{"key":"k","type":"hash","expires_at":null,"value":{"f":1}}',
    'an empty hash': '{"key":"k","type":"hash","expires_at":null,"value":{}}',
    'a score that is none': '{"key":"k","type":"zset","expires_at":null,"value":[["m","nan"]]}',
    'an entry without an id':
      '{"key":"k","type":"stream","expires_at":null,"value":{"entries":[["x",[]]],"last_id":"0-0","groups":[]}}',
    'half a pair': '{"key":"k","type":"zset","expires_at":null,"value":[["m"]]}',
    'a piece without an end': '{"key":"k","type":"list","expires_at":null,"piece":0,"value":["m"]}',
    'half a character': '{"key":"\\ud800","type":"string","expires_at":null,"value":"v"}',
  };
  it.each(Object.entries(wrong))('with %s is refused', (_what, line) => {
    expect(() => decodeLine(line)).toThrow(SyntaxError);
  });
});

describe('the order of pieces', () => {
  const line = (key: string, piece?: Partial<Piece> & { number: number }) => ({
    key,
    expiresAtMs: null,
    piece: piece && { more: true, abandoned: false, ...piece },
    content: { type: 'list' as const, value: ['x'] },
  });
  const check = (...lines: ReturnType<typeof line>[]) => {
    const order = new PieceOrder();
    for (const one of lines) order.add(one);
    order.end();
  };

  it('takes whole keys, and pieces that follow one another to the last', () => {
    const last = { number: 1, more: false };
    check(line('a'), line('b', { number: 0 }), line('b', last), line('c'));
    const abandoned = { ...last, abandoned: true };
    check(line('b', { number: 0 }), line('b', abandoned), line('b', { number: 0, more: false }));
  });

  it('refuses a piece that is missing, in the middle or at the ends', () => {
    const begin = line('b', { number: 0 });
    expect(() => check(begin)).toThrow('the last piece');
    expect(() => check(begin, line('a'))).toThrow('missing');
    expect(() => check(begin, line('b', { number: 2 }))).toThrow('missing');
    expect(() => check(begin, line('c', { number: 1 }))).toThrow('missing');
    expect(() => check(line('b', { number: 1, more: false }))).toThrow('missing');
  });
});
