import { expect, it } from 'vitest';
import { CaptureLedger } from '../../../../src/backup/capture/ledger.js';
import { MangamotionError } from '../../../../src/errors.js';

it.each([true, false])('the end of a run without access names no object: %s', (hidesNames) => {
  const ledger = new CaptureLedger({
    earlier: undefined,
    earlierIsUnknown: () => false,
    createdAt: '2024-01-15T02:00:00Z',
    hidesNames,
  });
  const request = { operation: 'GetObject', status: 403, code: 'AccessDenied' };
  for (const key of ['secret-a', 'secret-b']) {
    const error = new MangamotionError('access_denied', `photos/${key}: Access Denied`, {
      request,
    });
    ledger.failed({ bucket: 'photos', key }, error, false);
  }
  let caught: unknown;
  try {
    ledger.refuseIfAllDenied();
  } catch (error) {
    caught = error;
  }
  expect(caught).toMatchObject({ code: 'access_denied', request });
  expect(String(caught).includes('secret')).toBe(!hidesNames);
});
