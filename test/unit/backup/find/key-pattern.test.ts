import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mayHold, selectLines } from '../../../../src/archive/select.js';
import { KeyPattern } from '../../../../src/backup/find/key-pattern.js';
import { compareObjects } from '../../../../src/key-order.js';
import { referenceOf, sampleLine } from '../../../helpers/index-lines.js';

const anywhere = (text: string) => new KeyPattern(text, { namesBuckets: true });
const ofKeys = (text: string) => new KeyPattern(text, { namesBuckets: false });

describe('what backup find looks for', () => {
  it.each([
    ['a key in any bucket', '1/a.png', 'x', '1/a.png', true],
    ['a bucket and a key', 'x/1/a.png', 'x', '1/a.png', true],
    ['another bucket and the key', 'x/1/a.png', 'y', '1/a.png', false],
    ['a key that begins as a bucket is called', 'x/1', 'y', 'x/1', true],
    ['a star past slashes', '1*png', 'x', '1/2/a.png', true],
    ['a bucket and a pattern', 'x/*.png', 'x', '1/a.png', true],
    ['a pattern over the name of the bucket', '*/1/a.png', 'x', '1/a.png', true],
    ['a part of a key', 'a.png', 'x', '1/a.png', false],
    ['a key that looks like a pattern', 'a[1].png', 'x', 'a[1].png', true],
    ['what it means as a pattern', 'a[1].png', 'x', 'a1.png', true],
    ['an escaped star', 'a\\*', 'x', 'a*', true],
    ['no other letter than the escaped one', 'a\\*', 'x', 'ab', false],
  ])('%s', (_what, text, bucket, key, expected) => {
    expect(anywhere(text).matches({ bucket, key })).toBe(expected);
  });

  it('is the key alone where buckets are named', () => {
    expect(ofKeys('x/1').matches({ bucket: 'x', key: '1' })).toBe(false);
    expect(ofKeys('x/1').matches({ bucket: 'y', key: 'x/1' })).toBe(true);
  });

  it('never leaves out a chunk with a match', () => {
    const word = fc.stringMatching(/^[ab/[\]*?\\x]{1,5}$/);
    const name = fc.record({ bucket: fc.constantFrom('x', 'xa', 'b'), key: word });
    fc.assert(
      fc.property(
        fc.uniqueArray(name, { minLength: 1, selector: (one) => JSON.stringify(one) }),
        word,
        fc.boolean(),
        (names, text, namesBuckets) => {
          const lines = names
            .map(({ bucket, key }) => sampleLine(key, { bucket }))
            .sort(compareObjects);
          const pattern = new KeyPattern(text, { namesBuckets });
          for (const line of lines) {
            if (!pattern.matches(line)) continue;
            const selection = pattern.within(line.bucket);
            expect(mayHold(referenceOf(lines), line.bucket, selection)).toBe(true);
            expect(selectLines([line], line.bucket, selection)).toEqual([line]);
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});
