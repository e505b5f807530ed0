import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { daysBetween } from '../../../src/billing/calendar.js';
import {
  dayKey,
  dayKeysIn,
  dayKeysOf,
  eventKey,
  idText,
  jobKey,
  jobOfKey,
  partsOfDayKey,
  userKey,
  userOfKey,
} from '../../../src/billing/keys.js';

const days = fc.constantFrom(...daysBetween('2023-12-30', '2024-03-02'));

/** Any text, and such as looks like a part of a key or of a pattern. */
const ids = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc
    .array(
      fc.constantFrom(':', '*', '?', '[', ']', '\\', '^', '-', '2026-11-24', '🎌', '%', ' ', '\n'),
    )
    .map((parts) => parts.join('')),
);

function bytesOf(...parts: (string | number[])[]): Buffer {
  return Buffer.concat(parts.map((part) => Buffer.from(part as string)));
}

describe('a daily key', () => {
  it('is split from its right end, for any user id', () => {
    fc.assert(
      fc.property(ids, days, (userId, day) => {
        expect(partsOfDayKey(Buffer.from(dayKey(userId, day)))).toEqual({ userId, day });
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    ['alice', 'billing:daily:alice:2026-11-24'],
    ['a:2026-11-23', 'billing:daily:a:2026-11-23:2026-11-24'],
    ['', 'billing:daily::2026-11-24'],
    [':', 'billing:daily:::2026-11-24'],
  ])('of %j is %s', (userId, key) => {
    expect(dayKey(userId, '2026-11-24')).toBe(key);
    expect(partsOfDayKey(Buffer.from(key))).toEqual({ userId, day: '2026-11-24' });
  });

  it('may have an id of 10 kB', () => {
    const userId = '漫🎌*:'.repeat(1000);
    expect(partsOfDayKey(Buffer.from(dayKey(userId, '2026-11-24')))?.userId).toBe(userId);
  });

  it.each([
    'billing:daily:',
    'billing:daily:alice',
    'billing:daily:alice:',
    'billing:daily:2026-11-24',
    'billing:daily:alice2026-11-24',
    'billing:daily:alice:2026-02-29',
    'billing:daily:alice:2026-11-24:',
    'billing:daily:alice:2026-11-24\n',
    'billing:daily:alice:2026-11-24T00',
  ])('is not %j', (key) => {
    expect(partsOfDayKey(Buffer.from(key))).toBeUndefined();
  });

  it('with invalid UTF-8 before the day is split all the same', () => {
    const key = bytesOf('billing:daily:', [0x61, 0xff, 0x3a, 0xc3], ':2026-11-24');
    expect(partsOfDayKey(key)).toEqual({ userId: String.raw`a\xff:\xc3`, day: '2026-11-24' });
  });

  it('has no day in a byte that only begins like a digit', () => {
    expect(partsOfDayKey(bytesOf('billing:daily:a:2026-11-2', [0xb4]))).toBeUndefined();
  });
});

describe('a key that is a text', () => {
  it('has the parts that its bytes have', () => {
    const rest = fc.oneof(
      ids.map((id) => `${id}:2026-11-29`),
      fc.constantFrom(
        '',
        ':2026-11-29',
        '2026-11-29',
        'a:2026-02-30',
        'a:b:2026-01-01',
        '漫:2026-01-0１',
      ),
      fc.string(),
    );
    fc.assert(
      fc.property(rest, (text) => {
        const key = `billing:daily:${text}`;
        fc.pre(text.isWellFormed());
        expect(partsOfDayKey(key)).toEqual(partsOfDayKey(Buffer.from(key)));
      }),
    );
  });
});

describe('the keys of users and jobs', () => {
  it('give their ids back', () => {
    fc.assert(
      fc.property(ids, (id) => {
        expect(userOfKey(Buffer.from(userKey(id)))).toBe(id);
        expect(userOfKey(userKey(id))).toBe(id);
        expect(jobOfKey(Buffer.from(jobKey(id)))).toBe(id);
      }),
    );
  });
});

describe('the text of an id', () => {
  it('is that of its UTF-8, a replacement character included', () => {
    for (const text of ['漫画 🎌', 'odd \ufffd', '\ufeffbom', String.raw`\xff`]) {
      expect(idText(Buffer.from(text))).toBe(text);
    }
  });

  it('tells invalid bytes apart', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0x80, max: 0xff }),
        fc.integer({ min: 0x80, max: 0xff }),
        (a, b) => {
          fc.pre(a !== b);
          expect(idText(bytesOf('u', [a]))).not.toBe(idText(bytesOf('u', [b])));
          expect(idText(bytesOf('u', [a]))).toBe(`u\\x${a.toString(16)}`);
        },
      ),
    );
  });
});

describe('the key of an event', () => {
  it('is never that of another event', () => {
    const wellFormed = ids.map((id) => id.toWellFormed());
    const event = fc.tuple(fc.constantFrom('bytes', 'compute', 'job'), wellFormed, wellFormed);
    fc.assert(
      fc.property(event, event, (a, b) => {
        expect(eventKey(...a) === eventKey(...b)).toBe(JSON.stringify(a) === JSON.stringify(b));
      }),
      { numRuns: 1000 },
    );
  });

  it('keeps the job and the event apart', () => {
    const key = eventKey('job', 'a', 'b:c');
    expect(eventKey('job', 'a:b', 'c')).not.toBe(key);
    expect(eventKey('job', 'a%3Ab', 'c')).not.toBe(eventKey('job', 'a:b', 'c'));
    expect(eventKey('job', '', 'a')).not.toBe(eventKey('job', 'a', ''));
  });
});

describe('the pattern of daily keys', () => {
  it.each([
    ['alice', 'billing:daily:alice:????-??-??'],
    ['a*b?c', String.raw`billing:daily:a\*b\?c:????-??-??`],
    ['[a-z]', String.raw`billing:daily:\[a\-z\]:????-??-??`],
    [String.raw`back\slash^`, String.raw`billing:daily:back\\slash\^:????-??-??`],
    ['漫🎌:', 'billing:daily:漫🎌::????-??-??'],
  ])('of the user %s takes the id as it is', (userId, pattern) => {
    expect(dayKeysOf(userId)).toBe(pattern);
  });

  it('leaves no character of an id that is one of the pattern', () => {
    fc.assert(
      fc.property(ids, (userId) => {
        const body = dayKeysOf(userId).slice('billing:daily:'.length, -':????-??-??'.length);
        expect(body.replace(/\\(.)/gs, '$1')).toBe(userId);
        expect(body.replace(/\\./gs, '')).not.toMatch(/[*?[\]\\^-]/);
      }),
    );
  });

  it('of a month has all its days', () => {
    expect(dayKeysIn('2026-11')).toBe('billing:daily:*:2026-11-??');
  });
});
