import { mkdirSync, mkdtempSync, realpathSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { catalog } from '../../../src/cli/catalog.js';
import { withDestination } from '../../../src/cli/commands/schedule/validate.js';
import { parseCrontab } from '../../../src/schedule/crontab/crontab.js';
import { removeAtExit } from '../../helpers/child-processes.js';

const cwd = realpathSync(mkdtempSync(join(tmpdir(), 'mangamotion-destinations-')));
afterAll(removeAtExit(cwd));

async function destinationOf(
  destination: string,
  command = 'backup full',
): Promise<string | undefined> {
  const text = `0 2 * * * ${command} ${destination}`;
  const [entry] = parseCrontab(text, { zone: 'UTC', now: new Date() }).entries;
  return (await withDestination(entry!, { catalog, cwd })).destination;
}

describe('two spellings of one destination', () => {
  mkdirSync(join(cwd, 'disk', 'backups'), { recursive: true });
  symlinkSync('disk', join(cwd, 'link'));
  symlinkSync(join(cwd, 'disk', 'backups'), join(cwd, 'direct'));

  it.each([
    './disk/../disk/backups',
    'disk/backups/',
    'link/backups',
    'direct',
    'direct/.',
    join(cwd, 'link', 'backups'),
  ])('are one: %s', async (spelling) => {
    expect(await destinationOf(spelling)).toBe(join(cwd, 'disk', 'backups'));
  });

  it('are one where the folder is still to be mounted', async () => {
    expect(await destinationOf('link/later/on')).toBe(join(cwd, 'disk', 'later', 'on'));
  });

  it('are those that a copy writes into, not those that it reads', async () => {
    const copy = 'backup copy disk/backups --latest';
    expect(await destinationOf('s3://bucket/x/', copy)).toBe('s3://bucket/x');
  });

  it('are one in a bucket', async () => {
    for (const spelling of ['s3://bucket/x', 's3://bucket/x//', 'S3://bucket/x/']) {
      expect(await destinationOf(spelling)).toBe('s3://bucket/x');
    }
    expect(await destinationOf('s3://Bucket/x')).toBe('s3://Bucket/x');
  });
});
