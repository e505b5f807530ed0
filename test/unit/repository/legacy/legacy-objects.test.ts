import fc from 'fast-check';
import { mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { compareKeys } from '../../../../src/key-order.js';
import { walkInKeyOrder } from '../../../../src/repository/legacy/legacy-objects.js';
import { temporaryFolder } from '../../../helpers/backups.js';

const { folder, remove } = temporaryFolder();
afterAll(remove);

async function walk(root: string, from?: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of walkInKeyOrder(root, from)) keys.push(key);
  return keys;
}

/** Writes a tree; of a file and a folder of one name, the first stays. */
function treeOf(keys: readonly string[]): { root: string; written: string[] } {
  const root = mkdtempSync(join(folder, 'tree-'));
  const written = keys.filter((key) => {
    try {
      mkdirSync(dirname(join(root, key)), { recursive: true });
      writeFileSync(join(root, key), '', { flag: 'wx' });
      return true;
    } catch {
      return false;
    }
  });
  return { root, written: written.sort(compareKeys) };
}

const segment = fc.stringMatching(/^[a!.+0～😀\\\n]{1,3}$/u).filter((s) => !/^\.{1,2}$/.test(s));
const key = fc.array(segment, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'));

describe('walkInKeyOrder', () => {
  it('names every file in the order of keys, from any key on', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(key, { maxLength: 12 }), key, async (keys, from) => {
        const { root, written } = treeOf(keys);
        expect(await walk(root)).toEqual(written);
        const behind = written.filter((one) => compareKeys(one, from) >= 0);
        expect(await walk(root, from)).toEqual(behind);
      }),
      { numRuns: 60 },
    );
  });

  it('puts what lies in a folder after names that sort before the slash', async () => {
    const { root } = treeOf(['a/b', 'a.b', 'a+', 'a0']);
    expect(await walk(root)).toEqual(['a+', 'a.b', 'a/b', 'a0']);
  });

  it('names a link, and does not follow it', async () => {
    const { root } = treeOf(['b']);
    symlinkSync(folder, join(root, 'a'));
    const entries = [];
    for await (const entry of walkInKeyOrder(root)) entries.push(entry);
    expect(entries).toEqual([
      { key: 'a', kind: 'other' },
      { key: 'b', kind: 'file' },
    ]);
  });
});
