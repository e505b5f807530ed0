import { describe, expect, it } from 'vitest';
import type { IndexLine } from '../../../../src/archive/index-line.js';
import { attributesOf } from '../../../../src/restore/attributes/attributes.js';

const NOW = Date.parse('2026-01-01T00:00:00Z');
const line: IndexLine = {
  ...{ bucket: 'b', key: 'k', size: 0, etag: '', sha256: '', path: '', archive: '' },
  ...{ last_modified: '', offset: 0, length: 0, inner: 0 },
  headers: { 'content-type': 'image/png' },
  metadata: { titel: '第１話' },
  tags: [{ key: 'a', value: 'b' }],
};
const kept = { headers: line.headers, metadata: line.metadata, tags: line.tags };
const until = (text: string) => ({ mode: 'COMPLIANCE', until: text }) as const;
const locking = { objectLock: true, encryption: 'prefer' } as const;
const none = { leftOut: undefined, archiveClass: undefined };

describe('what an object gets back', () => {
  it('is all that is kept with it', () => {
    expect(attributesOf(line, locking, NOW)).toEqual({ attributes: kept, ...none });
  });

  it('is its lock too', () => {
    const retention = until('2026-01-01T00:01:00.000Z');
    const restored = attributesOf({ ...line, retention, legal_hold: true }, locking, NOW);
    const attributes = { ...kept, retention, legalHold: true };
    expect(restored).toEqual({ attributes, ...none });
  });

  it('is no retention that is over, or nearly: the legal hold stays', () => {
    for (const text of ['2020-01-01T00:00:00.000Z', '2026-01-01T00:00:59.999Z']) {
      const locked = { ...line, retention: until(text), legal_hold: true as const };
      expect(attributesOf(locked, locking, NOW)).toEqual({
        attributes: { ...kept, legalHold: true },
        ...{ ...none, leftOut: 'retention has run out' },
      });
    }
  });

  it('is no lock in a bucket without', () => {
    const restored = attributesOf(
      { ...line, legal_hold: true },
      { ...locking, objectLock: false },
      NOW,
    );
    expect(restored).toEqual({ ...none, attributes: kept, leftOut: 'bucket has no object lock' });
  });
});
