import { createHash } from 'node:crypto';
import { appendFile, copyFile, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { FOOTER_BYTES } from '../../src/archive/footer.js';
import { backUp, contents, temporaryFolder } from '../helpers/backups.js';
import { run, runJson, type Outcome } from '../helpers/cli.js';
import { noise, seed } from '../helpers/seed.js';
import {
  contentOf,
  freshBucket,
  readObject,
  removeBucket,
  testStore,
} from '../helpers/test-store.js';

interface Answer {
  status: string;
  problems: { kind: string; key?: string }[];
  failures: { bucket: string; key: string; reason: string }[];
  restored: { objects: number };
}

/** Large enough to have members of its own. */
const LARGE = 2 * 1024 * 1024;

const store = testStore();
const { folder: intact, remove } = temporaryFolder();
let bucket: string;
let id: string;
/** A copy of the backup for each test to break. */
let folder: string;
const archive = (): string => join(folder, `${id}.tar.gz`);
const summary = (): string => join(folder, `${id}.json`);

beforeAll(async () => {
  bucket = await freshBucket(store);
  await seed(store, bucket, [
    { key: 'first.txt', content: Buffer.from('first') },
    { key: 'large.png', content: noise(LARGE, 'large') },
    { key: 'second-large.png', content: noise(LARGE, 'second') },
    { key: 'small.txt', content: Buffer.from('small') },
  ]);
  id = (await backUp(store, intact, [bucket])).id;
});
beforeEach(async () => {
  const temporary = temporaryFolder();
  folder = temporary.folder;
  for (const suffix of ['.json', '.tar.gz']) {
    await copyFile(join(intact, id + suffix), join(folder, id + suffix));
  }
  return temporary.remove;
});
afterAll(async () => {
  await removeBucket(store, bucket);
  store.close();
  remove();
});

const verified = () => runJson<Answer>(['backup', 'verify', join(folder, id)]);

function expectOneMessage({ stdout, stderr }: Outcome, about: RegExp): void {
  expect(stdout).toBe('');
  expect(stderr).toMatch(/^mangamotion: [^\n]+\n( {2}hint: [^\n]+\n)?$/);
  expect(stderr).toMatch(about);
}

describe('an archive without its summary', () => {
  beforeEach(() => rm(summary()));

  it('is not a backup: it was never completed, status 4', async () => {
    for (const command of [
      ['restore'],
      ['backup', 'verify'],
      ['backup', 'ls'],
      ['backup', 'show'],
    ]) {
      const outcome = await run([...command, archive()]);
      expect(outcome.exitCode).toBe(4);
      expectOneMessage(outcome, /never completed/);
    }
  });

  it('is not listed', async () => {
    expect(await runJson(['backup', 'list', folder])).toEqual({
      exitCode: 0,
      answer: { backups: [] },
      stderr: '',
    });
  });
});

describe('a summary without its archive', () => {
  beforeEach(() => rm(archive()));

  it('is incomplete for verify, named by list, and cannot be restored', async () => {
    expect(await verified()).toMatchObject({
      exitCode: 5,
      answer: { status: 'incomplete', problems: [{ kind: 'archive_missing' }] },
    });
    expect(await runJson(['backup', 'list', folder])).toMatchObject({
      exitCode: 3,
      answer: { backups: [{ id, problem: 'its archive is missing' }] },
    });
    const outcome = await run(['restore', join(folder, id)]);
    expect(outcome.exitCode).toBe(4);
    expectOneMessage(outcome, /tar\.gz: it does not exist/);
  });
});

describe('an archive that is cut off', () => {
  it.each([
    ['by one byte', (bytes: number) => bytes - 1],
    ['before its footer', (bytes: number) => bytes - FOOTER_BYTES],
    ['in the middle of an object', (bytes: number) => Math.floor(bytes / 2)],
    ['to nothing', () => 0],
  ])('%s: incomplete for verify, status 5 for all that read it', async (_, cut) => {
    await truncate(archive(), cut((await readFile(archive())).length));
    expect(await verified()).toMatchObject({ exitCode: 5, answer: { status: 'incomplete' } });
    expect((await run(['backup', 'verify', join(folder, id), '--quick'])).exitCode).toBe(5);
    for (const command of [['restore'], ['restore', '--dry-run'], ['backup', 'ls']]) {
      const outcome = await run([...command, join(folder, id)]);
      expect(outcome.exitCode).toBe(5);
      expectOneMessage(outcome, /its summary says/);
    }
  });
});

describe('an archive that is longer than it was', () => {
  it('is damaged', async () => {
    await appendFile(archive(), 'x');
    expect(await verified()).toMatchObject({ exitCode: 5, answer: { status: 'damaged' } });
    expect((await run(['restore', join(folder, id)])).exitCode).toBe(5);
  });
});

describe('an archive that belongs to another summary', () => {
  it('is damaged', async () => {
    const other = 'minio_backup_full_20200101_000000';
    for (const suffix of ['.json', '.tar.gz']) {
      await rename(join(folder, id + suffix), join(folder, other + suffix));
    }
    const { exitCode, answer } = await runJson<Answer>(['backup', 'verify', join(folder, other)]);
    expect({ exitCode, status: answer.status }).toEqual({ exitCode: 5, status: 'damaged' });
  });
});

describe('a backup of a newer format version', () => {
  it('is refused by all that read it, with status 8', async () => {
    const json = JSON.parse(await readFile(summary(), 'utf8')) as Record<string, unknown>;
    delete json.digest;
    json.format = 4;
    const digest = createHash('sha256')
      .update(JSON.stringify(json, null, 2))
      .digest('hex');
    await writeFile(summary(), `${JSON.stringify({ ...json, digest }, null, 2)}\n`);
    for (const command of [
      ['restore'],
      ['restore', '--dry-run'],
      ['backup', 'ls'],
      ['backup', 'show'],
      ['backup', 'verify'],
    ]) {
      const outcome = await run([...command, join(folder, id)]);
      expect(outcome.exitCode).toBe(8);
      expectOneMessage(outcome, /format version 4; this program reads up to version 3/);
    }
    const list = await run(['backup', 'list', folder]);
    expect(list.exitCode).toBe(3);
    expect(list.stdout).toContain('format version 4 is newer than this program');
  });
});

describe('a damaged object', () => {
  beforeEach(async () => {
    const line = (await contents(folder, id)).get('large.png');
    const bytes = await readFile(archive());
    const at = (line?.offset ?? 0) + LARGE / 2;
    bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
    await writeFile(archive(), bytes);
  });

  it('is named by verify, and the others are not', async () => {
    const { exitCode, answer } = await verified();
    expect(exitCode).toBe(5);
    expect(answer.problems.flatMap(({ key }) => key ?? [])).toEqual(['large.png']);
  });

  it('is not restored: its old version stays, the others come back, status 3', async () => {
    await store.putObject(bucket, 'large.png', contentOf('the old version'));
    for (const key of ['first.txt', 'second-large.png', 'small.txt']) {
      await store.deleteObject(bucket, key);
    }
    const { exitCode, answer } = await runJson<Answer>(['restore', join(folder, id)]);
    expect(exitCode).toBe(3);
    expect(answer.restored.objects).toBe(3);
    expect(answer.failures).toMatchObject([{ bucket, key: 'large.png' }]);
    expect(String(await readObject(store, bucket, 'large.png'))).toBe('the old version');
    const restored = await readObject(store, bucket, 'second-large.png');
    expect(restored.equals(noise(LARGE, 'second'))).toBe(true);
    expect(String(await readObject(store, bucket, 'small.txt'))).toBe('small');
  });

  it('does not come to exist where it did not', async () => {
    await store.deleteObject(bucket, 'large.png');
    expect((await run(['restore', join(folder, id)])).exitCode).toBe(3);
    const exists = await store.headObject(bucket, 'large.png').catch(() => undefined);
    expect(exists).toBeUndefined();
  });
});
