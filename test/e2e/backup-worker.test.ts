import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openBullEngine } from '../../src/engine/bullmq/bull-engine.js';
import { temporaryFolder } from '../helpers/backups.js';
import { targetOf } from '../helpers/bull-world.js';
import { waitUntil } from '../helpers/child-processes.js';
import { storeSettings } from '../helpers/cli.js';
import { useRedis } from '../helpers/use-redis.js';
import { mangamotion } from './run.js';
import { startProgram } from './start.js';

const used = useRedis();
const RUN = { run: 'minio_backup_full_20261130_020000', token: 'a'.repeat(32) };

describe('backup worker', () => {
  const { folder, remove } = temporaryFolder();
  let version: string;
  beforeAll(async () => {
    version = (await mangamotion(['--version'])).stdout.trim();
  });
  afterAll(remove);
  const env = () => ({ ...storeSettings(), REDIS_URL: used.server.url });
  const worker = (...words: string[]) => ['backup', 'worker', folder, ...words];

  it('takes shards, captures them in processes, and ends when it is told to', async () => {
    const program = startProgram(
      worker('--concurrency', '1', '--queue', 'q', '--listen', '0'),
      env(),
    );
    await program.until((log) => log.includes('the worker listens'));
    const engine = await openBullEngine({
      ...{ ...RUN, queue: 'q', target: targetOf(used.server.port), warn: () => undefined },
      tool: `mangamotion ${version}`,
    });
    try {
      const range = { bucket: 'b', after: null, through: null };
      const restore = {
        ...{ kind: 'restore' as const, number: 1, attempt: 1, backup: RUN.run, options: '{}' },
        ...{ archive_sha256: '0'.repeat(64), stored: '1'.repeat(64), share: { index: 1, of: 1 } },
        target: { endpoint: 'http://127.0.0.1:9000' },
      };
      await engine.offer([{ kind: 'capture', number: 0, attempt: 1, range }, restore]);
      let failed = (await engine.look()).failed;
      const hasFailed = async () => (failed = (await engine.look()).failed).length > 1;
      await waitUntil('the refusal', [], hasFailed, 30_000);
      expect(failed).toMatchObject([
        { code: 'refused', message: `${folder} has no plan of the run ${RUN.run}` },
        { code: 'refused', message: 'this worker restores nothing' },
      ]);
      await program.until((log) => log.includes('a shard failed'));
    } finally {
      await engine.close();
    }
    const { exitCode, stdout, stderr } = await program.end('SIGTERM');
    expect(stderr).toBe('');
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as object);
    expect(lines[0]).toMatchObject({
      ...{ queue: 'q', redis: `127.0.0.1:${used.server.port}`, destination: folder },
      ...{ concurrency: 1, message: 'the worker listens' },
    });
    expect(lines.at(-1)).toMatchObject({ done: 0, failed: 2, message: 'the worker has ended' });
    expect(exitCode).toBe(0);
  });

  it.each([
    ['Redis is away', { REDIS_URL: 'redis://127.0.0.1:1' }, [], 6, 'check REDIS_URL'],
    ['the store is away', { MINIO_ENDPOINT: 'http://127.0.0.1:1' }, [], 6, 'MINIO_ENDPOINT'],
    ['its keys are wrong', { MINIO_SECRET_KEY: 'wrong' }, [], 6, 'SignatureDoesNotMatch'],
    ['the queue has no name', {}, ['--queue', 'a:b'], 2, 'must be the name of a queue'],
    ['the setting of the queue is wrong', { BACKUP_QUEUE: 'a:b' }, [], 2, 'BACKUP_QUEUE'],
  ])('does not start where %s', async (_what, settings, words, status, text) => {
    const run = await mangamotion(worker(...words), { env: { ...env(), ...settings } });
    expect(run.stderr).toContain(text);
    expect(run.exitCode).toBe(status);
  });
});
