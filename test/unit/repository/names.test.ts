import { describe, expect, it } from 'vitest';
import { backupIdOf, backupTimeOf, backupTypeOf } from '../../../src/repository/names.js';

const ID = 'minio_backup_incremental_20240229_235959';

describe('an id', () => {
  it('tells type and time', () => {
    expect(backupTypeOf(ID)).toBe('incremental');
    expect(backupTimeOf(ID)).toEqual(new Date('2024-02-29T23:59:59Z'));
  });

  it.each(['minio_backup_full_20240199_000000', 'something else'])('%s has no time', (id) => {
    expect(backupTimeOf(id).getTime()).toBeNaN();
  });

  it('is in the name of each of the files, so that no new backup takes over an old mark', () => {
    for (const suffix of ['', '.tar.gz', '.json', '.expired', '.accepted', '.retired']) {
      expect(backupIdOf(ID + suffix)).toBe(ID);
    }
    expect(backupIdOf(`${ID}.tar.gz.partial`)).toBeUndefined();
  });
});
