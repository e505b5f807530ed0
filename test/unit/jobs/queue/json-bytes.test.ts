import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  abridgedJson,
  countElements,
  isShallow,
  membersOf,
} from '../../../../src/jobs/queue/json-bytes.js';

const ALL = { text: 1e6, depth: 1e3, members: 1e6 };
const parsed = (text: string): unknown => JSON.parse(text);
const spaced = fc.tuple(fc.jsonValue(), fc.constantFrom(0, 1, '\t')).map(([value, space]) => {
  return JSON.stringify(value, null, space);
});

describe('JSON that is not parsed as a whole', () => {
  it('is the same where nothing is beyond the limits', () => {
    fc.assert(
      fc.property(spaced, (text) => {
        expect(abridgedJson(Buffer.from(` ${text}\n`), ALL)).toEqual(parsed(text));
      }),
      { numRuns: 1000 },
    );
  });

  it('has the members of an object where they are', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        const json = Buffer.from(JSON.stringify(value, null, 1));
        const members = [...membersOf(json)].map(({ name, from, to }) => {
          return [name, parsed(json.subarray(from, to).toString())];
        });
        expect(members).toEqual(Object.entries(parsed(json.toString()) as object));
      }),
      { numRuns: 1000 },
    );
  });

  it('has as many elements as the list', () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue()), (value) => {
        expect(countElements(Buffer.from(JSON.stringify(value)))).toBe(value.length);
      }),
    );
    expect(countElements(Buffer.from('{}'))).toBeUndefined();
  });

  it('is never read beyond its end, whatever it is', () => {
    const texts = fc.oneof(fc.string({ unit: 'binary' }), fc.stringMatching(/^[[\]{}",:\\a1 ]*$/));
    fc.assert(
      fc.property(texts, (text) => {
        const json = Buffer.from(text);
        abridgedJson(json);
        countElements(json);
        for (const { to } of membersOf(json)) expect(to).toBeLessThanOrEqual(json.length);
      }),
      { numRuns: 2000 },
    );
  });

  it('is cut where it is too long, too deep or too wide', () => {
    const limits = { text: 3, depth: 2, members: 2 };
    const value = { long: 'abcdef', deep: [[[1]]], wide: 1, x: 2 };
    expect(abridgedJson(Buffer.from(JSON.stringify(value)), limits)).toEqual({
      ...{ 'lon…': 'abc…', 'dee…': ['…'], '…': '…' },
    });
    expect(abridgedJson(Buffer.from('[1,2,3]'), limits)).toEqual([1, 2, '…']);
  });

  it('that is nested 200,000 deep is cut without a crash', () => {
    for (const [open, close] of [
      ['[', ']'],
      ['{"a":', '}'],
    ] as const) {
      const text = `${open.repeat(200_000)}1${close.repeat(200_000)}`;
      const cut = abridgedJson(Buffer.from(text));
      expect(JSON.stringify(cut)).toContain('…');
      expect(isShallow(cut)).toBe(true);
      expect(isShallow(parsed(text))).toBe(false);
    }
  });
});
