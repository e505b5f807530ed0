import { expect, it } from 'vitest';
import { SharedRecords } from '../../../src/repository/encryption/shared-records.js';
import type { Encryption, Summary } from '../../../src/repository/summary.js';
import { decodeSummary, encodeSummary } from '../../../src/repository/summary-codec.js';
import { idAt, summaryOf } from '../../helpers/summaries.js';

const FULL = '2024-01-15T02:00:00Z';
const LATER = '2024-01-16T02:00:00Z';

type EncryptedRecord = Encryption['archives'][string];

const recordOf = (nonce: string): EncryptedRecord => {
  const head = { header: 'aGVhZGVy', nonce, bytes: 1 };
  return { ...head, index: { ...head, sha256: '0'.repeat(64) } };
};

function encrypted(archives: Encryption['archives'], references: string[] = []): Summary {
  const made = { at: LATER, sequence: 2, references };
  return { ...summaryOf(made), format: 2, encryption: { scheme: 'age', recipients: [], archives } };
}

it('equal records of an archive are kept once, and others as they are', () => {
  const [id, own] = [idAt(FULL), idAt(LATER)];
  const records = new SharedRecords();
  const read = (nonce: string): EncryptedRecord | undefined => {
    const text = encodeSummary(encrypted({ [id]: recordOf(nonce), [own]: recordOf('b3du') }, [id]));
    const decoded = records.in(decodeSummary(Buffer.from(text)));
    return decoded.kind === 'valid' ? decoded.summary.encryption?.archives[id] : undefined;
  };
  const first = read('AAAA');
  expect(first).toEqual(recordOf('AAAA'));
  expect(read('AAAA')).toBe(first);
  expect(read('BBBB')).toEqual(recordOf('BBBB'));
});

it.each([
  ['its own archive', {}, []],
  ['an archive that it refers to', { [idAt(LATER)]: recordOf('AAAA') }, [idAt(FULL)]],
])('an encrypted summary without a record of %s is damaged', (_, archives, references) => {
  const text = encodeSummary(encrypted(archives, references));
  expect(decodeSummary(Buffer.from(text))).toMatchObject({
    kind: 'damaged',
    reason: expect.stringContaining('has no record of minio_backup_full_') as string,
  });
});
