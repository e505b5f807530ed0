import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { filesIn, temporaryFolder } from '../helpers/backups.js';
import { run, runJson } from '../helpers/cli.js';
import { type Made, writeBackup } from '../helpers/summaries.js';
import type { PruneReport } from '../../src/repository/retention/prune.js';

/** The built program prunes a folder, over summaries of which it knows the time. */

const DAY_MS = 86_400_000;

let folder: string;
let removeFolder: () => void;

beforeEach(() => {
  ({ folder, remove: removeFolder } = temporaryFolder());
});
afterEach(() => {
  removeFolder();
});

let sequence = 0;

/** A backup of so many days ago. */
function made(daysAgo: number, more: Partial<Made> = {}): Promise<string> {
  sequence += 1;
  const at = new Date(Date.now() - daysAgo * DAY_MS).toISOString();
  return writeBackup(folder, { at, sequence, ...more });
}

const prune = (...args: string[]) => runJson<PruneReport>(['backup', 'prune', folder, ...args]);
const idsOf = (list: readonly { id: string }[]): string[] => list.map(({ id }) => id);

describe('backup prune', () => {
  it('keeps BACKUP_RETENTION_DAYS where no --keep says otherwise', async () => {
    const [old, young, newest] = [await made(40), await made(20), await made(1)];
    const month = await prune('--dry-run');
    expect(month).toMatchObject({ exitCode: 0, stderr: '' });
    expect(month.answer).toEqual({
      dry_run: true,
      kept: [
        { id: young, reasons: ['within 30 days'] },
        { id: newest, reasons: ['within 30 days', 'last complete full'] },
      ],
      referenced: [],
      withheld: [],
      removed: [{ id: old, bytes: 100 }],
      freed_bytes: 100,
      suspended: [],
      retained: [],
    });
    const { answer: week } = await runJson<PruneReport>(['backup', 'prune', folder], {
      env: { BACKUP_RETENTION_DAYS: '7', DRY_RUN: 'true' },
    });
    expect(idsOf(week.removed)).toEqual([old, young]);
    const { answer: last } = await prune('--keep-last', '1', '--dry-run');
    expect(idsOf(last.removed)).toEqual([old, young]);
    expect(await filesIn(folder)).toHaveLength(6);
  });

  it('removes, and tells people what and why', async () => {
    const [old, newest] = [await made(2), await made(1)];
    const outcome = await run(['backup', 'prune', folder, '--keep-last', '1']);
    expect(outcome).toMatchObject({ exitCode: 0, stderr: '' });
    expect(outcome.stdout).toMatch(new RegExp(`${newest} +keep +last 1, last complete full`));
    expect(outcome.stdout).toMatch(new RegExp(`${old} +remove +100 B`));
    expect(outcome.stdout).toMatch(/✓ removed 1 of 2 backups, 100 B\n$/);
    expect(await filesIn(folder)).toEqual([`${newest}.json`, `${newest}.tar.gz`]);
  });

  it('takes every rule of restic', async () => {
    const ids = [await made(800), await made(400), await made(1)];
    const rules = [
      '--keep-hourly',
      '--keep-daily',
      '--keep-weekly',
      '--keep-monthly',
      '--keep-yearly',
    ];
    for (const rule of rules) {
      const { answer } = await prune(rule, '2', '--dry-run');
      expect(idsOf(answer.removed)).toEqual([ids[0]]);
    }
  });

  it('keeps an expired full that an incremental needs, and backup list says so', async () => {
    const old = await made(9);
    const needs = await made(8, { type: 'incremental', references: [old] });
    await made(1);
    const { exitCode, answer } = await prune('--type', 'full', '--keep-days', '5');
    expect(exitCode).toBe(0);
    expect(answer).toMatchObject({ referenced: [{ id: old, by: [needs] }], removed: [] });

    const list = await runJson<{ backups: unknown[] }>(['backup', 'list', folder]);
    expect(list.exitCode).toBe(0);
    expect(list.answer.backups[0]).toMatchObject({ id: old, expired: true, kept_because: [needs] });
    expect(list.answer.backups[1]).not.toHaveProperty('expired');
    const { stdout } = await run(['backup', 'list', folder]);
    expect(stdout).toMatch(new RegExp(`${old} .* kept: referenced by ${needs}\n`));
    const { stdout: csv } = await run(['backup', 'list', folder, '--csv']);
    expect(csv.split('\r\n')[0]).toMatch(/,kept_because$/);
    expect(csv.split('\r\n')[1]).toMatch(new RegExp(`^${old},.*,${needs}$`));

    await prune('--keep-last', '1');
    expect((await filesIn(folder)).some((name) => name.includes(old))).toBe(false);
  });

  it('withholds what an unreadable summary may refer to: status 3, and says so', async () => {
    const [old, later] = [await made(9), await made(8, { type: 'incremental' })];
    const newest = await made(1);
    await writeFile(join(folder, `${later}.json`), '{');
    const { exitCode, answer, stderr } = await prune('--keep-last', '1');
    expect(exitCode).toBe(3);
    expect(answer).toMatchObject({
      kept: [{ id: newest }, { id: later, reasons: [expect.stringContaining('not JSON')] }],
      withheld: [{ id: old, because: [later] }],
      removed: [],
    });
    expect(stderr).toMatch(new RegExp(`^mangamotion: warning: 1 expired backups? .*${later}.*\n$`));
    expect(await filesIn(folder)).toHaveLength(6);
  });

  it('takes nothing trusted after a suspect backup, with the answer, status 8 and a way out', async () => {
    await made(9);
    await made(8);
    const suspect = await made(1, { type: 'incremental', status: 'suspect' });
    const { exitCode, stdout, stderr } = await run(['backup', 'prune', folder, '--keep-last', '1']);
    expect(exitCode).toBe(8);
    expect(stdout).toContain('removed 0 of 3 backups');
    expect(stderr).toContain(`${suspect} is suspect`);
    expect(stderr).toContain('--accept-deletions');
    expect(await filesIn(folder)).toHaveLength(6);
  });

  it.each([
    [['--keep-last', '0'], /keeps nothing/],
    [['--keep-last', '-1'], /--keep-last must be a whole number/],
    [['--keep-days', 'all'], /--keep-days must be a whole number/],
    [['--keep-daily', '1.5'], /--keep-daily must be a whole number/],
    [['--keep-daily', ''], /--keep-daily must be a whole number/],
    [['--type', 'differential'], /--type must be one of full, incremental, metadata/],
  ])('of %j is wrong usage: status 2', async (args, about) => {
    await made(9);
    await made(8);
    const { exitCode, stdout, stderr } = await run(['backup', 'prune', folder, ...args]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toMatch(about);
    expect(await filesIn(folder)).toHaveLength(4);
  });

  it('of a folder that is not there is status 4, of an empty one a short answer', async () => {
    expect((await prune()).answer).toMatchObject({ kept: [], removed: [] });
    const { stdout } = await run(['backup', 'prune', folder]);
    expect(stdout).toBe('✓ removed 0 of 0 backups, 0 B\n');
    await rm(folder, { recursive: true });
    expect((await run(['backup', 'prune', folder])).exitCode).toBe(4);
  });
});
