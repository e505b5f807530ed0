import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Diff, diffBackups } from '../../../../src/backup/diff/diff-backups.js';
import { diffWithStore } from '../../../../src/backup/diff/diff-store.js';
import type { DiffSelection } from '../../../../src/backup/diff/scope.js';
import type { DiffRow } from '../../../../src/backup/diff/row.js';
import { locateBackup } from '../../../../src/repository/locate.js';
import type { Summary } from '../../../../src/repository/summary.js';
import { decodeSummary, encodeSummary } from '../../../../src/repository/summary-codec.js';
import type { ListedObject } from '../../../../src/object-store/port.js';
import {
  backUp as full,
  backUpChanges as incremental,
  hastyClock,
  temporaryFolder,
} from '../../../helpers/backups.js';
import { type ListedStore, listedStore } from '../../../helpers/listed-store.js';

let folder: string;
let remove: () => void;
let store: ListedStore;

beforeEach(() => {
  ({ folder, remove } = temporaryFolder());
  store = listedStore({
    originals: {
      'a.png': { content: 'a' },
      'b.png': { content: 'b', tags: [{ key: 'job', value: '1' }] },
      'c.png': { content: 'c', metadata: { user: 'alice' } },
      'd.png': { content: 'd' },
    },
    processed: { '1/result.zip': { content: 'result' } },
  });
});
afterEach(() => remove());

const EVERYTHING: DiffSelection = { buckets: [], keys: [], prefixes: [] };

const clock = hastyClock();
const backUp: typeof full = (of, into, buckets) => full(of, into, buckets, { clock });
const backUpChanges: typeof incremental = (of, into, buckets) =>
  incremental(of, into, buckets, { clock });

interface Answer extends Pick<Diff, 'notes' | 'notCompared' | 'leavesOut'> {
  /** `added originals/x.png: what`. */
  found: string[];
  rows: DiffRow[];
  totals: Diff['totals'];
}

async function read(diff: Diff): Promise<Answer> {
  const rows: DiffRow[] = [];
  for await (const row of diff.rows) rows.push(row);
  const found = rows.map(({ change, kind, bucket, key, document, what }) => {
    const name = kind === 'object' ? `${bucket}/${key ?? ''}` : `${bucket} ${document ?? ''}`;
    return `${change} ${name.trim()}${what.length > 0 ? `: ${what.join(' ')}` : ''}`;
  });
  const { notes, notCompared, leavesOut, totals } = diff;
  return { found, rows, notes, notCompared, leavesOut, totals };
}

async function compare(
  one: Pick<Summary, 'id'>,
  other: Pick<Summary, 'id'>,
  { selection = EVERYTHING, elsewhere = folder } = {},
): Promise<Answer> {
  const signal = new AbortController().signal;
  const before = await locateBackup(join(folder, one.id));
  const after = await locateBackup(join(elsewhere, other.id));
  return await read(await diffBackups(before, after, selection, signal));
}

async function compareWithStore(
  backup: Pick<Summary, 'id'>,
  with_ = store,
  selection = EVERYTHING,
): Promise<Answer> {
  const context = { store: with_, signal: new AbortController().signal, now: () => new Date() };
  const located = await locateBackup(join(folder, backup.id));
  return await read(await diffWithStore(context, located, selection));
}

const bucketOf = (name: string) => store.buckets.get(name) ?? new Map();

function changeStore(): void {
  const originals = bucketOf('originals');
  originals.set('a.png', { content: 'other' });
  originals.set('b.png', {
    content: 'b',
    tags: [{ key: 'job', value: '2' }],
    lastModified: '2024-02-01T00:00:00.000Z',
  });
  originals.set('c.png', {
    content: 'c',
    metadata: { user: 'alice' },
    etag: '0123-2',
    lastModified: '2024-02-01T00:00:00.000Z',
  });
  originals.delete('d.png');
  originals.set('e.png', { content: 'new' });
  store.policies.set('processed', '{"Statement":[]}');
}

const CHANGES = [
  'added processed policy',
  'changed originals/a.png: bytes',
  'changed originals/b.png: tags',
  'removed originals/d.png',
  'added originals/e.png',
];

