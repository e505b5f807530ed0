import { describe, expect, it } from 'vitest';
import { decideEntry } from '../../../../src/repository/legacy/tar-entry.js';

const ID = 'minio_backup_full_20240115_020000';
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

  it('is left out where it is no file, and named as the object that it would be', () => {
    for (const type of ['SymbolicLink', 'Link', 'CharacterDevice', 'BlockDevice', 'FIFO']) {
      expect(decideEntry({ path: `${ID}/data/b/k/l`, type }, ID)).toEqual({
        kind: 'skip',
        bucket: 'b',
        key: 'k/l',
        reason: `it is no file but a ${type}`,
      });
    }
    const outside = decideEntry({ path: `${ID}/x`, type: 'Link' }, ID);
    expect(outside).toMatchObject({ kind: 'skip', bucket: '' });
  });
});
