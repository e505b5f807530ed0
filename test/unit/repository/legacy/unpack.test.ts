import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findLegacy } from '../../../../src/repository/legacy/legacy-backup.js';
import { decideEntry, unpack } from '../../../../src/repository/legacy/unpack.js';
import { headerBlock } from '../../../helpers/archive-tar.js';
import { temporaryFolder } from '../../../helpers/backups.js';

const ID = 'minio_backup_full_20240115_020000';

let folder: string;
let remove: () => void;
let outerTemporary: string | undefined;
beforeEach(() => {
  ({ folder, remove } = temporaryFolder());
  mkdirSync(join(folder, 'tmp'));
  mkdirSync(join(folder, ID, 'data', 'originals'), { recursive: true });
  outerTemporary = process.env.TMPDIR;
  process.env.TMPDIR = join(folder, 'tmp');
});
afterEach(() => {
  if (outerTemporary === undefined) delete process.env.TMPDIR;
  else process.env.TMPDIR = outerTemporary;
  remove();
});

const object = (key: string) => join(folder, ID, 'data', 'originals', key);
const leftBehind = () => readdirSync(join(folder, 'tmp'));

async function pack() {
  execFileSync('tar', ['-czf', join(folder, `${ID}.tar.gz`), '-C', folder, ID]);
  const backup = await findLegacy(folder, ID);
  if (backup?.form !== 'tar') throw new Error('no tar.gz was made');
  return backup;
}

/** A tar.gz of one file with its name in a header of this type, padded to so many bytes. */
async function packWithLongHeader(type: 'ExtendedHeader' | 'NextFileHasLongPath', bytes: number) {
  const path = `${ID}/data/originals/long`;
  const record = `${String(bytes)} path=${path}`;
  const text =
    type === 'ExtendedHeader' ? `${record.padEnd(bytes - 1)}\n` : path.padEnd(bytes, '\0');
  const content = Buffer.from('content'.padEnd(512, '\0'));
  const tar = Buffer.concat([
    headerBlock({ type, path: 'header', size: bytes }),
    Buffer.from(text.padEnd(Math.ceil(bytes / 512) * 512, '\0')),
    headerBlock({ type: 'File', path: `${ID}/data/originals/short`, size: 7 }),
    content,
    Buffer.alloc(1024),
  ]);
  writeFileSync(join(folder, `${ID}.tar.gz`), gzipSync(tar));
  const backup = await findLegacy(folder, ID);
  if (backup?.form !== 'tar') throw new Error('no tar.gz was made');
  return backup;
}

describe('a header of an entry', () => {
  it.each(['ExtendedHeader', 'NextFileHasLongPath'] as const)(
    'that is too large makes the tar damaged, and nothing is unpacked under another name: %s',
    async (type) => {
      const backup = await packWithLongHeader(type, 1024 * 1024 + 1);
      await expect(unpack(backup)).rejects.toMatchObject({
        code: 'damaged',
        message: expect.stringContaining('a header of 1,048,577 bytes is too large') as string,
      });
      expect(leftBehind()).toEqual([]);
    },
  );
});

describe('unpack', () => {
  it('makes a tree that only its owner can read, whatever the modes, and removes it', async () => {
    writeFileSync(object('a'), 'content');
    chmodSync(object('a'), 0o4777);
    chmodSync(join(folder, ID, 'data'), 0o777);
    const tree = await unpack(await pack());
    const modeOf = (...names: string[]) => statSync(join(tree.root, ...names)).mode & 0o7777;
    expect(modeOf('..')).toBe(0o700);
    expect(modeOf('data')).toBe(0o700);
    expect(modeOf('data', 'originals', 'a')).toBe(0o600);
    expect(readFileSync(join(tree.root, 'data', 'originals', 'a'), 'utf8')).toBe('content');
    await tree.remove();
    expect(leftBehind()).toEqual([]);
  });

  it('names what is packed as a link to another file', async () => {
    writeFileSync(object('a'), 'content');
    linkSync(object('a'), object('b'));
    const tree = await unpack(await pack());
    const reason = 'it is a Link, not a file';
    expect(tree.shortfalls).toMatchObject([{ bucket: 'originals', reason }]);
    expect(readdirSync(join(tree.root, 'data', 'originals'))).toHaveLength(1);
    await tree.remove();
  });

  it('leaves nothing behind where it is stopped half-way', async () => {
    for (let i = 0; i < 3000; i++) writeFileSync(object(`object-${i}`), 'x'.repeat(i));
    const backup = await pack();
    const stop = new AbortController();
    const unpacking = unpack(backup, stop.signal);
    const reason = new Error('stopped');
    const stopped = expect(unpacking).rejects.toBe(reason);
    while (leftBehind().length === 0) await sleep(1);
    stop.abort(reason);
    await stopped;
    expect(leftBehind()).toEqual([]);
  });

  it('is not begun where it was stopped before', async () => {
    await expect(unpack(await pack(), AbortSignal.abort(new Error('no')))).rejects.toThrow('no');
    expect(leftBehind()).toEqual([]);
  });
});

const decide = (path: string, type = 'File') => decideEntry({ path, type }, ID).kind;

describe('an entry of a tar.gz', () => {
  it('is unpacked where it is a file or folder below the folder of the name', () => {
    for (const path of ['', './', '/data/b/a..b', '/data/b/..a', '/data/b/-x']) {
      expect(decide(path === './' ? path : `${ID}${path}`)).toBe('unpack');
      expect(decide(path === './' ? path : `./${ID}${path}`)).toBe('unpack');
    }
    expect(decide(`${ID}/data/`, 'Directory')).toBe('unpack');
    expect(decide(`${ID}/data/b/x`, 'OldFile')).toBe('unpack');
  });

  it('ends the reading where it would lie outside', () => {
    for (const path of [
      '../x',
      '/etc/passwd',
      `/${ID}/x`,
      `${ID}/../x`,
      `${ID}/data/../../x`,
      `${ID}/..`,
      `${ID}x/y`,
      'data/b/x',
      `${ID}/a\0b`,
    ]) {
      expect(decide(path)).toBe('refuse');
      expect(decide(path, 'SymbolicLink')).toBe('refuse');
    }
  });

  it('is left out where it is not a file, and named as the object that it would be', () => {
    for (const type of ['SymbolicLink', 'Link', 'CharacterDevice', 'BlockDevice', 'FIFO']) {
      expect(decideEntry({ path: `${ID}/data/b/k/l`, type }, ID)).toEqual({
        kind: 'skip',
        bucket: 'b',
        key: 'k/l',
        reason: `it is a ${type}, not a file`,
      });
    }
    const outside = decideEntry({ path: `${ID}/x`, type: 'Link' }, ID);
    expect(outside).toMatchObject({ kind: 'skip', bucket: '' });
  });
});