describe('two backups', () => {
  it.each(['incremental', 'full'] as const)('of which the second is %s', async (type) => {
    const one = await backUp(store, folder, []);
    changeStore();
    const other = await (type === 'full' ? backUp : backUpChanges)(store, folder, []);
    const { found, rows, totals } = await compare(one, other);
    expect(found).toEqual(CHANGES);
    expect(rows[2]).toMatchObject({
      before: { size: 1, tags: [{ key: 'job', value: '1' }] },
      after: { size: 1, tags: [{ key: 'job', value: '2' }] },
    });
    expect(totals.counts).toEqual({
      differences: 5,
      added: { objects: 1, bytes: 3 },
      removed: { objects: 1, bytes: 1 },
      changed: { objects: 2, bytes_before: 2, bytes_after: 6 },
      unknown: { objects: 0 },
      // c.png has another ETag and another time, and the same content.
      unchanged: { objects: 2, rewritten: 1 },
      documents: { added: 1, removed: 0, changed: 0, unknown: 0 },
      buckets: { added: 0, removed: 0, unknown: 0 },
    });
    expect((await compare(other, other)).found).toEqual([]);
  });

  it('the other way round, with a word about it', async () => {
    const one = await backUp(store, folder, []);
    bucketOf('originals').delete('d.png');
    const other = await backUp(store, folder, []);
    const { found, notes } = await compare(other, one);
    expect(found).toEqual(['added originals/d.png']);
    expect(notes).toEqual([`${one.id} is older than ${other.id}: what it adds was removed since`]);
  });

  it('of which one lies elsewhere', async () => {
    const one = await backUp(store, folder, []);
    const { folder: elsewhere, remove: removeOther } = temporaryFolder();
    changeStore();
    const other = await backUp(store, elsewhere, []);
    expect((await compare(one, other, { elsewhere })).found).toEqual(CHANGES);
    removeOther();
  });

  it('as far as buckets and prefixes select', async () => {
    const one = await backUp(store, folder, []);
    changeStore();
    const other = await backUp(store, folder, []);
    const processed = { ...EVERYTHING, buckets: ['processed'] };
    expect((await compare(one, other, { selection: processed })).found).toEqual([CHANGES[0]]);
    const some = { ...EVERYTHING, prefixes: ['a', 'e'] };
    const { found, totals } = await compare(one, other, { selection: some });
    expect(found).toEqual(['changed originals/a.png: bytes', 'added originals/e.png']);
    expect(totals.counts.unchanged.objects).toBeNull();
    const unknown = { ...EVERYTHING, buckets: ['nowhere'] };
    await expect(compare(one, other, { selection: unknown })).rejects.toMatchObject({
      code: 'not_found',
      hint: 'They have: originals, processed.',
    });
  });

  it('a bucket that is gone, and one that was never selected', async () => {
    const one = await backUp(store, folder, []);
    store.buckets.delete('processed');
    const gone = await backUp(store, folder, []);
    expect((await compare(one, gone)).found).toEqual([
      'removed processed',
      'removed processed/1/result.zip',
    ]);
    const narrow = await backUp(store, folder, ['originals']);
    const { found, notCompared, notes, leavesOut } = await compare(one, narrow);
    expect(found).toEqual([]);
    expect(notCompared).toEqual([{ bucket: 'processed', reason: `not selected by ${narrow.id}` }]);
    expect(notes.join()).toContain('different lines');
    expect(leavesOut).toBe(false);
    const named = { ...EVERYTHING, buckets: ['processed'] };
    expect((await compare(one, narrow, { selection: named })).leavesOut).toBe(true);
  });

  it('what one of them could not read is unknown, with the reason', async () => {
    const one = await backUp(store, folder, []);
    bucketOf('originals').set('new.png', { content: 'new' });
    bucketOf('originals').set('a.png', {
      content: 'other',
      lastModified: '2024-02-01T00:00:00.000Z',
    });
    for (const key of ['a.png', 'new.png']) store.broken.add(`originals/${key}`);
    const partial = await backUpChanges(store, folder, []);
    expect(partial).toMatchObject({ status: 'partial', objects: { carried: 1 } });
    const { found, rows, totals } = await compare(one, partial);
    expect(found).toEqual(['unknown originals/a.png', 'unknown originals/new.png']);
    expect(rows[0]?.reason).toContain(`and holds the copy in ${one.id}`);
    expect(rows[1]).toMatchObject({ before: null, after: null });
    expect(totals.counts).toMatchObject({ differences: 0, unknown: { objects: 2 } });
    expect(totals.hasUnknown).toBe(true);
  });

  it('what is missing is unknown if not all failures are named', async () => {
    const one = await backUp(store, folder, []);
    bucketOf('originals').delete('d.png');
    const other = await backUp(store, folder, []);
    rewriteSummary(other.id, (summary) => ({ ...summary, failures_omitted: 5 }));
    const { found, notes } = await compare(one, other);
    expect(found).toEqual(['unknown originals/d.png']);
    expect(notes.join()).toContain('names only the first 0 of 5 objects');
  });

  it('tags that were not read are unknown, and no more than they', async () => {
    const one = await backUp(store, folder, []);
    bucketOf('originals').set('b.png', { content: 'B' });
    const other = await backUp(store, folder, []);
    const failure = (key: string) => ({ bucket: 'originals', key, part: 'tags', reason: 'no' });
    rewriteSummary(other.id, (summary) => ({
      ...summary,
      failures: [failure('a.png'), failure('b.png')],
    }));
    const { found, rows } = await compare(one, other);
    expect(found).toEqual(['unknown originals/a.png: tags', 'changed originals/b.png: bytes']);
    expect(rows[1]?.reason).toContain('could not read its tags');
  });

  it('a part of an index that cannot be read is damage, and no difference is told from it', async () => {
    const one = await backUp(store, folder, []);
    changeStore();
    const other = await backUp(store, folder, []);
    const archive = join(folder, `${other.id}.tar.gz`);
    const bytes = readFileSync(archive);
    // The chunk lies between the objects and the directory.
    const { offset } = other.archive.directory;
    writeFileSync(archive, bytes.fill(0, offset - 300, offset - 200));
    await expect(compare(one, other)).rejects.toMatchObject({ code: 'damaged' });
    // Of equal chunks none is read.
    copyFileSync(join(folder, `${one.id}.tar.gz`), join(folder, 'kept'));
    expect((await compare(one, one)).found).toEqual([]);
  });
});

