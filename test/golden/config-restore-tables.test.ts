import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, it } from 'vitest';
import { changeColumns, describePlan, describeReport } from '../../src/cli/commands/restore/describe.js';
import { emptyPlan } from '../../src/restore/plan/decide.js';
import type { RestorePlan, RestoreReport } from '../../src/restore/report.js';
import { BUCKET, CJK, LONG, compare, comparePage } from './compare.js';

/** Its path is shown, so it is the same on every machine. */
const folder = '/tmp/mangamotion-golden';
afterAll(() => rmSync(folder, { recursive: true }));

describe('tables of the settings', () => {
  const envFile = join(folder, 'mangamotion.env');
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    envFile,
    [
      `MINIO_ENDPOINT=https://${'very-long-name.'.repeat(6)}example.com`,
      `JOB_RESULT_PATHS=${['a', 'b', 'c', 'd'].map((one) => `${one}/{job}/result.zip`).join(',')}`,
      `PING_URL=https://hc-ping.com/key/{name}`,
      `S3_ENDPOINT=http://minio:9000`,
      `BACKUP_RETENTION_DAYS=never`,
      `MINIO_ENDPOIT=x`,
      '',
    ].join('\n'),
    { mode: 0o600 },
  );
  const env = { cwd: folder, MINIO_SECRET_KEY: 'x', BACKUP_SOURCE_NAME: CJK };

  it('config-show and config-check', async () => {
    await compare('config-show', ['config', 'show', '--env-file', 'mangamotion.env'], env);
    await compare('config-check', ['config', 'check', '--env-file', 'mangamotion.env'], env);
  });
});

describe('tables of a restore', () => {
  const reason = 'the store at https://minio.example.com answered 403 AccessDenied to PutObject';
  const wide = {
    ...emptyPlan(BUCKET, `${BUCKET.slice(0, 55)}restored`, true),
    ...{ create: 123_456_789, overwrite: 1, unchanged: 98_765, skip: 1, conflict: 12, delete: 3 },
    bytes: 9_876_543_210_987_654,
  };
  const plain = { ...emptyPlan('originals', 'originals', false), create: 48, bytes: 17.7 * 2 ** 20 };
  const failures = [
    { bucket: BUCKET, key: LONG, operation: 'PutObject', status: 403, code: 'AccessDenied', reason },
    { bucket: 'originals', key: `${CJK}/1.png`, reason: 'its bytes are damaged in the backup' },
  ];
  const documents = [
    { bucket: BUCKET, target: BUCKET, kind: 'policy', action: 'write' as const },
    { bucket: 'originals', target: 'originals', kind: 'lifecycle', action: 'skip' as const, reason },
  ];
  const plan = {
    ...{ backup: 'minio_backup_full_20261124_141655', dry_run: true as const, archives: [] },
    destroys: [
      {
        ...{ bucket: BUCKET, action: 'overwrite' as const, omitted: 1_234 },
        objects: [LONG, CJK].map((key) => ({ key, size: 1, etag: 'x' })),
      },
    ],
    probes: [{ class: 'an empty segment', keys: 1 }],
    problems: ['the archive of minio_backup_full_20261120_020000 is missing: its objects cannot be restored'],
    ...{ buckets: [plain, wide], documents, failures },
  } as unknown as RestorePlan;

  it('restore-plan, of buckets that keep their names and of others', async () => {
    await comparePage('restore-plan', 'mangamotion restore --dry-run', (page) => describePlan(page, plan));
    const alone = { ...plan, buckets: [plain], documents: [], destroys: [], probes: [], problems: [], failures: [] };
    await comparePage('restore-plan-plain', 'mangamotion restore --dry-run', (page) => describePlan(page, alone));
  });

  it('restore-share-plan and restore-share, of a share that has something and of one that has nothing', async () => {
    const share = { share: 2, shares: 3 };
    const none = { documents: [], destroys: [], probes: [], problems: [], failures: [] };
    const shared = { ...plan, ...none, ...share };
    const report = {
      ...{ backup: plan.backup, ...share, restored: { objects: 48, bytes: plain.bytes }, documents: [], deleted: 0 },
      ...{ probes: [], proved: 48, left_out: [], losses: [], problems: [], failures: [], failures_omitted: 0 },
    };
    await comparePage('restore-share-plan', 'mangamotion restore --shard 2/3 --dry-run', (page) => {
      describePlan(page, { ...shared, buckets: [plain] });
      describePlan(page, { ...shared, buckets: [] });
    });
    await comparePage('restore-share', 'mangamotion restore --shard 2/3', (page) => {
      describeReport(page, { ...report, buckets: [plain] });
      describeReport(page, { ...report, restored: { objects: 0, bytes: 0 }, buckets: [] });
    });
  });

  it('restore-list', async () => {
    const changes = [
      { action: 'create' as const, bucket: BUCKET, key: LONG, size: 9_876_543_210_987 },
      { action: 'overwrite' as const, bucket: 'originals', key: `${CJK}/1.png`, size: 1 },
    ];
    await comparePage('restore-list', 'mangamotion restore --dry-run --list', (page) => {
      page.table(changeColumns, changes);
    });
  });

  it('restore-result', async () => {
    const report = {
      ...{ backup: plan.backup, buckets: [plain, wide], deleted: 3, probes: [], proved: 123_456_838 },
      restored: { objects: 123_456_838, bytes: wide.bytes },
      documents: documents.map(({ action, ...rest }) => ({
        ...rest,
        result: action === 'skip' ? ('skipped' as const) : ('written' as const),
      })),
      left_out: [{ bucket: BUCKET, reason: 'retention has run out' as const, objects: 1 }],
      losses: [{ bucket: BUCKET, what: 'tags', count: 12_345, keys: [LONG, CJK], reason }],
      ...{ problems: plan.problems, failures, failures_omitted: 12_345 },
    } as unknown as RestoreReport;
    await comparePage('restore-result', 'mangamotion restore', (page) => describeReport(page, report));
  });
});
