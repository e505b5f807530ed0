import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readFile, writeFile } from 'node:fs/promises';
import { backUp, temporaryFolder } from '../helpers/backups.js';
import { run } from '../helpers/cli.js';
import { startFaultyProxy, type FaultyProxy } from '../helpers/faulty-proxy.js';
import { noise, seed } from '../helpers/seed.js';
import { freshBucket, removeBucket, testStore } from '../helpers/test-store.js';

/** Keys are made by strangers: one may be meant for the terminal of whoever lists it. */
const HOSTILE_KEYS = [
  'title \u001b]0;owned\u0007.png',
  'clear \u001b[2J\u001b[H.png',
  'c1 \u009b31m.png',
  'line\r\nmangamotion: all is well',
  'reversed \u202egnp.exe',
];
const VISIBLE = 'title \\u001b]0;owned\\u0007.png';
/** Not compressed, so that a test finds its bytes in the archive. */
const STORED = { headers: { 'content-type': 'image/png' } };
/** Whatever a terminal would obey, but for the line ends of the answer itself. */
const OBEYED = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/;

describe('keys with escape sequences', () => {
  const store = testStore();
  const { folder, remove } = temporaryFolder();
  let proxy: FaultyProxy;
  let bucket: string;
  let backup: string;

  beforeAll(async () => {
    proxy = await startFaultyProxy(store.endpoint, ({ path }) =>
      path.includes('.png') ? { kind: 'answer', status: 403, code: 'AccessDenied' } : undefined,
    );
    bucket = await freshBucket(store);
    await seed(
      store,
      bucket,
      HOSTILE_KEYS.map((key) => ({ key, content: noise(9, key), attributes: STORED })),
    );
    backup = join(folder, (await backUp(store, folder, [bucket])).id);
  });
  afterAll(async () => {
    await proxy.close();
    await removeBucket(store, bucket);
    store.close();
    remove();
  });

  it('are shown, not obeyed, by backup ls', async () => {
    const { exitCode, stdout, stderr } = await run(['backup', 'ls', backup]);
    expect(exitCode).toBe(0);
    expect(stdout).toContain(VISIBLE);
    expect(stdout + stderr).not.toMatch(OBEYED);
    expect(stdout.trimEnd().split('\n')).toHaveLength(1 + HOSTILE_KEYS.length);
  });

  it('are shown, not obeyed, where they could not be backed up', async () => {
    const { folder: empty, remove: removeEmpty } = temporaryFolder();
    const { exitCode, stdout, stderr } = await run(['backup', 'full', empty, '--bucket', bucket], {
      endpoint: proxy.endpoint,
    });
    expect(exitCode).toBe(3);
    expect(stdout).toContain(VISIBLE);
    expect(stdout + stderr).not.toMatch(OBEYED);
    removeEmpty();
  });

  it('are shown, not obeyed, where verify finds them damaged and restore refuses them', async () => {
    const archive = await readFile(`${backup}.tar.gz`);
    const at = archive.indexOf(noise(9, HOSTILE_KEYS[0] ?? ''));
    await writeFile(`${backup}.tar.gz`, flipped(archive, at));
    const verified = await run(['backup', 'verify', backup]);
    expect(verified.exitCode).toBe(5);
    expect(verified.stdout).toContain(VISIBLE);
    expect(verified.stdout + verified.stderr).not.toMatch(OBEYED);

    for (const key of HOSTILE_KEYS) await store.deleteObject(bucket, key);
    const restored = await run(['restore', backup]);
    expect(restored.exitCode).toBe(3);
    expect(restored.stdout).toContain(VISIBLE);
    expect(restored.stdout + restored.stderr).not.toMatch(OBEYED);
    await writeFile(`${backup}.tar.gz`, archive);
  });

  it('are shown, not obeyed, where they are not in the backup', async () => {
    const { exitCode, stderr } = await run(['restore', backup, '--key', 'no \u001b[2J such']);
    expect(exitCode).toBe(4);
    expect(stderr).toContain('u001b[2J');
    expect(stderr).not.toMatch(OBEYED);
  });
});

function flipped(bytes: Buffer, at: number): Buffer {
  if (at < 0) throw new Error('no such bytes to flip');
  const copy = Buffer.from(bytes);
  copy.writeUInt8(copy.readUInt8(at) ^ 1, at);
  return copy;
}
