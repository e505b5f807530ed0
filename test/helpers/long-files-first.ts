import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Workers keep the modules of a project: its files come one after the other. */
const PROJECTS = ['servers', 'unit'];

/** The longest first. What they print at the end of a run says when this is no longer so. */
const LONG_FILES = [
  'e2e/schedule-daemon',
  'faults/interrupted',
  'faults/forged-sizes',
  'e2e/serve-page-schedule',
  'faults/odd-servers/objects',
  'faults/odd-servers/targets',
  'faults/redis-in-backups',
  'e2e/matrix',
  'contract/object-store',
  'faults/jobs-download',
  'faults/odd-servers/listings',
  'integration/backup/shards',
  'e2e/memory',
  'e2e/manual-recovery',
  'e2e/serve-page-backups',
  'faults/s3-destination',
  'e2e/jobs-memory',
  'e2e/schedule-examples-run',
  'integration/doctor/broken',
  'faults/serve-fuzz',
  'faults/salvage',
  'integration/backup/options',
  'e2e/serve-page-billing',
  'integration/backup-of-changing-objects',
  'e2e/redis-memory',
  'e2e/serve-page-jobs',
  'integration/backup/append-only',
  'faults/drill-ransom',
  'integration/backup/verify-within',
  'faults/server-gone',
  'e2e/package',
  'e2e/jobs-watch',
  'e2e/serve-page-users',
  'integration/backup/workers-back',
  'e2e/backup-to-s3',
  'e2e/library-outage',
  'e2e/backup-copy',
  'integration/backup/encryption',
  'e2e/backup-plain-folder',
  'integration/serve/job-events',
  'e2e/serve-page-shell',
  'contract/archive',
  'faults/backup-over-a-bad-connection',
  'integration/backup/missing',
  'faults/odd-servers/buckets',
  'e2e/completion-names',
  'integration/serve/backups',
  'e2e/serve-schedule',
  'faults/hostile-chains',
  'e2e/smoke',
  'faults/drill-killed',
  'integration/redis/round-trip',
  'integration/redis/refusals',
  'integration/doctor/probe',
  'e2e/doctor-probe',
  'faults/purge-versions',
  'contract/claim-store',
  'integration/restore-in-shares',
  'integration/cli/proxy',
  'e2e/library-types',
  'unit/backup/shards/sharded-model',
  'unit/schedule/crontab/import',
  'unit/backup/verify/verify-parts',
  'unit/backup/verify/by-shares',
  'unit/schedule/engine/engine',
  'unit/schedule/crontab/firings',
  'unit/repository/legacy/open-legacy',
  'unit/repository/copy/copy-parts',
  'unit/ranges/cut-listing',
  'unit/backup/diff/diff',
  'unit/jobs/queue/job',
  'unit/repository/retention/retention-properties',
  'unit/archive/round-trip',
  'unit/archive/audit',
  'unit/repository/retention/prune-parts',
  'unit/schedule/state/migration',
  'unit/repository/retention/prune',
  'unit/archive/limits',
  'unit/lint/source',
  'unit/serve/destinations',
  'unit/age/testkit',
  'unit/files/spill',
  'unit/cli/completion/scripts',
  'unit/archive/tar-scanner',
];

/** Begins with the long files, so that no worker is left alone with one at the end. */
export class LongFilesFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const others = await super.sort(files);
    return others.toSorted(
      (a, b) =>
        PROJECTS.indexOf(a.project.name) - PROJECTS.indexOf(b.project.name) ||
        rankOf(a) - rankOf(b),
    );
  }
}

function rankOf({ moduleId }: TestSpecification): number {
  const rank = LONG_FILES.findIndex((name) => moduleId.endsWith(`/test/${name}.test.ts`));
  return rank === -1 ? LONG_FILES.length : rank;
}
