import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { expect, it } from 'vitest';
import { compareWritten, isAsWritten } from '../../../src/restore/proof/compare-written.js';
import { type WrittenObject, WrittenObjects } from '../../../src/restore/written.js';
import { collect } from '../../helpers/archive-memory.js';

const object = (key: string, more: Partial<WrittenObject> = {}): WrittenObject => ({
  ...{ key, sizeBytes: 3, etag: `etag of ${key}`, writtenAtMs: 0 },
  ...more,
});
const listed = (key: string, more: Partial<WrittenObject> = {}) => ({
  ...object(key, more),
  lastModified: '2026-01-01T00:00:00.000Z',
});

async function* each<T>(items: readonly T[]): AsyncGenerator<T> {
  for (const item of items) yield await Promise.resolve(item);
}

const compare = (
  written: readonly WrittenObject[],
  ...pages: ReturnType<typeof listed>[][]
): Promise<unknown[]> => collect(compareWritten(each(written), each(pages)));

it('what was written is read as it was, as often as wanted, from memory and from a file', async () => {
  const written = new WrittenObjects();
  const all = [
    object('a\u2028b'),
    object('c\nd'),
    ...Array.from({ length: 12_000 }, (_, i) => object(`${i} ${'ü'.repeat(100)}`)),
    object('last', { etag: '', sizeBytes: 0, writtenAtMs: 5 }),
  ];
  for (const one of all) await written.add(one);
  expect(written.count).toBe(all.length);
  expect(await collect(written.read())).toEqual(all);
  expect(await collect(written.read())).toEqual(all);
  await written.close();
  const left = readdirSync(tmpdir()).filter((name) => name.startsWith('mangamotion-spill-'));
  expect(left).toEqual([]);
});

it('what a listing lacks, has otherwise and has besides is told', async () => {
  const written = [object('a'), object('b'), object('c'), object('d'), object('z')];
  const found = await compare(
    written,
    [listed('a'), listed('aa')],
    [],
    [listed('c', { sizeBytes: 4 }), listed('d', { etag: 'other' }), listed('e')],
  );
  expect(found).toMatchObject([
    { kind: 'other', listed: { key: 'aa' } },
    { kind: 'missing', written: { key: 'b' } },
    { kind: 'different', written: { key: 'c' }, listed: { sizeBytes: 4 } },
    { kind: 'different', written: { key: 'd' }, listed: { etag: 'other' } },
    { kind: 'other', listed: { key: 'e' } },
    { kind: 'missing', written: { key: 'z' } },
  ]);
});

it('keys go in the order of their bytes, in which a surrogate pair comes last', async () => {
  const keys = ['\uffee', '😀'];
  expect(
    await compare(
      keys.map((key) => object(key)),
      keys.map((key) => listed(key)),
    ),
  ).toEqual([]);
});

it('of two objects under one key the last one counts', async () => {
  const twice = [object('a', { etag: 'first' }), object('a', { etag: 'second' })];
  expect(await compare(twice, [listed('a', { etag: 'second' })])).toEqual([]);
  expect(await compare(twice, [listed('a', { etag: 'first' })])).toHaveLength(1);
});

it('an ETag that one of the two does not tell says nothing; a size does', () => {
  expect(isAsWritten(object('a', { etag: '' }), listed('a'))).toBe(true);
  expect(isAsWritten(object('a'), listed('a', { etag: '' }))).toBe(true);
  expect(isAsWritten(object('a', { etag: '' }), listed('a', { sizeBytes: 1 }))).toBe(false);
});
