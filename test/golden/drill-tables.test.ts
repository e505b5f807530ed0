import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { describeResults } from '../../src/cli/commands/drill/describe.js';
import { describeTrends } from '../../src/cli/commands/drill/history.js';
import { ATTACK_KINDS } from '../../src/drill/attack-kinds.js';
import { appendRecords } from '../../src/drill/records.js';
import { temporaryFolder } from '../helpers/backups.js';
import { drillRecord } from '../helpers/drill-records.js';
import { runAt } from '../helpers/in-process.js';
import { BUCKET, CJK, LONG, NOW, compare, comparePage } from './compare.js';

const { folder, remove } = temporaryFolder();
afterAll(remove);

const met = drillRecord();
const sampled = drillRecord({
  ...{ scenario: 'store', verdict: 'not_proven', extrapolated: true, sample: 0.05 },
  reason: 'only a sample was restored, and the rest is extrapolated',
  ...{ rto_seconds: 5130, rto_limit_seconds: 7200, rto_range_seconds: [3900, 6800] },
  ...{ objects: 5012, bytes: 512 * 1024 ** 2, missing_objects: 0, missing_bytes: 0 },
  ...{ pick: 'random', newest: 'minio_backup_incremental_20261129_110000' },
});
const missed = drillRecord({
  ...{ scenario: 'bucket', verdict: 'missed', objects: 1_234_567, bytes: 9_876_543_210_987 },
  reason: `12,347 differences after the restore, such as tags of ${BUCKET}/${CJK}: the target accepted it but did not store it; the newest backup is 3 d old, and may be 1 d old`,
  ...{ rto_seconds: 12_000, rto_limit_seconds: 14_400, rpo_seconds: 259_200 },
  differences: [
    {
      ...{ bucket: BUCKET, field: 'tags', count: 12_345, keys: [CJK] },
      reason: 'the target accepted it but did not store it',
    },
    {
      ...{ bucket: 'originals', field: 'header content-type', count: 2, keys: [LONG] },
      reason: 'the target has "binary/octet-stream" instead of "image/png"',
    },
  ],
  differences_omitted: 7,
  check: { exit_code: 3, seconds: 12, output: 'no such page' },
  kept: { originals: 'mangamotion-drill-0123456789abcdef0123-0' },
});
const untried = drillRecord({
  ...{ scenario: 'redis', verdict: 'not_proven', reason: 'the backup holds no Redis data' },
  ...{ backup: null, rto_seconds: null, rpo_seconds: null, objects: 0, bytes: 0, steps: [] },
  ...{ missing_objects: null, missing_bytes: null },
});
const attacked = drillRecord({
  ...{ scenario: 'ransom', verdict: 'missed', objects: 0, bytes: 0 },
  reason:
    'these keys deleted 4 of 4 locked files for good, because they may bypass GOVERNANCE: use keys without s3:BypassGovernanceRetention, or locks in the mode COMPLIANCE (--lock-mode)',
  ...{ rto_seconds: null, rto_limit_seconds: 86_400, rpo_seconds: null, rpo_limit_seconds: 86_400 },
  ...{ missing_objects: null, missing_bytes: null, steps: [{ name: 'choose', seconds: 0.1 }] },
  attack: {
    ...{ files: 4, locked: 4, mode: 'GOVERNANCE', may_delete: true },
    tried: ATTACK_KINDS.map((kind) => {
      const isDone = kind.endsWith('_bypass') || kind === 'overwrite' || kind === 'delete';
      return { kind, tried: 4, refused: isDone ? 0 : 4, succeeded: isDone ? 4 : 0, unclear: 0 };
    }),
    spared: 'the settings of the bucket (versioning, object lock, policy, lifecycle) and the real backups',
    left: 's3://locked/minio/.mangamotion-drill-ransom/0123456789abcdef0123',
    left_until: '2026-11-29T03:25:00.000Z',
  },
});

describe('a drill', () => {
  it('drill-met', async () => {
    await comparePage('drill-met', 'mangamotion drill object', (page) => {
      describeResults(page, [met]);
    });
  });

  it('drill-all', async () => {
    await comparePage('drill-all', 'mangamotion drill all', (page) => {
      describeResults(page, [met, missed, sampled, untried]);
    });
  });

  it('drill-ransom', async () => {
    await comparePage('drill-ransom', 'mangamotion drill ransom', (page) => {
      describeResults(page, [attacked]);
    });
  });

  it('drill-history and drill-report', async () => {
    const state = join(folder, 'state');
    mkdirSync(join(state, 'schedule-state'), { recursive: true });
    const records = [untried, sampled, missed, met, attacked].map((record, at) => ({
      ...record,
      ...{ id: String(at), at: `2026-11-2${at}T03:10:00.000Z` },
    }));
    await appendRecords(join(state, 'schedule-state'), records);
    await compare('drill-history', ['drill', 'history', '--state-dir', state]);
    // Markdown is the same at every width.
    for (const columns of [60, 120]) {
      const env = { NO_COLOR: '1', TZ: 'UTC' };
      const { stdout } = await runAt(NOW, ['drill', 'report', '--state-dir', state], { env, columns });
      await expect(stdout).toMatchFileSnapshot('tables/drill-report.md.txt');
    }
  });

  it('drill-trend', async () => {
    const records = Array.from({ length: 30 }, (_, at) =>
      drillRecord({ id: String(at), rto_seconds: at % 7 === 3 ? null : 30 + at, rpo_seconds: at * 9 }),
    );
    const others = records.slice(0, 4).map((record) => ({ ...record, scenario: 'store' as const }));
    await comparePage('drill-trend', 'mangamotion drill history', (page) => {
      describeTrends(page, [...records, ...others]);
    });
  });
});
