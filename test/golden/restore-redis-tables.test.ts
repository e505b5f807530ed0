import { describe, it } from 'vitest';
import { describeRedisRestore } from '../../src/cli/commands/restore/describe-redis.js';
import { emptyReport } from '../../src/restore/redis/report.js';
import { CJK, LONG, comparePage } from './compare.js';

const backup = 'minio_backup_full_20261129_020000';
const lost = Array.from({ length: 21 }, (_none, n) => ({
  key: `billing:user:${n === 0 ? LONG : n === 1 ? CJK : `user-${n}`}`,
  ...{ field: 'bytes_processed', target: '17', backup: '9007199254740993' },
}));

describe('a restore of Redis', () => {
  it('restore-redis-plan', async () => {
    await comparePage('restore-redis-plan', 'mangamotion restore redis --dry-run', (page) => {
      const keys = { create: 10_002, same: 3, lower: 0, higher: 7, other: 1, expired: 2 };
      describeRedisRestore(page, { ...emptyReport(backup, true), keys }, []);
    });
  });

  it('restore-redis', async () => {
    await comparePage('restore-redis', 'mangamotion restore redis', (page) => {
      const report = {
        ...emptyReport(backup, false),
        keys: { create: 1_000_000, same: 0, lower: 21, higher: 0, other: 4, expired: 0 },
        ...{ restored: 1_000_019, lost, lost_omitted: 3 },
        failures: [{ key: `billing:user:${LONG}`, reason: 'no right to write it' }],
        problems: ['the backup lacks 2 keys that could not be read'],
      };
      describeRedisRestore(page, report, ['cache:a', 'session:b']);
    });
  });
});
