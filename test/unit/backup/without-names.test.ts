import { inspect } from 'node:util';
import { expect, it } from 'vitest';
import { withoutNames } from '../../../src/backup/without-names.js';
import { MangamotionError } from '../../../src/errors.js';
import { S3ResponseError, translateError } from '../../../src/object-store/store-errors.js';

const STORE = 'http://store:9000';
const KEY = 'plainname-5d1e/Ünderlined: %41.txt';
const endpoints = { store: STORE, destination: { endpoint: STORE, bucket: 'vault' } };
const request = { method: 'GET' as const, bucket: 'photos', key: KEY, query: '' };

function shown(error: unknown, of = endpoints): string {
  const hidden = withoutNames(error, of);
  return `${inspect(hidden, { depth: 4 })} ${hidden.message}`;
}

it.each([
  ['an answer', new S3ResponseError('AccessDenied', 403, `no ${KEY} for you`)],
  ['no answer', Object.assign(new Error(`read ${KEY}`), { code: 'ECONNRESET' })],
  ['a name that cannot be sent', Object.assign(new Error(KEY), { code: 'ERR_INVALID_CHAR' })],
])('%s of the store names no object, also with --debug', (_what, cause) => {
  const error = translateError(cause, { endpoint: STORE, request });
  expect(inspect(error)).toContain('plainname-5d1e');
  const hidden = shown(error);
  expect(hidden).not.toContain('plainname-5d1e');
  expect(hidden).toContain(`GetObject at ${STORE} got`);
});

it('an object of the store is not named because its name is that of a backup', () => {
  const key = 'plainname-5d1e/minio_backup_full_20240115_020000.tar.gz';
  const denied = new S3ResponseError('AccessDenied', 403, 'no');
  const ofStore = { endpoint: STORE, request: { ...request, key } };
  expect(shown(translateError(denied, ofStore))).not.toContain('plainname-5d1e');
});

it('an error that nobody expected has its places in the code alone', () => {
  const hidden = shown(new RangeError(`objects out of order: photos/${KEY}\nand ${KEY}`));
  expect(hidden).not.toContain('plainname-5d1e');
  expect(hidden).toMatch(/unexpected error.*\n {4}at .*without-names\.test/);
  expect(withoutNames(new Error(KEY), endpoints)).toMatchObject({ code: 'internal' });
});

it('what concerns the destination, and what no server said, stays as it is', () => {
  const key = 'minio/minio_backup_full_20240115_020000.tar.gz.age';
  const denied = new S3ResponseError('AccessDenied', 403, 'no');
  const context = {
    endpoint: STORE,
    request: { method: 'PUT' as const, bucket: 'vault', key, query: '' },
  };
  expect(shown(translateError(denied, context))).toContain(`vault/${key}: PutObject`);
  const other = { ...context, endpoint: 'http://other:9000' };
  const claim = { ...other, request: { ...other.request, key: 'minio/claim' } };
  expect(
    shown(translateError(denied, claim), {
      ...endpoints,
      destination: { endpoint: other.endpoint, bucket: 'vault' },
    }),
  ).toContain('vault/minio/claim: PutObject');
  const interrupted = new MangamotionError('interrupted', 'interrupted');
  expect(withoutNames(interrupted, endpoints)).toBe(interrupted);
});
