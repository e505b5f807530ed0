import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, type Socket, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { catalog } from '../../../src/cli/catalog.js';
import { runMain, world } from '../../unit/cli/world.js';

/** A server that takes connections and keeps its answers back. */
const sockets = new Set<Socket>();
const server = createServer((socket) => {
  sockets.add(socket);
  socket.on('error', () => undefined);
});
const folder = mkdtempSync(join(tmpdir(), 'mangamotion-first-'));
let address: string;

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true });
});

it.each([
  [['backup', 'full', folder], 'connecting to the object store'],
  [['backup', 'incremental', folder], 'connecting to the object store'],
  [['backup', 'metadata', folder], 'connecting to the object store'],
  [['backup', 'verify', 's3://bucket/backups', '--latest'], 'listing'],
  [['backup', 'prune', 's3://bucket/backups', '--keep-last', '1'], 'listing'],
  [['backup', 'ls', 's3://bucket/backups', '--latest'], 'listing'],
  [['restore', 's3://bucket/backups', '--latest'], 'listing'],
  [['jobs', 'list'], 'connecting to Redis'],
  [['jobs', 'show', '1'], 'connecting to Redis'],
  [['jobs', 'watch'], 'connecting to Redis'],
  [['billing', 'all-users'], 'connecting to Redis'],
  [['billing', 'audit'], 'connecting to Redis'],
])('%j says what it waits for before the server has answered', async (args, said) => {
  const keys = { MINIO_ACCESS_KEY: 'a', MINIO_SECRET_KEY: 'b' };
  const others = { BACKUP_S3_ACCESS_KEY: 'a', BACKUP_S3_SECRET_KEY: 'b' };
  const env = {
    ...{ MINIO_ENDPOINT: `http://${address}`, BACKUP_S3_ENDPOINT: `http://${address}` },
    ...{ REDIS_URL: `redis://${address}`, TERM: 'xterm', NO_COLOR: '1', ...keys, ...others },
  };
  const host = world({ env, cwd: folder, columns: 80 });
  const running = runMain(args, catalog, host);
  await expect.poll(() => host.stdout.text + host.stderr.text, { timeout: 10_000 }).toContain(said);
  host.signals.emit('SIGTERM');
  expect((await running).status).toBe(143);
});
