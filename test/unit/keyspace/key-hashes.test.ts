import { describe, expect, it } from 'vitest';
import { KeyHashes } from '../../../src/keyspace/key-hashes.js';

const small = (value: string) => ({ value, type: 'hash' as const, bytes: 90 });

describe('the hashes of keys', () => {
  it('know each key once, also when there are many', () => {
    const hashes = new KeyHashes();
    for (let at = 0; at < 50_000; at++) expect(hashes.add(`k${at}`, small(`v${at}`))).toBe(true);
    expect(hashes.size).toBe(50_000);
    for (const at of [0, 4095, 49_999]) expect(hashes.add(`k${at}`, small('x'))).toBe(false);
    expect(hashes.find('k7')).toEqual({ type: 'hash', bytes: 256 });
    expect(hashes.find('none')).toBeUndefined();
    expect(hashes.has(Buffer.from([0xff]))).toBe(false);
  });

  it('tell what changed, and what was not met again', () => {
    const hashes = new KeyHashes();
    for (const key of ['same', 'changed', 'gone', 'unreadable']) hashes.add(key, small('v'));
    hashes.add('large', undefined);
    expect(hashes.find('large')).toBe('large');
    expect(hashes.meet('same', 'v')).toBe(true);
    expect(hashes.meet('changed', 'w')).toBe(false);
    // Met before: it counts once.
    expect(hashes.meet('changed', 'w')).toBe(true);
    expect(hashes.meet('unreadable', undefined)).toBe(false);
    expect(hashes.meet('large', undefined)).toBe(true);
    expect(hashes.unmet()).toBe(1);
  });
});
