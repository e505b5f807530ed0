import { describe, expect, it } from 'vitest';
import { TokenBucket } from '../../../src/object-store/rate-limit.js';

describe('the limit of a rate', () => {
  it('makes everybody wait for the bytes of all before', () => {
    let now = 5000;
    const bucket = new TokenBucket(1000, { now: () => now, after: () => () => undefined });
    expect(bucket.take(500)).toBe(500);
    expect(bucket.take(1000)).toBe(1500);
    now += 1000;
    expect(bucket.take(100)).toBe(600);
  });

  it('saves nothing up while nothing is sent', () => {
    let now = 0;
    const bucket = new TokenBucket(1000, { now: () => now, after: () => () => undefined });
    bucket.take(100);
    now = 1_000_000;
    expect(bucket.take(100)).toBe(100);
  });
});
