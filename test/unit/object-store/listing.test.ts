import { describe, expect, it } from 'vitest';
import { eachPage } from '../../../src/object-store/listing.js';
import type { ListPage } from '../../../src/object-store/port.js';

function object(key: string) {
  return { key, sizeBytes: 0, etag: '', lastModified: '2026-01-01T00:00:00Z' };
}

async function list(
  fetchPage: (token: string | undefined) => Promise<ListPage>,
): Promise<string[]> {
  const keys: string[] = [];
  for await (const page of eachPage(fetchPage, (token) => new Error(`stuck at ${token}`))) {
    keys.push(...page.map(({ key }) => key));
  }
  return keys;
}

/** Pages by token, the first under `start`. */
function pages(plan: Record<string, [keys: string, next: string | null]>) {
  const asked: string[] = [];
  const fetchPage = (token = 'start'): Promise<ListPage> => {
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
    const failing = (token?: string) =>
      token === undefined ? fetchPage() : Promise.reject(new Error('gone'));
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
