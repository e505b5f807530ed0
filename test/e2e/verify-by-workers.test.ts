import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { VerifyResult } from '../../src/backup/verify/result.js';
import { FolderDestination } from '../../src/repository/folder/folder-destination.js';
import { temporaryFolder } from '../helpers/backups.js';
import { type MadeOfParts, makeOfParts, objectsOf } from '../helpers/backups-of-parts.js';
import { BullWorld } from '../helpers/bull-world.js';
import { storeSettings } from '../helpers/cli.js';
import { useRedis } from '../helpers/use-redis.js';
import { mangamotion } from './run.js';
import { type StartedProgram, startProgram } from './start.js';

/** `backup verify --engine bullmq`, with a real queue and workers that are programs of their own. */

const used = useRedis();

describe('a verify by workers', () => {
  const { folder, remove } = temporaryFolder();
  const AT = '2024-01-01T02:00:00.000Z';
  let made: MadeOfParts;
  let worker: StartedProgram;
  const env = () => ({ ...storeSettings(), REDIS_URL: used.server.url });

  beforeAll(async () => {
    const destination = await FolderDestination.open(folder);
    const shards = ['a', 'b', 'c'].map((name) => objectsOf(name, 50));
    made = await makeOfParts(destination, { at: AT, shards });
    worker = startProgram(['backup', 'worker', folder, '--concurrency', '2'], env());
    await worker.until((log) => log.includes('the worker listens'));
  });
  afterAll(async () => {
    await worker.end('SIGTERM');
    remove();
  });

  const verify = async (...more: string[]) => {
    const args = ['backup', 'verify', join(folder, made.id), '--json', '--quiet', ...more];
    const { exitCode, stdout, stderr } = await mangamotion(args, { env: env() });
    return { exitCode, answer: JSON.parse(stdout) as VerifyResult, stderr };
  };

  it('finds what one host finds, and reads nothing itself', async () => {
    const whole = await verify();
    const shared = await verify('--engine', 'bullmq', '--shards', '5');
    expect(shared).toEqual(whole);
    expect(shared).toMatchObject({ exitCode: 0, answer: { status: 'ok', objects: 150 } });
  });

  it('believes no worker that reads a copy', async () => {
    const text = await readFile(join(folder, `${made.id}.json`), 'utf8');
    const { archive } = JSON.parse(text) as { archive: { sha256: string } };
    const version = (await mangamotion(['--version'])).stdout.trim();
    const run = { run: made.id, token: 'c'.repeat(32) };
    const world = new BullWorld(used.server.port, 'mangamotion-backup');
    const engine = await world.openEngine(run, `mangamotion ${version}`);
    const share = { index: 1, of: 1 };
    const work = { kind: 'verify', backup: made.id, archive_sha256: archive.sha256 } as const;
    await engine.offer([
      { ...work, stored: '0'.repeat(64), share, options: '{}', number: 1, attempt: 1 },
    ]);
    await expect
      .poll(async () => (await engine.look()).failed)
      .toMatchObject([
        { code: 'refused', message: expect.stringContaining('is a copy of the backup') as string },
      ]);
    await world.close();
  });

  it('finds what is damaged, and what is missing', async () => {
    const [first, second] = made.parts.map(({ record }) => join(folder, record.archive.file));
    const bytes = await readFile(first ?? '');
    bytes[40] = (bytes[40] ?? 0) ^ 1;
    await writeFile(first ?? '', bytes);
    await rm(second ?? '');
    const [whole, shared] = [await verify(), await verify('--engine', 'bullmq', '--shards', '4')];
    expect(shared.exitCode).toBe(5);
    const sorted = ({ answer }: typeof whole) => ({
      ...answer,
      problems: answer.problems.map((problem) => JSON.stringify(problem)).sort(),
    });
    expect(sorted(shared)).toEqual(sorted(whole));
    expect(shared.stderr).not.toContain('this host reads');
  });
});
