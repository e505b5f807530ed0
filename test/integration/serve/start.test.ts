import { rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../helpers/backups.js';
import { useBillingRedis } from '../../helpers/billing-records.js';
import { forgeBackup } from '../../helpers/forged-backups.js';
import { runHere } from '../../helpers/in-process.js';
import { startAnsweringProxy } from '../../helpers/redis-answers.js';
import { documentOf, useServers } from '../../helpers/serve.js';

const { env } = useBillingRedis();

const serve = useServers();

describe('health', () => {
  it('does not take what Redis never says for a Redis', async () => {
    const proxy = await startAnsweringProxy(env().REDIS_URL, ([command]) =>
      /^ping$/i.test(command ?? '') ? '+OK\r\n' : undefined,
    );
    const server = await serve([], { REDIS_URL: proxy.url });
    const answer = await server.get('/api/health');
    await proxy.close();
    expect(answer.status).toBe(503);
    expect(documentOf(answer).checks).toMatchObject({ redis: { status: 'unhealthy' } });
  });

  it('is bad if the archive of a backup is gone', async () => {
    const { folder, remove } = temporaryFolder();
    const id = await forgeBackup(folder, 'tar', {});
    rmSync(join(folder, `${id}.tar.gz`));
    const server = await serve(['--backup', folder], env());
    const answer = await server.get('/api/health');
    remove();
    expect(documentOf(answer).checks).toMatchObject({
      backups: { status: 'unhealthy', reason: 'a backup cannot be read completely' },
    });
  });
});

describe('a start', () => {
  it('listens on port 3000 of loopback unless told otherwise', async () => {
    // Whoever has the port already, this test or another process: serve is told so.
    const other = createServer();
    await new Promise<void>((resolve) => {
      other.once('error', () => resolve());
      other.listen(3000, '127.0.0.1', resolve);
    });
    const { exitCode, stderr } = await runHere(['serve'], { env: env() });
    other.close();
    expect(exitCode).toBe(2);
    expect(stderr).toContain('cannot listen on 127.0.0.1:3000: another process already listens');
  });

  it.each([
    ['none', '/nowhere', 'cannot read /nowhere'],
    ['an endless one', '/dev/zero', 'cannot read /dev/zero'],
    ['one that is no PEM', 'text', 'are not a certificate and its key in PEM'],
  ])('with a certificate file that is %s is refused: status 2', async (_what, file, reason) => {
    const { folder, remove } = temporaryFolder();
    writeFileSync(join(folder, 'text'), 'text');
    const args = ['serve', '--listen', '127.0.0.1:0', '--tls-cert', file, '--tls-key', file];
    const { exitCode, stderr } = await runHere(args, { env: env(), cwd: folder });
    remove();
    expect({ exitCode, stderr }).toEqual({
      exitCode: 2,
      stderr: expect.stringContaining(reason) as string,
    });
  });
});
