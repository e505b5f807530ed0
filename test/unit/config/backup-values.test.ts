import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  parseExpectedDeletions,
  parseRate,
  parseSourceName,
} from '../../../src/config/backup-values.js';
import { loadConfig } from '../../../src/config/load.js';

describe('the name of a store', () => {
  it.each(['production', 'eu-1.minio_2', 'A'.repeat(64)])('can be %s', (text) => {
    expect(parseSourceName(text)).toEqual({ name: text });
  });

  it.each(['', '-x', 'a b', 'a/b', 'ä', 'A'.repeat(65), '$HOME'])('cannot be %j', (text) => {
    expect(parseSourceName(text)).toContain('must be a name');
  });
});

describe('expected deletions', () => {
  it('are all of a bucket, or so many percent', () => {
    expect(parseExpectedDeletions('temp, cache=80,a.b=1')).toEqual(
      new Map([
        ['temp', 100],
        ['cache', 80],
        ['a.b', 1],
      ]),
    );
  });

  it.each(['', '=5', 'temp=', 'temp=0', 'temp=101', 'temp=5.5', 'temp=5=5', 'a/b', 'temp,temp=5'])(
    'are not %j',
    (text) => {
      expect(parseExpectedDeletions(text)).toMatch(/^must /);
    },
  );
});

describe('a config file', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'mangamotion-config-'));
  });
  afterAll(async () => {
    await rm(folder, { recursive: true });
  });

  async function load(document: object, environment: Record<string, string> = {}) {
    await writeFile(path.join(folder, 'c.json'), JSON.stringify(document));
    const files = { cwd: folder, envFile: undefined, configFile: 'c.json', flags: {} };
    return (await loadConfig({ environment, ...files })).config.backup;
  }

  it.each([
    [{ backup: { expectDeletions: { temp: 80, cache: 100 } } }],
    [{ backup: { expectDeletions: ['temp=80', 'cache'] } }],
    [{ BACKUP_EXPECT_DELETIONS: 'temp=80,cache' }],
  ])('tells the expected deletions: %j', async (document) => {
    const { expectDeletions } = await load(document);
    expect([...expectDeletions]).toEqual([
      ['temp', 80],
      ['cache', 100],
    ]);
  });

  it('goes behind the environment', async () => {
    const document = { backup: { expectDeletions: ['temp'] }, BACKUP_SOURCE_NAME: 'file' };
    const backup = await load(document, {
      BACKUP_EXPECT_DELETIONS: 'cache',
      BACKUP_SOURCE_NAME: 'environment',
    });
    expect([...backup.expectDeletions.keys()]).toEqual(['cache']);
    expect(backup.sourceName).toBe('environment');
  });

  it.each([
    [{ backup: { expectDeletions: { temp: 0 } } }, 'must be BUCKET or BUCKET=PERCENT'],
    [{ backup: { expectDeletions: 5 } }, 'backup.expectDeletions'],
    [{ backup: { expectDeletions: { temp: {} } } }, 'must be an object such as'],
    [{ backup: { expectedDeletions: {} } }, 'backup.expectedDeletions'],
    [{ backup: 'x' }, 'must be an object'],
    [{ BACKUP_SOURCE_NAME: 'a b' }, 'BACKUP_SOURCE_NAME'],
  ])('is refused: %j', async (document, problem) => {
    await expect(load(document)).rejects.toThrow(problem);
  });
});

describe('a rate', () => {
  it.each([
    ['1024', 1024],
    ['1K', 1024],
    ['1.5k', 1536],
    ['20M', 20 * 1024 ** 2],
    ['20MB', 20 * 1024 ** 2],
    ['20MiB', 20 * 1024 ** 2],
    ['20mib/s', 20 * 1024 ** 2],
    ['2000000B/s', 2_000_000],
    ['999999999G', 999_999_999 * 1024 ** 3],
  ])('%s is %d bytes per second', (text, bytesPerSecond) => {
    expect(parseRate(text)).toEqual({ bytesPerSecond });
  });

  it.each(['', '0', '1023', '-1', '+1M', '1e3', '1e9', '0x400', 'Infinity', 'NaN', '20 M', '20T'])(
    '%j is none',
    (text) => expect(parseRate(text)).toContain('must be bytes per second, at least 1K'),
  );

  it('has a limit of its own', () => {
    expect(parseRate('9'.repeat(400))).toContain('must be bytes per second');
  });
});
