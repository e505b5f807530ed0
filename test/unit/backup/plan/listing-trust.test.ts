import { describe, expect, it } from 'vitest';
import type { IndexLine } from '../../../../src/archive/index-line.js';
import { ListingTrust } from '../../../../src/backup/plan/listing-trust.js';
import { ListingUnreliable } from '../../../../src/object-store/order/ordered-listings.js';

const line = (bucket: string, key: string) => ({ bucket, key }) as IndexLine;

/** The numbers of the missing keys that get a HEAD request. */
function withHead(trust: ListingTrust, bucket: string, count: number): number[] {
  return Array.from({ length: count }, (_, i) => i).filter(() => trust.needsHead(bucket));
}

describe('of the keys that a listing lacks', () => {
  it('the first 1,000 of each bucket are asked for, then one in 100', () => {
    const trust = new ListingTrust();
    const firsts = Array.from({ length: 1000 }, (_, i) => i);
    expect(withHead(trust, 'one', 1301)).toEqual([...firsts, 1000, 1100, 1200, 1300]);
    expect(withHead(trust, 'two', 1000)).toEqual(firsts);
  });

  it('all are asked for once the listing of the bucket is not trusted, and of that bucket alone', () => {
    const trust = new ListingTrust();
    withHead(trust, 'one', 1000);
    withHead(trust, 'two', 1001);
    trust.leftOut(line('one', 'k'));
    expect(withHead(trust, 'one', 500)).toHaveLength(500);
    expect(withHead(trust, 'two', 100)).toEqual([99]);
  });
});

it('of a server whose listings are doubted, every missing key is asked for', () => {
  const trust = new ListingTrust({ trustsNone: true });
  expect(withHead(trust, 'one', 1300)).toHaveLength(1300);
});

describe('an object that is there and was not listed', () => {
  it('takes the credit of its bucket, and is counted', () => {
    const trust = new ListingTrust();
    trust.leftOut(line('one', 'a'));
    trust.leftOut(line('one', 'b'));
    expect([...trust.untrusted]).toEqual([['one', 'a']]);
    expect([...trust.found]).toEqual([['one', 2]]);
  });

  it('makes the run begin anew where others of its bucket were taken for gone', () => {
    const trust = new ListingTrust();
    trust.assume('two');
    trust.leftOut(line('one', 'a'));
    expect(() => trust.leftOut(line('two', 'b'))).toThrow(ListingUnreliable);
    expect(() => trust.leftOut(line('two', 'c'))).not.toThrow();
  });

  it('is remembered when the run begins anew, and what was counted is not', () => {
    const trust = new ListingTrust();
    withHead(trust, 'one', 1001);
    trust.assume('one');
    expect(() => trust.leftOut(line('one', 'a'))).toThrow(
      'the server\'s listing of one leaves out objects that exist, such as "a"',
    );
    trust.begin();
    expect([...trust.found]).toEqual([]);
    expect(withHead(trust, 'one', 1200)).toHaveLength(1200);
    expect(() => trust.leftOut(line('one', 'a'))).not.toThrow();
    expect([...trust.found]).toEqual([['one', 1]]);
    expect(withHead(trust, 'two', 1002)).toHaveLength(1001);
  });
});
