import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mangamotion } from './run.js';

/** A server that takes connections and never answers: a backup from it lasts for ever. */
const server = createServer();
let folder: string;

beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  folder = await mkdtemp(path.join(tmpdir(), 'mangamotion-signals-'));
});
afterAll(async () => {
  server.close();
  await rm(folder, { recursive: true });
});

async function stopBackup(signal: 'SIGINT' | 'SIGTERM', ...flags: string[]) {
  const { port } = server.address() as AddressInfo;
  const connected = once(server, 'connection');
  const env = { MINIO_ACCESS_KEY: 'someone', MINIO_SECRET_KEY: 'a-secret-key' };
  const words = ['backup', 'full', folder, '--endpoint', `127.0.0.1:${port}`, ...flags];
  const running = mangamotion(words, { env });
  await connected;
  running.kill(signal);
  return running;
}

describe('a backup that is stopped', () => {
  it.each([
    ['SIGINT', 130, 'interrupted'],
    ['SIGTERM', 143, 'terminated'],
  ] as const)('by %s ends with status %d and leaves no backup', async (signal, status, word) => {
    const { exitCode, stdout, stderr } = await stopBackup(signal);
    expect({ exitCode, stdout }).toEqual({ exitCode: status, stdout: '' });
    expect(stderr).toContain(`mangamotion: ${word} (${signal})\n`);
    expect(stderr).not.toContain('    at ');
    expect((await readdir(folder)).filter((name) => name.endsWith('.json'))).toEqual([]);
  });

  it('says so in a document with --json', async () => {
    const { exitCode, stdout } = await stopBackup('SIGTERM', '--json');
    expect(exitCode).toBe(143);
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'terminated' } });
  });
});
