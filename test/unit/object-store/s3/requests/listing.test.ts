import { describe, expect, it } from 'vitest';
import { eachPage, type PageStart } from '../../../../../src/object-store/s3/requests/listing.js';
import type { ListPage } from '../../../../../src/object-store/port.js';

function object(key: string) {
  return { key, sizeBytes: 0, etag: '', lastModified: '2026-01-01T00:00:00Z' };
}

async function list(
  fetchPage: (start: PageStart) => Promise<ListPage>,
  startAfter?: string,
): Promise<string[]> {
  const keys: string[] = [];
  for await (const page of eachPage(
    fetchPage,
    (place) => new Error(`stuck at ${place}`),
    startAfter,
  )) {
    keys.push(...page.map(({ key }) => key));
  }
  return keys;
}

/** Pages by token, the first under `start`. */
function pages(plan: Record<string, [keys: string, next: string | null]>) {
  const asked: string[] = [];
  const fetchPage = ({ token = 'start' }: PageStart): Promise<ListPage> => {
    asked.push(token);
    const [keys, nextToken] = plan[token] ?? ['', null];
    return Promise.resolve({ objects: keys.split('').map(object), nextToken });
  };
  return { asked, fetchPage };
}

describe('the pages of a listing', () => {
  it('follow one another to the last', async () => {
    const { asked, fetchPage } = pages({ start: ['ab', '1'], 1: ['', '2'], 2: ['c', null] });
    expect(await list(fetchPage)).toEqual(['a', 'b', 'c']);
    expect(asked).toEqual(['start', '1', '2']);
  });

  it('are asked for while the one before is worked on', async () => {
    const { asked, fetchPage } = pages({ start: ['a', '1'], 1: ['b', '2'], 2: ['c', null] });
    const iterator = eachPage(fetchPage, () => new Error('stuck'));
    await iterator.next();
    expect(asked).toEqual(['start', '1']);
    await iterator.return(undefined);
    expect(asked).toEqual(['start', '1']);
  });

  it.each([
    ['the same token', { start: ['a', '1'], 1: ['b', '1'] }],
    ['two in turn', { start: ['a', '1'], 1: ['b', '2'], 2: ['c', '1'] }],
    [
      'five in turn, late',
      {
        start: ['a', '1'],
        1: ['b', '2'],
        2: ['', '3'],
        3: ['', '4'],
        4: ['', '5'],
        5: ['', '6'],
        6: ['', '2'],
      },
    ],
  ] as const)('do not go round in circles: %s', async (_, plan) => {
    const { asked, fetchPage } = pages(plan as never);
    await expect(list(fetchPage)).rejects.toThrow('stuck');
    expect(asked.length).toBeLessThan(40);
  });

  it('fail in their turn, after what came before', async () => {
    const seen: string[] = [];
    const { fetchPage } = pages({ start: ['a', '1'] });
    const failing = (start: PageStart) =>
      start.token === undefined ? fetchPage(start) : Promise.reject(new Error('gone'));
    const read = async (): Promise<void> => {
      for await (const page of eachPage(failing, () => new Error('stuck'))) {
        await new Promise((resolve) => setTimeout(resolve, 5));
        seen.push(...page.map(({ key }) => key));
      }
    };
    await expect(read()).rejects.toThrow('gone');
    expect(seen).toEqual(['a']);
  });
});

/** A server that gives no tokens: pages of two keys behind `startAfter`, as it takes that. */
function tokenless(
  keys: string,
  says: 'true' | 'nothing',
  takesStartAfter: 'behind' | 'from' | 'ignored' = 'behind',
) {
  const asked: (string | undefined)[] = [];
  const fetchPage = ({ token, startAfter }: PageStart): Promise<ListPage> => {
    expect(token).toBeUndefined();
    asked.push(startAfter);
    const shown = keys
      .split('')
      .filter(
        (key) =>
          startAfter === undefined ||
          takesStartAfter === 'ignored' ||
          key > startAfter ||
          (takesStartAfter === 'from' && key === startAfter),
      );
    const objects = shown.slice(0, 2).map(object);
    const last = objects.at(-1)?.key;
    const isCertain = says === 'true' && shown.length > 2;
    const isLast = last === undefined || (says === 'true' && shown.length <= 2);
    return Promise.resolve({
      objects,
      nextToken: null,
      ...(isLast ? {} : { continueAfter: { key: last, isCertain } }),
    });
  };
  return { asked, fetchPage };
}

describe('a listing without tokens', () => {
  it('goes on behind its last key where the server says that there is more', async () => {
    const { asked, fetchPage } = tokenless('abcde', 'true');
    expect(await list(fetchPage)).toEqual('abcde'.split(''));
    expect(asked).toEqual([undefined, 'b', 'd']);
  });

  it('goes on until a page is empty where the server does not say whether there is more', async () => {
    const { asked, fetchPage } = tokenless('abcd', 'nothing');
    expect(await list(fetchPage)).toEqual('abcd'.split(''));
    expect(asked).toEqual([undefined, 'b', 'd']);
  });

  it('has each key once where the server includes that of start-after', async () => {
    const { fetchPage } = tokenless('abcde', 'nothing', 'from');
    expect(await list(fetchPage)).toEqual('abcde'.split(''));
  });

  it.each(['true', 'nothing'] as const)(
    'fails where the server begins anew each time (it says: %s)',
    async (says) => {
      const { asked, fetchPage } = tokenless('abcde', says, 'ignored');
      await expect(list(fetchPage)).rejects.toThrow('stuck at b');
      expect(asked).toEqual([undefined, 'b']);
    },
  );

  it('begins behind a key, whatever the server makes of it', async () => {
    for (const how of ['behind', 'from'] as const) {
      expect(await list(tokenless('abcde', 'true', how).fetchPage, 'b')).toEqual('cde'.split(''));
    }
  });
});

describe('a listing that is asked to begin behind a key', () => {
  it('leaves out what a server lists that ignores it', async () => {
    const { fetchPage } = pages({ start: ['ab', '1'], 1: ['cd', null] });
    expect(await list(fetchPage, 'c')).toEqual(['d']);
  });
});
