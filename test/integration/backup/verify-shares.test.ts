import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { VerifyResult } from '../../../src/backup/verify/result.js';
import { FolderDestination } from '../../../src/repository/folder/folder-destination.js';
import { temporaryFolder } from '../../helpers/backups.js';
import { type MadeOfParts, makeOfParts, objectsOf } from '../../helpers/backups-of-parts.js';
import { run, runJson } from '../../helpers/cli.js';

/** `backup verify --shard`: what each share finds, and what it says of itself. */

const { folder, remove } = temporaryFolder();
let made: MadeOfParts;
let path: string;

beforeAll(async () => {
  const destination = await FolderDestination.open(folder);
  const shards = ['a', 'b', 'c'].map((name) => objectsOf(name, 50));
  made = await makeOfParts(destination, { at: '2024-01-01T02:00:00.000Z', shards });
  path = join(folder, made.id);
});
afterAll(remove);

const share = (which: string, ...more: string[]) =>
  run(['backup', 'verify', path, '--shard', which, ...more]);

describe('a share of a verify', () => {
  it('says which one it is, and what it has read', async () => {
    const { exitCode, stdout } = await share('1+1/4');
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^share +2 of 4$/m);
    expect(stdout).toMatch(/^status +✓ ok$/m);
    expect(stdout).toMatch(/^verified +50 objects, /m);
  });

  it('says so if nothing was left for it', async () => {
    const { exitCode, stdout } = await share('9/9');
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^verified +nothing was left for this share/m);
    const { answer } = await runJson<VerifyResult>(['backup', 'verify', path, '--shard', '9/9']);
    expect(answer).toEqual({
      ...{ id: made.id, status: 'ok', quick: false, objects: 0, bytes: 0 },
      ...{ share: 9, shares: 9, pieces: 0, problems: [], problems_omitted: 0 },
    });
  });

  it('alone finds what is damaged in its part', async () => {
    const file = join(folder, made.parts[2]?.record.archive.file ?? '');
    const intact = await readFile(file);
    const bytes = Buffer.from(intact);
    bytes[40] = (bytes[40] ?? 0) ^ 1;
    await writeFile(file, bytes);
    const shares = [await share('1/4'), await share('2/4'), await share('3/4'), await share('4/4')];
    expect(shares.map(({ exitCode }) => exitCode).sort()).toEqual([0, 0, 0, 5]);
    const [finder] = shares.filter(({ exitCode }) => exitCode === 5);
    expect(finder?.stdout).toContain(`(in the part ${made.parts[2]?.id ?? ''})`);
    await writeFile(file, intact);
  });

  it.each([
    [['--shard', '1/2', '--quick'], '--shard reads all of one backup'],
    [['--shard', '1/2', '--sample', '5%'], '--shard reads all of one backup'],
    [['--shard', '1/2', '--within', '30d'], '--shard reads all of one backup'],
    [['--engine', 'bullmq', '--quick'], '--engine reads all of one backup'],
    [['--engine', 'bullmq', '--shard', '1/2'], '--engine and --shard cannot be combined'],
    [['--shard', '3/2'], 'must be like 3/16'],
    [['--shards', '4'], '--shards needs --engine'],
    [['--queue', 'q'], '--queue needs --engine'],
  ])('is refused with %j', async (options, message) => {
    const { exitCode, stderr } = await run(['backup', 'verify', path, ...options]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain(message);
  });
});
