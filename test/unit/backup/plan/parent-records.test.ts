import { expect, it } from 'vitest';
import { whyRecordsUnfit } from '../../../../src/backup/plan/parent-records.js';
import { MangamotionError } from '../../../../src/errors.js';
import { summaryOf } from '../../../helpers/summaries.js';

const header = 'age-encryption.org/v1\n--- mac\n';
const head = Buffer.from(`${header}${'n'.repeat(16)}`);

async function whyUnfit(reading: () => Promise<Buffer>): Promise<string | undefined> {
  const start = {
    header: Buffer.from(header).toString('base64'),
    nonce: Buffer.from('n'.repeat(16)).toString('base64'),
    bytes: 100,
  };
  const parent = summaryOf({ at: '2024-01-01T02:00:00.000Z', sequence: 1 });
  const record = { ...start, index: { ...start, bytes: 0, sha256: '' } };
  parent.encryption = { scheme: 'age', recipients: [], archives: { [parent.id]: record } };
  const file = { sizeBytes: 100, read: reading, close: () => Promise.resolve() };
  const destination = {
    openFile: () => Promise.resolve(file),
    readFile: () => Promise.reject(new Error('not asked for')),
  };
  const summary = { kind: 'valid', summary: parent } as const;
  const backups = [{ id: parent.id, summary, archiveBytes: 100, expired: false }];
  const { signal } = new AbortController();
  return await whyRecordsUnfit({ destination, backups, signal }, parent);
}

const refusal = (code: string) =>
  new MangamotionError('refused', `${code} of an archive`, {
    request: { operation: 'GetObject', status: 403, code },
  });

it('an archive in cold storage that no listing tells of makes a parent unfit, and ends no run', async () => {
  expect(await whyUnfit(() => Promise.resolve(head))).toContain('SHA-256');
  const cold = whyUnfit(() => Promise.reject(refusal('InvalidObjectState')));
  expect(await cold).toBe('InvalidObjectState of an archive');
  const other = refusal('InvalidRequest');
  await expect(whyUnfit(() => Promise.reject(other))).rejects.toBe(other);
});
