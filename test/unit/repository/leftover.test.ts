import { describe, expect, it } from 'vitest';
import type { BackupEntry } from '../../../src/repository/destination.js';
import type { Leftover } from '../../../src/repository/leftover.js';
import { divideLeftovers } from '../../../src/repository/removable-leftovers.js';

const FULL = 'minio_backup_full_20260101_000000';
const LATER = 'minio_backup_incremental_20260102_000000';

function left(id: string, ending: string): Leftover {
  return {
    ...{ id, path: `s3://b/${id}${ending}`, sizeBytes: 1 },
    open: () => Promise.resolve(undefined),
    remove: () => Promise.resolve(),
  };
}

function backup(id: string, references: string[]): BackupEntry {
  const summary = { kind: 'valid', summary: { id, references } };
  return { id, summary, archiveBytes: 1, expired: false } as unknown as BackupEntry;
}

describe('what looks like the leftover of a dead run', () => {
  const ofFull = [left(FULL, '.tar.gz'), left(FULL, '.json.partial')];

  it('stays whole while a backup refers to it: only its summary was lost', () => {
    const ofDead = left('minio_backup_full_20260103_000000', '.tar.gz');
    const divided = divideLeftovers([...ofFull, ofDead], [backup(LATER, [FULL])]);
    expect(divided).toEqual({ removable: [ofDead], needed: ofFull });
  });

  it('is removed beside a backup that has its summary, and where nothing refers to it', () => {
    const backups = [backup(FULL, []), backup(LATER, [FULL])];
    expect(divideLeftovers(ofFull, backups).needed).toEqual([]);
    expect(divideLeftovers(ofFull, []).removable).toEqual(ofFull);
  });
});
