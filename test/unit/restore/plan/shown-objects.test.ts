import { describe, expect, it } from 'vitest';
import { ShownObjects } from '../../../../src/restore/plan/shown-objects.js';

const object = (key: string, etag = 'e', sizeBytes = 1) => ({ key, etag, sizeBytes });

describe('what a plan showed as lost', () => {
  it('is that object under that key, as it was, for that bucket and action', async () => {
    const shown = new ShownObjects();
    for (const key of ['a', 'c', 'd']) await shown.add('b', 'overwrite', object(key));
    const check = shown.check('b', 'overwrite');
    expect(await check.has(object('a'))).toBe(true);
    expect(await check.has(object('b'))).toBe(false);
    expect(await check.has(object('c', 'other'))).toBe(false);
    expect(await check.has(object('d', 'e', 2))).toBe(false);
    expect(await check.has(object('e'))).toBe(false);
    expect(await shown.check('b', 'delete').has(object('a'))).toBe(false);
    expect(await shown.check('other', 'overwrite').has(object('a'))).toBe(false);
    await shown.close();
  });

  it('is forgotten where the plan of the bucket is made anew', async () => {
    const shown = new ShownObjects();
    await shown.add('b', 'delete', object('a'));
    await shown.add('c', 'delete', object('a'));
    await shown.forget('b');
    expect(await shown.check('b', 'delete').has(object('a'))).toBe(false);
    expect(await shown.check('c', 'delete').has(object('a'))).toBe(true);
    await shown.close();
  });

  it('holds more than is kept in memory', async () => {
    const shown = new ShownObjects();
    const keys = Array.from({ length: 30_000 }, (_, i) => `key/${String(i).padStart(9, '0')}`);
    for (const key of keys) await shown.add('b', 'overwrite', object(key, 'e'.repeat(32)));
    const check = shown.check('b', 'overwrite');
    for (const key of keys) expect(await check.has(object(key, 'e'.repeat(32)))).toBe(true);
    await check.close();
    await shown.close();
  });
});
