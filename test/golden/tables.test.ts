import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import stringWidth from 'string-width';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { appendHistory } from '../../src/schedule/state/history.js';
import { writeState } from '../../src/schedule/state/state.js';
import { temporaryFolder } from '../helpers/backups.js';
import { useBillingRedis } from '../helpers/billing-records.js';
import { runAt } from '../helpers/in-process.js';
import { entryState, notRun, runRecord, scheduleState } from '../helpers/run-records.js';

/**
 * What people see of each table: tables/NAME.txt has it at every width, and in a pipe. After a change
 * that is wanted: `npx vitest run --config test/vitest.config.ts test/golden/tables.test.ts -u`, and look
 * at the difference.
 */

const NOW = '2026-11-29T12:00:00Z';
const WIDTHS = [60, 80, 120, undefined] as const;
const LONG = `${'very-long-user-name-'.repeat(14)}end`;

const CHAIN = join(import.meta.dirname, 'v1-chain');
const { folder, remove } = temporaryFolder();
afterAll(remove);
const { records, env: redis } = useBillingRedis();

async function compare(name: string, args: readonly string[]): Promise<void> {
  const env = { NO_COLOR: '1', TZ: 'UTC', ...redis() };
  const shown: string[] = [];
  for (const columns of WIDTHS) {
    const { stdout } = await runAt(NOW, args, columns === undefined ? { env } : { env, columns });
    for (const line of stdout.split('\n')) {
      expect(line).not.toMatch(/ $/);
      if (columns !== undefined) expect(stringWidth(line)).toBeLessThanOrEqual(columns);
    }
    shown.push(`--- ${columns === undefined ? 'in a pipe' : `${columns} columns`}\n${stdout}`);
  }
  const text = `mangamotion ${args.slice(0, 2).join(' ')}\n${shown.join('')}`;
  await expect(text).toMatchFileSnapshot(`tables/${name}.txt`);
}

describe('tables of backups', () => {
  const incremental = join(CHAIN, 'minio_backup_incremental_20261124_141704');

  it.each([
    ['backup-list', ['backup', 'list', CHAIN]],
    ['backup-ls', ['backup', 'ls', incremental]],
    ['backup-show-tables', ['backup', 'show', incremental]],
    ['backup-status', ['backup', 'status', CHAIN]],
    ['backup-prune', ['backup', 'prune', CHAIN, '--keep-last', '1', '--dry-run']],
  ])('%s', async (name, args) => {
    await compare(name, args);
  });
});

describe('tables of the schedule', () => {
  const file = join(folder, 'mangamotion.crontab');
  const state = join(folder, 'state');

  it('schedule-next, schedule-history and schedule-status', async () => {
    copyFileSync(join(import.meta.dirname, '../../examples/mangamotion.crontab'), file);
    mkdirSync(state);
    const failed = runRecord({
      exit_code: 6,
      reason: `the store at https://minio.example.com does not answer: ${'very '.repeat(20)}long`,
    });
    await appendHistory(state, [
      runRecord({ archive_bytes: 2300, copied_bytes: 120, bytes: 2 * 1024 ** 3 }),
      failed,
      notRun('missed', { count: 3 }),
      notRun('skipped', { name: 'a-name-of-an-entry-that-is-long' }),
    ]);
    const daily = entryState({ last_run: failed, last_success_at: '2026-01-01T02:01:30.000Z' });
    await writeState(state, scheduleState({ entries: { daily } }));
    await compare('schedule-next', ['schedule', 'next', '--file', file]);
    await compare('schedule-history', ['schedule', 'history', '--state-dir', state]);
    const status = ['schedule', 'status', '--file', file, '--state-dir', state];
    await compare('schedule-status', status);
  });
});

describe('tables of billing', () => {
  beforeEach(async () => {
    const usage = { bytes_processed: 9_876_543_210_987n, compute_seconds: '12345.5', job_count: 7 };
    await records().tracked(LONG, { day: '2026-11-28', job: '1', usage });
    await records().tracked('漫画家🎨', { day: '2026-11-28', job: '2', usage });
    await records().day('漫画家🎨', '2026-11-27', { bytes_processed: 1, job_count: 1 });
    await records().user('rich', { bytes_processed: 10n ** 17n, job_count: 1_234_567 });
  });

  it.each([
    ['billing-all-users', ['billing', 'all-users']],
    ['billing-all-users-month', ['billing', 'all-users', '--month', '2026-11']],
    ['billing-daily', ['billing', 'daily', '漫画家🎨', '--last', '7d']],
    ['billing-audit', ['billing', 'audit', '--notes']],
  ])('%s', async (name, args) => {
    await compare(name, args);
  });
});
