import fc from 'fast-check';
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { SpillFile, SpilledList } from '../../../src/files/spill.js';
import { sortOnDisk } from '../../../src/object-store/order/disk-sort.js';
import { collect } from '../../helpers/archive-memory.js';
import { temporaryFolder } from '../../helpers/backups.js';
import { spilledBytes } from '../../helpers/spilled-bytes.js';

const left = () => readdirSync(tmpdir()).filter((name) => name.startsWith('mangamotion-spill-'));
const MARK = 'plainname-7f3a';

afterEach(() => vi.unstubAllEnvs());

describe('lines in a temporary file', () => {
  it('are what they were, part by part and all together', async () => {
    const line = fc.string({ unit: 'binary', maxLength: 9 }).map((text) => JSON.stringify(text));
    const long = fc.nat(90_000).map((length) => 'ü'.repeat(length));
    const parts = fc.array(fc.array(fc.oneof(line, long), { maxLength: 5 }), { maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(parts, async (wanted) => {
        const file = await SpillFile.open();
        const written = [];
        for (const part of wanted) written.push(await file.append(part));
        for (const [index, part] of wanted.entries()) {
          expect(await collect(file.lines(written[index]!))).toEqual(part);
        }
        expect(await collect(file.lines(file.all))).toEqual(wanted.flat());
        await file.close();
      }),
      { numRuns: 20 },
    );
    expect(left()).toEqual([]);
  }, 30_000);

  it('have no name while they are there, and cannot be read in the file', async () => {
    const file = await SpillFile.open();
    await file.append([MARK, MARK]);
    expect(left()).toEqual([]);
    const [bytes, ...others] = spilledBytes();
    expect(others).toEqual([]);
    expect(bytes?.length).toBeGreaterThan(2 * MARK.length);
    expect(bytes?.includes(MARK)).toBe(false);
    await file.close();
  });

  it('end with an error where there can be no file', async () => {
    vi.stubEnv('TMPDIR', '/nowhere/at/all');
    await expect(SpillFile.open()).rejects.toMatchObject({ code: 'not_found' });
  });
});

describe('what spills', () => {
  it('is in no file in plain text: a sorted listing', async () => {
    const items = Array.from({ length: 100 }, (_, i) => `${MARK}/${(i * 7) % 100}`);
    const pages = (async function* () {
      yield await Promise.resolve(items);
      yield await Promise.resolve(['last']);
    })();
    const compare = (a: string, b: string) => (a < b ? -1 : Number(a > b));
    let seen = 0;
    for await (const page of sortOnDisk(pages, compare, undefined, 10)) {
      expect(page).toHaveLength(101);
      for (const bytes of spilledBytes()) {
        seen += bytes.length;
        expect(bytes.includes(MARK)).toBe(false);
      }
    }
    expect(seen).toBeGreaterThan(1000);
    expect(spilledBytes()).toEqual([]);
  });

  it('is in no file in plain text: a long list', async () => {
    const { folder, remove } = temporaryFolder();
    vi.stubEnv('TMPDIR', folder);
    const list = new SpilledList<string>();
    const values = Array.from({ length: 60_000 }, (_, i) => `${MARK}/\u2028\n${i}`);
    for (const value of values) await list.add(value);
    expect(readdirSync(folder)).toEqual([]);
    const bytes = Buffer.concat(spilledBytes());
    expect(bytes.length).toBeGreaterThan(1024 * 1024);
    expect(bytes.includes(MARK)).toBe(false);
    expect(await collect(list.read())).toEqual(values);
    await list.clear();
    expect(await collect(list.read())).toEqual([]);
    expect(spilledBytes()).toEqual([]);
    remove();
  });
});
