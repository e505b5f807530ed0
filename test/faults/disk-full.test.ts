import { execFileSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { removeAtExit } from '../helpers/child-processes.js';
import { filesIn, verify } from '../helpers/backups.js';
import { run, runJson } from '../helpers/cli.js';
import { noise, seed } from '../helpers/seed.js';
import { freshBucket, removeBucket, testStore } from '../helpers/test-store.js';

const MIB = 1024 * 1024;
const SIZE = 8 * MIB;

/** A file system that is soon full; `undefined` where this user may not mount one. */
function mountSmallDisk(): { folder: string; unmount: () => void } | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'mangamotion-small-disk-'));
  const remove = removeAtExit(folder);
  try {
    const options = ['-t', 'tmpfs', '-o', `size=${SIZE}`, 'tmpfs', folder];
    execFileSync('mount', options, { stdio: 'ignore' });
  } catch {
    remove();
    return undefined;
  }
  const unmount = (): void => {
    execFileSync('umount', [folder]);
    remove();
  };
  return { folder, unmount };
}

const disk = mountSmallDisk();

describe.runIf(disk !== undefined)('a disk that becomes full', () => {
  const folder = disk?.folder ?? '';
  const store = testStore();
  let small: string;
  let large: string;
  let tiny: string;
  let first: string;

  beforeAll(async () => {
    small = await freshBucket(store);
    large = await freshBucket(store);
    tiny = await freshBucket(store);
    await seed(store, small, [{ key: 'page.png', content: noise(5 * MIB, 'page') }]);
    await seed(store, large, [
      { key: 'page.png', content: noise(2 * MIB, 'page') },
      { key: 'video.mp4', content: noise(9 * MIB, 'video') },
    ]);
    await seed(store, tiny, [{ key: 'note.txt', content: Buffer.from('note') }]);
  });
  afterAll(async () => {
    // First: whatever becomes of the buckets, no disk stays mounted.
    disk?.unmount();
    for (const bucket of [small, large, tiny]) await removeBucket(store, bucket);
    store.close();
  });

  const expectFirstToBeWhole = async (): Promise<void> => {
    expect(await filesIn(folder)).toEqual([`${first}.json`, `${first}.tar.gz`]);
    expect(await verify(folder, first)).toMatchObject({ status: 'ok' });
  };

  it('ends the backup with one message and status 1, and nothing is left of it', async () => {
    first = (await runJson<{ id: string }>(['backup', 'full', folder, '--bucket', small])).answer
      .id;
    const args = ['backup', 'full', folder, '--bucket', large, '--ignore-free-space'];
    const { exitCode, stdout, stderr } = await run(args);
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    expect(stderr).toMatch(/^mangamotion: warning: the objects are [\d,]+ bytes and .* free/);
    const message = stderr.replaceAll(/^mangamotion: warning: .*\n/gm, '');
    expect(message).toMatch(
      /^mangamotion: [^\n]*no space is left on the disk\n {2}hint: [^\n]+\n$/,
    );
    await expectFirstToBeWhole();
  });

  it('ends a plain folder in the same way, and nothing is left of that either', async () => {
    const args = ['backup', 'full', folder, '--bucket', large, '--ignore-free-space', '--quiet'];
    const { exitCode, stderr } = await run(args, { env: { BACKUP_COMPRESSION: 'false' } });
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/no space is left on the disk\n {2}hint: [^\n]+\n$/);
    await expectFirstToBeWhole();
  });

  it.each(['true', 'false'])(
    'ends an incremental (compressed: %s) in the same way, and its parent stays whole',
    async (BACKUP_COMPRESSION) => {
      await seed(store, small, [{ key: 'video.mp4', content: noise(9 * MIB, 'video') }]);
      const args = ['backup', 'incremental', folder, '--bucket', small, '--quiet'];
      const { exitCode, stderr } = await run(args, { env: { BACKUP_COMPRESSION } });
      await store.deleteObject(small, 'video.mp4');
      expect(exitCode).toBe(1);
      expect(stderr).toMatch(/no space is left on the disk\n {2}hint: [^\n]+\n$/);
      await expectFirstToBeWhole();
    },
  );

  it('is noticed before it is full, where the last backup would not fit again: status 8', async () => {
    const { exitCode, answer } = await runJson<{ error: { code: string; hint: string } }>([
      'backup',
      'full',
      folder,
      '--bucket',
      small,
    ]);
    expect({ exitCode, code: answer.error.code }).toEqual({ exitCode: 8, code: 'refused' });
    expect(answer.error.hint).toContain('--ignore-free-space');
    await expectFirstToBeWhole();
  });

  it('takes another backup where there is room for that one', async () => {
    const args = ['backup', 'full', folder, '--bucket', tiny, '--ignore-free-space'];
    const { exitCode, answer } = await runJson<{ id: string }>(args);
    expect(exitCode).toBe(0);
    expect(await verify(folder, answer.id)).toMatchObject({ status: 'ok', objects: 1 });
    expect(await verify(folder, first)).toMatchObject({ status: 'ok' });
  });
});
