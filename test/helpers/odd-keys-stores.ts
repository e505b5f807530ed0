import { compareKeys } from '../../src/key-order.js';
import { type KeysStore, keysStore, listed } from './keys-store.js';

/** Stores that list a bucket from a key on in ways that they should not. */
export const ODD_STARTS = {
  /** Lists the key itself, too. */
  'includes the key': (keys: readonly string[]) =>
    odd(keys, (_, startAfter) => {
      const from = keys.filter((key) => compareKeys(key, startAfter) >= 0);
      return keysStore(from, 10)
        .listPage('b')
        .then((page) => retoken(page, keys, from));
    }),
  /** Lists from the first key. */
  'ignores the key': (keys: readonly string[]) => odd(keys, (store) => store.listPage('b')),
  /** Lists nothing. */
  'answers nothing': (keys: readonly string[]) =>
    odd(keys, () => Promise.resolve({ objects: [], nextToken: null })),
  /** Lists nothing unless the key exists. */
  'needs a key that exists': (keys: readonly string[]) =>
    odd(keys, (store, startAfter) =>
      keys.includes(startAfter)
        ? store.listPage('b', { startAfter })
        : Promise.resolve({ objects: [], nextToken: null }),
    ),
  /** Leaves out the first key behind it. */
  'skips one': (keys: readonly string[]) =>
    odd(keys, async (store, startAfter) => {
      const page = await store.listPage('b', { startAfter });
      return { ...page, objects: page.objects.slice(1) };
    }),
} as const;

type Answer = ReturnType<KeysStore['listPage']>;

function odd(
  keys: readonly string[],
  answer: (store: KeysStore, startAfter: string) => Answer,
): KeysStore {
  const store = keysStore(keys, 10);
  return {
    ...store,
    listPage: (bucket, options = {}) => {
      const { startAfter, token } = options;
      if (startAfter === undefined || token !== undefined) return store.listPage(bucket, options);
      store.requests.push(options);
      return answer(store, startAfter);
    },
  };
}

/** Tokens are places among all keys. */
function retoken(
  page: Awaited<Answer>,
  keys: readonly string[],
  from: readonly string[],
): Awaited<Answer> {
  const skipped = keys.length - from.length;
  const nextToken = page.nextToken === null ? null : String(Number(page.nextToken) + skipped);
  return { ...page, nextToken };
}

/** Ends each listing that is not from a key on after so many keys, as if there were no more. */
export function endingEarly(keys: readonly string[], after: number): KeysStore {
  const store = keysStore(keys, 10);
  return {
    ...store,
    listPage: async (bucket, options = {}) => {
      const page = await store.listPage(bucket, options);
      const end = keys.indexOf(page.objects.at(-1)?.key ?? '') + 1;
      if (options.startAfter !== undefined && options.token === undefined) return page;
      return end >= after ? { ...page, nextToken: null } : page;
    },
  };
}

/** Lists in another order. */
export function outOfOrder(keys: readonly string[]): KeysStore {
  const half = Math.floor(keys.length / 2);
  const turned = [...keys.slice(half), ...keys.slice(0, half)];
  return {
    ...keysStore(keys),
    listPage: () => Promise.resolve({ objects: turned.map(listed), nextToken: null }),
  };
}
