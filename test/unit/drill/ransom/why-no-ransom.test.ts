import { expect, it } from 'vitest';
import { whyNoRansom } from '../../../../src/drill/scenarios/ransom.js';
import { MangamotionError } from '../../../../src/errors.js';
import type { BackupEntry, Destination } from '../../../../src/repository/destination.js';
import { summaryOf } from '../../../helpers/summaries.js';

async function whyLeftOut(list: () => Promise<BackupEntry[]>): Promise<string | undefined> {
  const known = { location: 's3://bucket/here', list, files: () => ({ place: {} }) };
  return await whyNoRansom({ destination: known as unknown as Destination }, undefined);
}

const lock = { mode: 'COMPLIANCE', until: '2024-03-01T00:00:00Z', unprotected: 0 } as const;

function lockedAt(destination: string): Promise<BackupEntry[]> {
  const made = { at: '2024-01-01T02:00:00.000Z', sequence: 1, lock };
  const summary = { ...summaryOf(made), destination };
  const archiveBytes = summary.archive_bytes;
  const decoded = { kind: 'valid', summary } as const;
  return Promise.resolve([{ id: summary.id, summary: decoded, archiveBytes, expired: false }]);
}

it('drill all leaves out the attack on a copy, whose summary tells of locks elsewhere', async () => {
  expect(await whyLeftOut(() => lockedAt('s3://bucket/here'))).toBeUndefined();
  expect(await whyLeftOut(() => lockedAt('s3://bucket/elsewhere'))).toContain('is not locked');
});

it('drill all attacks, and fails, where it is not known whether the backups are locked', async () => {
  expect(
    await whyLeftOut(() => Promise.reject(new MangamotionError('unreachable', 'no answer'))),
  ).toBeUndefined();
  expect(await whyLeftOut(() => Promise.resolve([]))).toContain('no');
});
