import { copyFileSync, cpSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import type { DiffRow } from '../../src/backup/diff/row.js';
import { tableColumns } from '../../src/cli/commands/backup/diff-table.js';
import { describeLegacy } from '../../src/cli/commands/backup/describe-legacy.js';
import { describe as describePrune } from '../../src/cli/commands/backup/prune-report.js';
import { describe as describeCopy } from '../../src/cli/commands/backup/copy-report.js';
import type { CopyReport } from '../../src/repository/copy/copy-report.js';
import type { LegacyBackup } from '../../src/repository/legacy/legacy-backup.js';
import type { OpenBackup } from '../../src/repository/open-backup.js';
import type { Summary } from '../../src/repository/summary.js';
import { decodeSummary, encodeSummary } from '../../src/repository/summary-codec.js';
import { appendHistory } from '../../src/schedule/state/history.js';
import { writeState } from '../../src/schedule/state/state.js';
import { temporaryFolder } from '../helpers/backups.js';
import { useBillingRedis } from '../helpers/billing-records.js';
import { BUCKET, CJK, LONG, compare, comparePage } from './compare.js';
import { entryState, notRun, runRecord, scheduleState } from '../helpers/run-records.js';

const CHAIN = join(import.meta.dirname, 'v1-chain');
const { folder, remove } = temporaryFolder();
afterAll(remove);
const { records, env: redis } = useBillingRedis();

describe('tables of backups', () => {
  const incremental = join(CHAIN, 'minio_backup_incremental_20261124_141704');
  const full = join(CHAIN, 'minio_backup_full_20261124_141655');

  it.each([
    ['backup-list', ['backup', 'list', CHAIN]],
    ['backup-diff', ['backup', 'diff', full, incremental]],
    ['backup-find', ['backup', 'find', '*', CHAIN]],
    ['backup-ls', ['backup', 'ls', incremental]],
    ['backup-show-tables', ['backup', 'show', incremental]],
    ['backup-status', ['backup', 'status', CHAIN]],
    ['backup-prune', ['backup', 'prune', CHAIN, '--keep-last', '1', '--dry-run']],
  ])('%s', async (name, args) => {
    await compare(name, args);
  });

  it('those of a backup with everything that can go wrong', async () => {
    const wide = join(folder, 'wide');
    cpSync(CHAIN, wide, { recursive: true });
    const id = 'minio_backup_full_20261124_141655';
    const path = join(wide, `${id}.json`);
    const decoded = decodeSummary(readFileSync(path));
    if (decoded.kind !== 'valid') throw new Error('not valid');
    writeFileSync(path, encodeSummary(worst(decoded.summary)));
    await compare('backup-show-worst', ['backup', 'show', join(wide, id)]);
    await compare('backup-list-worst', ['backup', 'list', wide]);
    await compare('backup-status-worst', ['backup', 'status', wide]);
    await compare('backup-accept', ['backup', 'accept', join(wide, id), '--dry-run']);
  });

  it('backup-prune of what append-only runs left', async () => {
    const place = 's3://offsite/minio/minio_backup_full_202611';
    const leftovers = Array.from({ length: 22 }, (_, day) => `${place}${day + 10}_020000.tar.gz`);
    await comparePage('backup-prune-cleared', 'mangamotion backup prune', (page) =>
      describePrune(page, {
        ...{ dry_run: false, referenced: [], withheld: [], removed: [], suspended: [], retained: [] },
        kept: [{ id: 'minio_backup_full_20261101_020000', reasons: ['last complete full'] }],
        freed_bytes: 0,
        cleared: { claims: 1234, temporary_summaries: 1, leftovers },
      }),
    );
  });

  it('backup-verify of a damaged archive', async () => {
    const damaged = join(folder, 'damaged');
    cpSync(CHAIN, damaged, { recursive: true });
    const id = 'minio_backup_full_20261124_141655';
    const archive = join(damaged, `${id}.tar.gz`);
    const bytes = readFileSync(archive);
    bytes.fill(0, 1500, 1600);
    writeFileSync(archive, bytes);
    await compare('backup-verify', ['backup', 'verify', join(damaged, id)]);
    rmSync(archive);
    await compare('backup-status-broken', ['backup', 'status', damaged]);
  });

  it('backup-diff-worst', async () => {
    const state = { size: 8_876_543_210_987_654, etag: '', sha256: '', last_modified: '' };
    const row = { bucket: BUCKET, key: LONG, document: null, what: [], reason: null };
    const rows: DiffRow[] = [
      { ...row, change: 'changed', kind: 'object', what: ['bytes', 'metadata', 'retention'], before: state, after: state },
      { ...row, change: 'added', kind: 'object', key: `${CJK}/1.png`, before: null, after: { ...state, size: 1 } },
      { ...row, change: 'unknown', kind: 'object', key: 'a', before: state, after: null, reason: LONG },
      { ...row, change: 'removed', kind: 'bucket', key: null, before: null, after: null },
      { ...row, change: 'changed', kind: 'document', key: null, document: 'policy', before: state, after: state },
    ];
    await comparePage('backup-diff-worst', 'mangamotion backup diff', (page) => {
      page.table(tableColumns, rows);
    });
  });

  it('backup-copy, as a plan and with everything that can happen', async () => {
    const empty = join(folder, 'empty');
    mkdirSync(empty);
    await compare('backup-copy-plan', ['backup', 'copy', CHAIN, empty, '--latest', '--dry-run']);
    const id = (hour: number) => `minio_backup_full_202611${10 + hour}_141655`;
    const row = { why: 'chosen', archive_bytes: 9_876_543_210, code: null, reason: null };
    const reason = `s3://${BUCKET}/${id(0)}.tar.gz is in cold storage`;
    const backups: CopyReport['backups'] = [
      { ...row, id: id(0), state: 'copied', by: 'server', proof: 'server' },
      { ...row, id: id(1), state: 'repaired', by: 'stream', proof: 'read' },
      { ...row, id: id(2), state: 'present', by: null, proof: null },
      { ...row, id: id(3), state: 'failed', by: null, proof: null, code: 'refused', reason },
      {
        ...row,
        ...{ id: id(4), why: `needed by ${id(5)}`, archive_bytes: null, state: 'failed' },
        ...{ by: null, proof: null, code: 'damaged', reason: 'the summary is not JSON' },
      },
    ];
    const counts = { copied: 2, present: 1, failed: 2, bytes: 10 ** 10, streamed_bytes: 10 ** 9 };
    const report: CopyReport = {
      ...{ source: '/backups', target: `s3://${BUCKET}/minio`, dry_run: false, backups },
      ...{ left_out: [], ...counts, streamed_because: null },
    };
    await comparePage('backup-copy', 'mangamotion backup copy', (page) => describeCopy(page, report));
  });

  it('backup-show-legacy', async () => {
    const bucket = { name: BUCKET, objects: 12_345_678, bytes: 9_876_543_210_987 };
    const documents = ['policy.json', 'lifecycle.json'].map((name) => ({
      path: `old/metadata/${BUCKET}/${name}`,
    }));
    const legacy = { id: 'old', type: 'full', path: '/backups/old', form: 'folder' };
    const found = { ...legacy, createdAt: null, bytes: 10 ** 15 };
    const opened = {
      id: 'old',
      directory: { objects: bucket.objects, bytes: bucket.bytes, buckets: [bucket], documents },
      problems: [`data/${CJK} is not the folder of a bucket and is left out`],
      shortfalls: [{ bucket: BUCKET, key: LONG, reason: 'it is larger than its member' }],
    };
    await comparePage('backup-show-legacy', 'mangamotion backup show', (page) => {
      describeLegacy(page, found as LegacyBackup, opened as unknown as OpenBackup);
    });
  });
});

/** Failures, suspicions, losses and buckets as wide as they can be. */
function worst(summary: Summary): Summary {
  const reason = 'the store at https://minio.example.com answered 403 AccessDenied to GetObject';
  return {
    ...summary,
    status: 'suspect',
    objects: { ...summary.objects, captured: 123_456_789, failed: 3, carried: 1, vanished: 12 },
    bytes: 8_876_543_210_987_654,
    buckets: [
      ...summary.buckets,
      { name: BUCKET, objects: 123_456_789, bytes: 8_876_543_210_987_654 },
    ],
    failures: [
      { bucket: BUCKET, key: LONG, operation: 'GetObject', status: 403, reason },
      { bucket: 'originals', key: `${CJK}/1.png`, part: 'tags', reason: 'not told' },
      { bucket: 'originals', key: '', document: 'policy', operation: 'GetBucketPolicy', reason },
    ],
    failures_omitted: 12_345,
    suspicious: [{ bucket: BUCKET, before: 1_234_567, deleted: 1_234_000, wiped: 500 }],
    notices: [`the listing of ${BUCKET} ended early, and was continued`],
    fidelity: {
      ...summary.fidelity,
      losses: [{ bucket: BUCKET, what: 'tags', count: 12_345, keys: [LONG, CJK], reason }],
      documents: (['policy', 'lifecycle', 'cors', 'tagging', 'versioning'] as const).flatMap(
        (document) => [
          { bucket: BUCKET, document, state: 'failed' as const },
          { bucket: 'originals', document, state: 'captured' as const },
        ],
      ),
    },
  };
}

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
    await compare('schedule-status-age', [...status, '--max-age', '26h']);
    const wrong = join(folder, 'wrong.crontab');
    writeFileSync(wrong, `61 * * * * backup full ${LONG}\n* * * * * no-such-command\n# nmae=x\n`);
    await compare('schedule-check', ['schedule', 'check', '--file', 'wrong.crontab'], { cwd: folder });
  });
});

