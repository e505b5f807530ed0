import { describe, expect, it } from 'vitest';
import { mayUseRanges } from '../../../src/ranges/probe-ranges.js';
import { MangamotionError } from '../../../src/errors.js';
import { compareKeys } from '../../../src/key-order.js';
import { type KeysStore, keysStore } from '../../helpers/keys-store.js';
import { ODD_STARTS, outOfOrder } from '../../helpers/odd-keys-stores.js';

const KEYS = Array.from({ length: 35 }, (_, i) => `key/${i + 10}`).sort(compareKeys);
const { signal } = new AbortController();
const probe = (store: KeysStore) => mayUseRanges(store, 'b', signal);

describe('a probe of listings from a key on', () => {
  it('allows ranges where they list what follows', async () => {
    for (const size of [10, 20, 40, 1000]) {
      const store = keysStore(KEYS, size);
      expect(await probe(store)).toBe('yes');
      expect(store.requests.length).toBeLessThanOrEqual(5);
    }
  });

  it('allows them where there is hardly anything to list', async () => {
    for (const count of [0, 1, 2, 3]) {
      expect(await probe(keysStore(KEYS.slice(0, count)))).toBe('yes');
    }
  });

  it('allows them where the server includes the key', async () => {
    expect(await probe(ODD_STARTS['includes the key'](KEYS))).toBe('yes');
  });

  it.each([
    ['ignores the key', /it lists "key\/10" of b behind "key\/1\d", where "key\/1\d" follows/],
    ['answers nothing', /it ends the listing of b behind "key\/1\d" before "key\/1\d"/],
    ['needs a key that exists', /it ends the listing of b behind "key\/1\d!" before/],
    ['skips one', /it lists "key\/1\d" of b behind "key\/1\d", where "key\/1\d" follows/],
  ] as const)('refuses them where the server %s', async (quirk, reason) => {
    const store = ODD_STARTS[quirk](KEYS);
    expect(await probe(store)).toEqual({ reason: expect.stringMatching(reason) as string });
    expect(store.requests.length).toBeLessThanOrEqual(15);
  });

  it('refuses them where the listing is out of order', async () => {
    expect(await probe(outOfOrder(KEYS))).toEqual({ reason: 'it lists b out of order' });
  });

  it('refuses them where the server refuses such a request, and fails where it cannot be reached', async () => {
    const failing = (code: 'refused' | 'unreachable'): KeysStore => ({
      ...keysStore(KEYS, 10),
      listPage: (bucket, options = {}) =>
        options.startAfter === undefined
          ? keysStore(KEYS, 10).listPage(bucket, options)
          : Promise.reject(new MangamotionError(code, 'no')),
    });
    expect(await probe(failing('refused'))).toEqual({
      reason: expect.stringMatching(
        /^it does not list what follows "key\/\d+" in b: no$/,
      ) as string,
    });
    await expect(probe(failing('unreachable'))).rejects.toThrow('no');
  });

  it('is tried again where objects come or go meanwhile', async () => {
    let asked = 0;
    const store: KeysStore = {
      ...keysStore(KEYS, 10),
      listPage: (bucket, options = {}) => {
        asked += options.startAfter === undefined ? 0 : 1;
        const keys = asked === 1 ? KEYS.filter((_, i) => i % 3 !== 0) : KEYS;
        return keysStore(keys, 10).listPage(bucket, options);
      },
    };
    expect(await probe(store)).toBe('yes');
  });
});
