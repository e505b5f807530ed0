import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ObjectStore } from '../../../../../src/object-store/port.js';
import { isUnexpectedAnswer } from '../../../../../src/object-store/store-errors.js';
import { openMinioStore } from '../../../../../src/object-store/s3/s3-store.js';

/** A server that answers each request for a version with the current one, or names none. */

let server: Server;
let store: ObjectStore;
let answered: string | undefined;

beforeAll(async () => {
  server = createServer((_, response) => {
    response.writeHead(200, {
      'content-length': '7',
      'last-modified': 'Mon, 01 Jan 2024 00:00:00 GMT',
      ...(answered === undefined ? {} : { 'x-amz-version-id': answered }),
    });
    response.end('current');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  store = openMinioStore({
    ...{ endpoint: '127.0.0.1', port: (server.address() as AddressInfo).port, useTls: false },
    ...{ accessKey: 'key', secretKey: 'secret', region: 'us-east-1' },
  });
});
afterAll(async () => {
  store.close();
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
});

const ways: [string, (versionId: string) => Promise<unknown>][] = [
  ['HEAD', (versionId) => store.headObject('bucket', 'key', { versionId })],
  ['GET', (versionId) => store.getObject('bucket', 'key', { versionId })],
  ['a whole GET', (versionId) => store.readObject('bucket', 'key', { versionId, maxBytes: 9 })],
];

describe.each(ways)('%s of a version', (_, ask) => {
  it.each([
    ['another version', 'new', 'with the version new instead of old'],
    ['no version', undefined, 'with no version instead of old'],
  ])('that is answered with %s is an unexpected answer', async (_what, version, words) => {
    answered = version;
    const error = await ask('old').catch((caught: unknown) => caught);
    expect(isUnexpectedAnswer(error)).toBe(true);
    expect(String(error)).toContain(words);
  });

  it('is taken where the answer is about it', async () => {
    answered = 'old';
    await expect(ask('old')).resolves.toBeDefined();
    answered = undefined;
    await expect(ask('null')).resolves.toBeDefined();
  });
});
