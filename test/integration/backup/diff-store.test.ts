import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { DiffRow } from '../../../src/backup/diff/row.js';
import type { DiffTotals } from '../../../src/backup/diff/totals.js';
import { backUp, restoreInto, temporaryFolder } from '../../helpers/backups.js';
import { runJson } from '../../helpers/cli.js';
import { seed } from '../../helpers/seed.js';
import { freshBucket, removeBucket, testStore } from '../../helpers/test-store.js';

/** `backup diff --store` on a real server: what its listing says is what a backup holds. */

const store = testStore();
const { folder, remove } = temporaryFolder();
let bucket: string;

beforeAll(async () => {
  bucket = await freshBucket(store);
});
afterAll(async () => {
  await removeBucket(store, bucket);
  store.close();
  remove();
});

interface Answer {
  changes: DiffRow[];
  total: DiffTotals;
}

it('finds what has changed since the backup, and nothing after a restore', async () => {
  const keys = ['a', 'b/1', 'b/2', 'ü', '😀', '～'];
  await seed(
    store,
    bucket,
    keys.map((key) => ({ key, content: Buffer.from(key) })),
  );
  const { id } = await backUp(store, folder, [bucket]);
  const args = ['backup', 'diff', join(folder, id), '--store', '--exit-code'];
  const same = await runJson<Answer>(args);
  expect(same).toMatchObject({ exitCode: 0, answer: { changes: [] } });
  await store.deleteObject(bucket, 'a');
  await seed(store, bucket, [
    { key: 'b/1', content: Buffer.from('other') },
    { key: 'c', content: Buffer.from('new') },
  ]);
  const changed = await runJson<Answer>(args);
  expect(changed.exitCode).toBe(5);
  expect(changed.answer.changes).toMatchObject([
    { change: 'removed', bucket, key: 'a', after: null },
    { change: 'changed', key: 'b/1', what: ['bytes'], before: { size: 3 }, after: { size: 5 } },
    { change: 'added', key: 'c', before: null, after: { size: 3, sha256: null } },
  ]);
  expect(changed.stderr).toContain('a listing shows sizes, ETags and times');
  await store.deleteObject(bucket, 'c');
  await restoreInto(store, folder, id, { from: bucket, to: bucket });
  const restored = await runJson<Answer>(args);
  expect(restored).toMatchObject({
    exitCode: 0,
    answer: { changes: [], total: { unchanged: { objects: 6 } } },
  });
});
