import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startSilentServer } from '../helpers/redis-proxy.js';
import { mangamotion } from './run.js';
import { startProgram } from './start.js';

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

describe('serve', () => {
  it('ends after the grace, whatever is under way, and tells of cut connections', async () => {
    const redis = await startSilentServer();
    const words = ['serve', '--listen', '127.0.0.1:0', '--grace', '1s'];
    const running = startProgram(words, { REDIS_URL: redis.url });
    let port = 0;
    await running.until((log) => (port = Number(/"port":(\d+)/.exec(log)?.[1] ?? 0)) > 0);
    const client = connect(port, '127.0.0.1').on('error', () => undefined);
    client.write('GET /api/health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n');
    await redis.met;
    const { exitCode, stdout } = await running.end('SIGTERM');
    client.destroy();
    await redis.close();
    expect(exitCode).toBe(0);
    expect(stdout).toContain('"connections":1');
    // It would be logged after Redis was waited for.
    expect(stdout).not.toContain('/api/health');
  });
});

describe('a command that waits for a Redis which never answers', () => {
  const COMMANDS = [
    ['billing', 'summary', 'alice'],
    ['billing', 'all-users'],
    ['billing', 'track', 'bytes', 'alice', '1', '4711'],
    ['billing', 'reset', 'alice', '--yes'],
    ['jobs', 'list'],
    ['jobs', 'show', '4711'],
    ['jobs', 'watch'],
  ];
  it.each([
    ...COMMANDS.map((args) => ['redis://', '', args] as const),
    ['rediss://', '', ['billing', 'summary', 'alice']],
    ['redis-sentinel://', '/mymaster', ['billing', 'summary', 'alice']],
  ] as const)('(%s…%s %j) is terminated', async (scheme, master, args) => {
    const silent = await startSilentServer();
    const env = { REDIS_URL: `${scheme}127.0.0.1:${silent.port}${master}` };
    const running = mangamotion([...args, '--json'], { env });
    await silent.met;
    running.kill('SIGTERM');
    const { exitCode, stdout, stderr } = await running;
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 143 });
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'terminated' } });
    await silent.close();
  });
});
