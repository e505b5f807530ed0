import { compareKeys } from '../../src/key-order.js';
import type { ListPage, ListPageOptions, ListedObject } from '../../src/object-store/port.js';

/** A store in memory that can only list one bucket, quickly even if that has very many keys. */
export interface KeysStore {
  endpoint: string;
  listPage: (bucket: string, options?: ListPageOptions) => Promise<ListPage>;
  /** What was asked for. */
  requests: ListPageOptions[];
}

export function keysStore(sorted: readonly string[], pageSize = 1000, sizeBytes = 1): KeysStore {
  const requests: ListPageOptions[] = [];
  return {
    endpoint: 'http://keys',
    requests,
    listPage: (_, options = {}) => {
      requests.push(options);
      const { token, startAfter, maxKeys = pageSize } = options;
      const from =
        token !== undefined
          ? Number(token)
          : startAfter === undefined
            ? 0
            : countThrough(sorted, startAfter);
      const end = Math.min(sorted.length, from + Math.min(maxKeys, pageSize));
      const objects = sorted.slice(from, end).map((key) => ({ ...listed(key), sizeBytes }));
      return Promise.resolve({ objects, nextToken: end < sorted.length ? String(end) : null });
    },
  };
}

export function listed(key: string): ListedObject {
  return { key, sizeBytes: 1, etag: 'x', lastModified: '2026-01-01T00:00:00.000Z' };
}

/** The number of keys up to and including this one. */
function countThrough(sorted: readonly string[], key: string): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareKeys(sorted[middle] ?? '', key) <= 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The number of keys in a range. */
export function countWithin(
  sorted: readonly string[],
  { after, through }: { after: string | null; through: string | null },
): number {
  const end = through === null ? sorted.length : countThrough(sorted, through);
  return end - (after === null ? 0 : countThrough(sorted, after));
}
