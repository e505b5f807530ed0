import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import type { Summary } from '../../src/repository/summary.js';
import { backUp, filesIn, temporaryFolder } from '../helpers/backups.js';
import { run, runJson } from '../helpers/cli.js';
import { writeBackup } from '../helpers/summaries.js';
import {
  contentOf,
  freshBucket,
  inParallel,
  removeBucket,
  testStore,
} from '../helpers/test-store.js';

const store = testStore();
let bucket: string;
let folder: string;
/** Made in 2024, and so beyond any of the retentions here. */
let oldFull: string;
let oldMetadata: string;

beforeEach(async () => {
  const temporary = temporaryFolder();
  folder = temporary.folder;
  bucket = await freshBucket(store);
  await store.putObject(bucket, 'a', contentOf('a'));
  // Of the line of what is made here.
  const source = { endpoint: store.endpoint, buckets: [bucket] };
  oldFull = await writeBackup(folder, { at: '2024-01-15T02:00:00Z', sequence: 1, source });
  const metadata = { source, at: '2024-01-15T03:00:00Z', sequence: 2, type: 'metadata' } as const;
  oldMetadata = await writeBackup(folder, metadata);
  return async () => {
    temporary.remove();
    await removeBucket(store, bucket);
  };
});
afterAll(() => store.close());

const full = (...more: string[]) =>
  runJson<Summary & { pruned: { id: string }[] }>([
    ...['backup', 'full', folder, '--bucket', bucket],
    ...more,
  ]);
const ids = async () =>
  (await filesIn(folder)).filter((name) => name.endsWith('.json')).map((name) => name.slice(0, -5));

describe('at its end a complete backup', () => {
  it('removes what has expired of its own kind, and tells', async () => {
    const { answer, exitCode } = await full();
    expect(exitCode).toBe(0);
    expect(answer.pruned).toEqual([{ id: oldFull, bytes: 100 }]);
    expect(await ids()).toEqual([answer.id, oldMetadata].sort());
    expect(await filesIn(folder)).not.toContain(`${oldFull}.tar.gz`);
  });

  it('removes nothing with --no-prune, or within --keep-days', async () => {
    expect((await full('--no-prune')).answer.pruned).toEqual([]);
    expect((await full('--keep-days', '99999')).answer.pruned).toEqual([]);
    expect(await ids()).toContain(oldFull);
  });

  it('is not begun where everything would expire at once', async () => {
    const { exitCode } = await full('--keep-days', '0');
    expect(exitCode).toBe(2);
    expect(await ids()).toEqual([oldFull, oldMetadata]);
  });

  it('keeps the full that the incremental after it refers to', async () => {
    const { answer: parent } = await full('--no-prune');
    const args = ['backup', 'incremental', folder, '--bucket', bucket];
    const { answer } = await runJson<Summary & { pruned: object[] }>(args);
    expect(answer).toMatchObject({ type: 'incremental', references: [parent.id], pruned: [] });
    // An incremental looks at incrementals alone.
    expect(await ids()).toContain(oldFull);
  });

  it('is none where it is suspect: nothing is removed', async () => {
    const keys = Array.from({ length: 5 }, (_, i) => `more-${i}`);
    await inParallel(5, keys, (key) => store.putObject(bucket, key, contentOf(key)));
    await backUp(store, folder, [bucket]);
    const old = { at: '2024-01-16T02:00:00Z', sequence: 1, type: 'incremental' } as const;
    const oldIncremental = await writeBackup(folder, old);
    await inParallel(6, ['a', ...keys], (key) => store.deleteObject(bucket, key));
    const ended = await run(['backup', 'incremental', folder, '--bucket', bucket]);
    expect(ended.exitCode).toBe(8);
    expect(await ids()).toEqual(expect.arrayContaining([oldFull, oldIncremental]));
    // And as long as it is the newest, no prune removes anything.
    expect((await run(['backup', 'prune', folder, '--keep-last', '1'])).exitCode).toBe(8);
    expect(await ids()).toEqual(expect.arrayContaining([oldFull, oldIncremental]));
  });
});