describe('tables of billing', () => {
  beforeEach(async () => {
    const usage = { bytes_processed: 9_876_543_210_987n, compute_seconds: '12345.5', job_count: 7 };
    await records().tracked(LONG, { day: '2026-11-28', job: '1', usage });
    await records().tracked(CJK, { day: '2026-11-28', job: '2', usage });
    await records().day(CJK, '2026-11-27', { bytes_processed: 1, job_count: 1 });
    await records().user('negative', { bytes_processed: -(10 ** 12), compute_seconds: -5 });
    await records().user('rich', { bytes_processed: 10n ** 17n, job_count: 1_234_567 });
  });

  it.each([
    ['billing-all-users', ['billing', 'all-users']],
    ['billing-all-users-month', ['billing', 'all-users', '--month', '2026-11']],
    ['billing-daily', ['billing', 'daily', CJK, '--last', '7d']],
    ['billing-audit', ['billing', 'audit', '--notes']],
    ['billing-reset', ['billing', 'reset', LONG, '--dry-run']],
    ['billing-summary', ['billing', 'summary', 'negative']],
  ])('%s', async (name, args) => {
    await compare(name, args, redis());
  });
});

/** Which goldens show the tables of each file that draws some. */
const DRAWN: Readonly<Record<string, readonly string[]>> = {
  'backup/copy-report.ts': ['backup-copy', 'backup-copy-plan'],
  'backup/describe-legacy.ts': ['backup-show-legacy'],
  'backup/describe.ts': ['backup-show-worst'],
  'backup/diff.ts': ['backup-diff', 'backup-diff-worst'],
  'backup/find.ts': ['backup-find'],
  'backup/list.ts': ['backup-list', 'backup-list-worst'],
  'backup/ls.ts': ['backup-ls'],
  'backup/prune-report.ts': ['backup-prune', 'backup-prune-cleared'],
  'backup/show.ts': ['backup-show-tables', 'backup-show-worst'],
  'backup/status.ts': ['backup-status', 'backup-status-worst', 'backup-status-broken'],
  'backup/verify.ts': ['backup-verify'],
  'billing/all-users.ts': ['billing-all-users', 'billing-all-users-month'],
  'billing/audit.ts': ['billing-audit'],
  'billing/daily.ts': ['billing-daily'],
  'billing/reset.ts': ['billing-reset'],
  'config/check.ts': ['config-check'],
  'config/show.ts': ['config-show'],
  'drill/describe.ts': ['drill-met', 'drill-all'],
  'drill/history.ts': ['drill-history', 'drill-trend'],
  'jobs/job-page.ts': ['jobs-show'],
  'jobs/jobs-view.ts': ['jobs-watch'],
  'jobs/list.ts': ['jobs-list'],
  'restore/describe-redis.ts': ['restore-redis-plan', 'restore-redis'],
  'restore/describe.ts': ['restore-plan', 'restore-result'],
  'restore/restore.ts': ['restore-list'],
  'schedule/check.ts': ['schedule-check'],
  'schedule/history.ts': ['schedule-history'],
  'schedule/next.ts': ['schedule-next'],
  'schedule/status.ts': ['schedule-status', 'schedule-status-age'],
};

it('every table of the program has one', () => {
  const commands = join(import.meta.dirname, '../../src/cli/commands');
  const drawing = readdirSync(commands, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .filter((file) =>
      /\boutput\.rows\(|\.table\(|\bliveTable\(/.test(readFileSync(join(commands, file), 'utf8')),
    );
  expect(drawing.sort()).toEqual(Object.keys(DRAWN));
  const tables = readdirSync(join(import.meta.dirname, 'tables'));
  expect(tables).toEqual(expect.arrayContaining(Object.values(DRAWN).flat().map((one) => `${one}.txt`)));
});
