import { rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../helpers/backups.js';
import { run, runJson } from '../helpers/cli.js';
import { type Made, writeBackup } from '../helpers/summaries.js';
import type { DestinationStatus } from '../../src/repository/status.js';

const HOUR_MS = 3_600_000;

let folder: string;
let removeFolder: () => void;

beforeEach(() => {
  ({ folder, remove: removeFolder } = temporaryFolder());
});
afterEach(() => {
  removeFolder();
});

let sequence = 0;

function made(hoursAgo: number, more: Partial<Made> = {}): Promise<string> {
  sequence += 1;
  const at = new Date(Date.now() - hoursAgo * HOUR_MS).toISOString();
  return writeBackup(folder, { at, sequence, ...more });
}

const status = (...args: string[]) =>
  runJson<DestinationStatus>(['backup', 'status', folder, ...args]);

describe('backup status', () => {
  it('is one document of all that a check asks for', async () => {
    const old = await made(24 * 20);
    const newest = await made(30);
    const later = await made(20, { type: 'incremental', references: [newest] });
    const { exitCode, answer, stderr } = await status('--max-age', '26h');
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(answer).toMatchObject({
      destination: folder,
      kinds: [
        { type: 'full', backups: 2, archive_bytes: 200, newest_complete: { id: newest } },
        { type: 'incremental', backups: 1, archive_bytes: 100, newest_complete: { id: later } },
        { type: 'metadata', backups: 0, archive_bytes: 0, newest_complete: null },
      ],
      freshness: {
        status: 'fresh',
        types: ['full', 'incremental'],
        newest_complete: { id: later },
        max_age_seconds: 93_600,
      },
      chains: { status: 'ok', checked: 3, problems: [] },
      archive_bytes: 300,
      growth: { bytes_per_day: 10 },
      retention: { days: 30, suspended_by: null, next_expiry: { ids: [old] } },
    });
  });

  it('is overdue beyond --max-age, of the kind that is asked for: status 5', async () => {
    await made(30);
    await made(20, { type: 'incremental' });
    expect((await status('--max-age', '19h')).exitCode).toBe(5);
    expect((await status('--max-age', '21h')).exitCode).toBe(0);
    const full = await status('--max-age', '21h', '--type', 'full');
    expect(full).toMatchObject({ exitCode: 5, answer: { freshness: { status: 'overdue' } } });
    const { exitCode, stdout } = await run(['backup', 'status', folder, '--max-age', '19h']);
    expect(exitCode).toBe(5);
    expect(stdout).toMatch(/^fresh +✕ .* is 20h \d\dm old, but may be at most 19h 00m\n/);
  });

  it('without a complete backup is status 5', async () => {
    expect(await status()).toMatchObject({
      exitCode: 5,
      answer: { freshness: { status: 'missing' }, growth: null, retention: { next_expiry: null } },
    });
    await made(1, { status: 'partial' });
    const { exitCode, stdout } = await run(['backup', 'status', folder]);
    expect(exitCode).toBe(5);
    expect(stdout).toContain('✕ there is no complete full or incremental backup');
  });

  it('of a chain with a piece missing is status 5, and names it', async () => {
    const base = await made(30);
    const later = await made(20, { type: 'incremental', references: [base] });
    await truncate(join(folder, `${base}.tar.gz`), 99);
    const cut = await status();
    expect(cut.exitCode).toBe(5);
    expect(cut.answer.chains.problems.map(({ id, kind }) => [id, kind])).toEqual([
      [base, 'archive_length'],
      [later, 'archive_length'],
    ]);
    await rm(join(folder, `${base}.tar.gz`));
    await rm(join(folder, `${base}.json`));
    const { exitCode, stdout } = await run(['backup', 'status', folder]);
    expect(exitCode).toBe(5);
    expect(stdout).toContain('✕ 1 of 1 backup cannot be read completely');
    expect(stdout).toMatch(new RegExp(`${later} +it refers to ${base}, which is missing\n`));
  });

  it('of a damaged summary is status 5 too', async () => {
    await made(2);
    const damaged = await made(1);
    await writeFile(join(folder, `${damaged}.json`), '{');
    const { exitCode, answer } = await status();
    expect(exitCode).toBe(5);
    expect(answer.chains.problems).toMatchObject([{ id: damaged, kind: 'summary_damaged' }]);
  });

  it('tells people how it fares', async () => {
    const [old] = [await made(24 * 40), await made(30), await made(1)];
    const { exitCode, stdout } = await run(['backup', 'status', folder]);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^fresh +✓ minio_backup_full_\d+_\d+ is 1h \d\dm old\n/);
    expect(stdout).toMatch(/whole +✓ 3 backups, with all archives that they refer to\n/);
    expect(stdout).toMatch(/growth +83 B a day, by the archives since \d{4}-.*Z\n/);
    expect(stdout).toMatch(new RegExp(`expiry +${old}, \\d{4}-.*Z \\(keeping 30 days\\)\n`));
  });

  it.each([
    ['--max-age', '26', /--max-age must be a duration such as/],
    ['--max-age', '0h', /--max-age must be a duration such as/],
    ['--type', 'all', /--type must be one of full, incremental, metadata/],
  ])('of %s %s is wrong usage: status 2', async (option, value, about) => {
    const { exitCode, stderr } = await run(['backup', 'status', folder, option, value]);
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(about);
  });

  it('of a folder that is not there is status 4', async () => {
    expect((await run(['backup', 'status', join(folder, 'no')])).exitCode).toBe(4);
  });
});
