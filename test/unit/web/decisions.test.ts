import { describe, expect, it } from 'vitest';
import { reactionTo, retryAfterMs, waitMs } from '../../../src/web/data/decisions.js';
import { freshnessOf } from '../../../src/web/kit/freshness-of.js';

describe('a failure', () => {
  it.each([
    [401, 'login'],
    [400, 'show'],
    [403, 'show'],
    [404, 'show'],
    [429, 'retry'],
    [500, 'retry'],
    [503, 'retry'],
    ['away', 'retry'],
    ['timeout', 'retry'],
    [0, 'show'],
  ] as const)('with %s leads to: %s', (reason, reaction) => {
    expect(reactionTo(reason)).toBe(reaction);
  });

  it('is followed by waits that double, up to half a minute', () => {
    const waits = [1, 2, 3, 4, 5, 6, 20].map((failures) => waitMs(failures, undefined, 0.5));
    expect(waits).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
  });

  it('is followed by waits that differ from page to page', () => {
    expect(waitMs(1, undefined, 0)).toBe(750);
    expect(waitMs(1, undefined, 1)).toBe(1250);
  });

  it('is followed by no shorter wait than the server asks for', () => {
    expect(waitMs(1, 5000, 0.5)).toBe(5000);
    expect(waitMs(6, 5000, 0.5)).toBe(30_000);
  });

  it('may say when to come back, in seconds', () => {
    expect(retryAfterMs('5')).toBe(5000);
    for (const odd of [null, '', '-1', '1.5', 'Wed, 21 Oct 2026 07:28:00 GMT', '99999999'])
      expect(retryAfterMs(odd)).toBeUndefined();
  });
});

describe('the header', () => {
  const asOf = new Date('2026-11-24T14:31:07Z');
  const known = { data: {}, asOf, failure: undefined, retryAt: undefined };

  it('says nothing before there is something', () => {
    expect(freshnessOf({ ...known, data: undefined, asOf: undefined }, 'live')).toBeUndefined();
  });

  it('says that changes are told, or how often is asked', () => {
    expect(freshnessOf(known, 'live')).toEqual({ kind: 'live' });
    expect(freshnessOf(known, 5)).toEqual({ kind: 'every', seconds: 5 });
  });

  it('says of when is what is shown, once no answer comes', () => {
    expect(freshnessOf({ ...known, failure: {} }, 'live')).toEqual({ kind: 'stale', asOf });
  });
});