describe('a backup and the store', () => {
  it('are compared by sizes, ETags and times', async () => {
    const one = await backUp(store, folder, []);
    expect((await compareWithStore(one)).found).toEqual([]);
    changeStore();
    store.buckets.set('fresh', new Map([['x', { content: 'x' }]]));
    const { found, rows, notes, totals } = await compareWithStore(one);
    expect(found).toEqual([
      'added fresh',
      'added fresh/x',
      'changed originals/a.png: bytes',
      // A listing shows no tags: b.png is only written again.
      'unknown originals/c.png: bytes',
      'removed originals/d.png',
      'added originals/e.png',
    ]);
    expect(rows[3]?.reason).toContain('ETag of a multipart upload');
    expect(notes[0]).toContain('a listing shows sizes, ETags and times');
    expect(totals.counts.unchanged).toEqual({ objects: 2, rewritten: 1 });
  });

  it('a listing that breaks off tells nothing of its bucket', async () => {
    const one = await backUp(store, folder, []);
    store.broken.add('originals');
    bucketOf('processed').set('2', { content: '2' });
    const { found, totals } = await compareWithStore(one);
    expect(found).toEqual(['unknown originals', 'added processed/2']);
    expect(totals.counts.unchanged.objects).toBeNull();
  });

  it('a listing out of order is sorted, and what it seemed to lack is forgotten', async () => {
    const one = await backUp(store, folder, []);
    bucketOf('originals').delete('d.png');
    const odd: ListedStore = {
      ...store,
      async *listObjects(...args) {
        const objects: ListedObject[] = [];
        for await (const page of store.listObjects(...args)) objects.push(...page);
        yield objects.slice(1);
        yield objects.slice(0, 1);
      },
    };
    const { found, notes } = await compareWithStore(one, odd);
    expect(found).toEqual(['removed originals/d.png']);
    expect(notes.join()).toContain('its listings are sorted first');
  });

  it('as far as buckets and prefixes select; other buckets are not asked for', async () => {
    const one = await backUp(store, folder, []);
    changeStore();
    store.broken.add('processed');
    const selection = { buckets: ['originals'], keys: [], prefixes: ['d', 'e', 'a'] };
    expect((await compareWithStore(one, store, selection)).found).toEqual([
      'changed originals/a.png: bytes',
      'removed originals/d.png',
      'added originals/e.png',
    ]);
  });

  it('a backup that selects buckets is compared with these', async () => {
    const one = await backUp(store, folder, ['processed']);
    const { found, notCompared } = await compareWithStore(one);
    expect(found).toEqual([]);
    expect(notCompared).toEqual([{ bucket: 'originals', reason: `not selected by ${one.id}` }]);
    store.buckets.delete('processed');
    expect((await compareWithStore(one)).found).toEqual([
      'removed processed',
      'removed processed/1/result.zip',
    ]);
  });

  it('many rows wait in a file for the end of their bucket', async () => {
    const one = await backUp(store, folder, []);
    const originals = bucketOf('originals');
    for (let i = 0; i < 5000; i++)
      originals.set(`n${String(i).padStart(5, '0')}`, { content: 'n' });
    const { found } = await compareWithStore(one);
    expect(found).toHaveLength(5000);
    expect(found[4999]).toBe('added originals/n04999');
  });
});

function rewriteSummary(id: string, change: (summary: Summary) => Summary): void {
  const path = join(folder, `${id}.json`);
  const decoded = decodeSummary(readFileSync(path));
  if (decoded.kind !== 'valid') throw new Error(decoded.kind);
  writeFileSync(path, encodeSummary(change(decoded.summary)));
}
