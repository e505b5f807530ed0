import { describe, expect, it } from 'vitest';
import {
  legalHoldDocument,
  lockHeaders,
  lockOf,
  parseLegalHold,
  parseRetention,
  retentionDocument,
} from '../../../../../src/object-store/s3/wire/object-lock.js';

const UNTIL = '2030-01-02T03:04:05.678Z';
const MODE = 'x-amz-object-lock-mode';
const DATE = 'x-amz-object-lock-retain-until-date';
const HOLD = 'x-amz-object-lock-legal-hold';

describe('the lock of an object', () => {
  it('goes into headers and comes out of them', () => {
    const lock = { retention: { mode: 'COMPLIANCE', until: UNTIL }, legalHold: true } as const;
    expect(lockHeaders(lock)).toEqual({ [MODE]: 'COMPLIANCE', [DATE]: UNTIL, [HOLD]: 'ON' });
    expect(lockOf(lockHeaders(lock))).toEqual(lock);
  });

  it('that is none goes into no headers', () => {
    expect(lockHeaders({})).toEqual({});
    expect(lockHeaders({ retention: null, legalHold: false })).toEqual({});
    expect(lockOf({ [HOLD]: 'OFF' })).toEqual({ retention: null, legalHold: false });
  });

  it.each([
    ['2030-01-02T03:04:05.678000000Z', UNTIL],
    ['2030-01-02T03:04:05Z', '2030-01-02T03:04:05.000Z'],
    ['2030-01-02T04:04:05.678+01:00', UNTIL],
  ])('ends at one time however a server writes it: %s', (date, until) => {
    const { retention } = lockOf({ [MODE]: 'GOVERNANCE', [DATE]: date });
    expect(retention).toEqual({ mode: 'GOVERNANCE', until });
  });

  it.each([
    { [MODE]: 'GOVERNANCE' },
    { [DATE]: UNTIL },
    { [MODE]: '', [DATE]: '' },
    { [MODE]: 'ETERNAL', [DATE]: UNTIL },
    { [MODE]: 'GOVERNANCE', [DATE]: 'some day' },
  ])('needs a mode and a date: %j', (headers) => {
    expect(lockOf(headers).retention).toBeNull();
  });

  it('is a document each for retention and legal hold', () => {
    const retention = { mode: 'GOVERNANCE', until: UNTIL } as const;
    expect(parseRetention(retentionDocument(retention))).toEqual({ retention });
    expect(parseLegalHold(legalHoldDocument())).toEqual({ legalHold: true });
  });

  it('is read under the name that Versity Gateway gives it', () => {
    const xml = `<?xml version="1.0" encoding="UTF-8"?>\n<ObjectLockRetention><Mode>GOVERNANCE</Mode><RetainUntilDate>2026-11-29T04:37:33Z</RetainUntilDate></ObjectLockRetention>`;
    const retention = { mode: 'GOVERNANCE', until: '2026-11-29T04:37:33.000Z' };
    expect(parseRetention(xml)).toEqual({ retention });
  });

  it('may be an empty document, but not another', () => {
    expect(parseRetention('<Retention/>')).toEqual({ retention: null });
    expect(parseLegalHold('<LegalHold><Status>OFF</Status></LegalHold>')).toEqual({
      legalHold: false,
    });
    expect(parseRetention('the bytes of the object')).toBeNull();
    expect(parseLegalHold('<Retention/>')).toBeNull();
  });
});
