import { expect, it } from 'vitest';
import { Baseline, ParentUnreadable } from '../../../../src/backup/plan/baseline.js';
import { MangamotionError } from '../../../../src/errors.js';
import type { OpenCommitted } from '../../../../src/repository/open-backup.js';
import { summaryOf } from '../../../helpers/summaries.js';

const damaged = new MangamotionError('damaged', 'chunk 0 was changed');
const open = {
  directory: { chunks: [{ archive: 'a' }], buckets: [] },
  archives: { of: () => Promise.resolve({ readChunk: () => Promise.reject(damaged) }) },
} as unknown as OpenCommitted;

async function failureOf(type: 'full' | 'incremental', isEncrypted: boolean): Promise<unknown> {
  const summary = summaryOf({ at: '2024-01-01T02:00:00.000Z', sequence: 1 });
  if (isEncrypted) summary.encryption = { scheme: 'age', recipients: [], archives: {} };
  const baseline = new Baseline(type, summary, open);
  try {
    for await (const chunk of baseline.chunks()) expect(chunk).toBeUndefined();
  } catch (error) {
    return error;
  }
  return baseline.unreadable;
}

it('a damaged index ends an incremental, and says where a full can take its place', async () => {
  const found = await failureOf('incremental', true);
  expect(found).toBeInstanceOf(ParentUnreadable);
  expect(found).toMatchObject({
    code: 'damaged',
    message: expect.stringContaining('cannot be the parent: chunk 0') as string,
  });
  expect(await failureOf('incremental', false)).toBe(damaged);
  expect(await failureOf('full', true)).toBe('chunk 0 was changed');
});
