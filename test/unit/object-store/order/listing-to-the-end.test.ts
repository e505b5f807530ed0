import { describe, expect, it } from 'vitest';
import {
  type ListingDoubt,
  listToTheEnd,
} from '../../../../src/object-store/order/listing-to-the-end.js';
import type { ListPage, ListPageOptions, ListedObject } from '../../../../src/object-store/port.js';
import { collect } from '../../../helpers/archive-memory.js';

const STARTED = new Date('2026-01-02T00:00:00Z');

function object(key: string, lastModified = '2026-01-01T00:00:00.000Z'): ListedObject {
  return { key, sizeBytes: 1, etag: 'x', lastModified };
}

/** Lists with a server that answers the request behind a key so; each listing is one page. */
async function list(
  listed: string[],
  behind: (options: ListPageOptions) => Partial<ListPage>,
  further: string[] = [],
): Promise<{ keys: string[]; doubts: ListingDoubt[] }> {
  const doubts: ListingDoubt[] = [];
  const pages = listToTheEnd(
    {
      store: {
        listPage: (_, options = {}) =>
          Promise.resolve({ objects: [], nextToken: null, ...behind(options) }),
      },
      listings: {
        // oxlint-disable-next-line typescript/require-await -- it stands in for requests
        list: async function* (_, { startAfter }) {
          const keys = startAfter === undefined ? listed : further;
          if (keys.length > 0) yield keys.map((key) => object(key));
        },
        inOrder: (_, page) => page,
      },
      startedAt: STARTED,
      onDoubt: (doubt) => doubts.push(doubt),
    },
    'b',
    { prefix: 'p/' },
  );
  return { keys: (await collect(pages)).flat().map(({ key }) => key), doubts };
}

describe('a listing', () => {
  it('is complete where nothing is behind its last key', async () => {
    const asked: ListPageOptions[] = [];
    const found = await list(['a', 'b'], (options) => {
      asked.push(options);
      return {};
    });
    expect(found).toEqual({ keys: ['a', 'b'], doubts: [] });
    expect(asked).toEqual([{ prefix: 'p/', startAfter: 'b' }]);
  });

  it('is continued where it ended early', async () => {
    const found = await list(['a'], ({ startAfter }) =>
      startAfter === 'a' ? { objects: [object('b'), object('c')] } : {},
    );
    expect(found).toEqual({ keys: ['a', 'b', 'c'], doubts: ['ended_early'] });
  });

  it('did not end early where what follows was written since', async () => {
    const found = await list(['a'], ({ startAfter }) =>
      startAfter === 'a' ? { objects: [object('b', '2026-01-02T00:00:01.000Z')] } : {},
    );
    expect(found).toEqual({ keys: ['a', 'b'], doubts: [] });
  });

  it('does not end at an empty page that has a token', async () => {
    const empty = (): Partial<ListPage> => ({ objects: [], nextToken: 'more' });
    const behindA = ({ startAfter }: ListPageOptions) => (startAfter === 'a' ? empty() : {});
    const found = await list(['a'], behindA, ['b']);
    expect(found).toEqual({ keys: ['a', 'b'], doubts: ['ended_early'] });
    expect(await list(['a'], empty)).toEqual({ keys: ['a'], doubts: [] });
  });

  it('does not end at a page with the last key alone that has a token', async () => {
    const included = ({ startAfter }: ListPageOptions): Partial<ListPage> =>
      startAfter === 'b' ? { objects: [object('b')], nextToken: 'more' } : {};
    const found = await list(['a', 'b'], included, ['b', 'c']);
    expect(found).toEqual({ keys: ['a', 'b', 'c'], doubts: ['ended_early'] });
  });

  it('is doubtful where one known key comes that is not the last', async () => {
    const first = (): Partial<ListPage> => ({ objects: [object('a')], nextToken: 'more' });
    const found = await list(['a', 'b'], first, ['a', 'b']);
    expect(found).toEqual({ keys: ['a', 'b'], doubts: ['start_after_ignored'] });
  });

  it('is doubtful where the server ignores start-after, and not where it includes the key', async () => {
    const all = () => ({ objects: [object('a'), object('b')] });
    expect((await list(['a', 'b'], all)).doubts).toEqual(['start_after_ignored']);
    const last = () => ({ objects: [object('b')] });
    expect((await list(['a', 'b'], last)).doubts).toEqual(['start_after_included']);
  });
});
