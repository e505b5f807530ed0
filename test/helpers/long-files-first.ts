import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Workers keep the modules of a project: its files come one after the other. */
const PROJECTS = ['servers', 'unit'];

/** The longest first. What they print at the end of a run says when this is no longer so. */
const LONG_FILES = [
  'faults/odd-servers/objects',
  'faults/forged-sizes',
  'faults/interrupted',
  'faults/jobs-download',
  'faults/s3-destination',
  'faults/backup-over-a-bad-connection',
  'faults/hostile-chains',
  'faults/odd-servers/listings',
  'faults/server-gone',
  'faults/law/law',
  'faults/salvage',
  'faults/lock-race',
  'faults/forged-backups',
  'faults/forged-at-random',
  'e2e/schedule-daemon',
  'e2e/serve-page-schedule',
  'e2e/serve-page-backups',
  'e2e/completion-names',
  'e2e/matrix',
  'e2e/backup-plain-folder',
  'e2e/jobs-watch',
  'e2e/schedule-examples-run',
  'e2e/memory',
  'e2e/smoke',
  'e2e/package',
  'e2e/backup-to-s3',
  'e2e/library-outage',
  'e2e/backup-incremental',
  'e2e/manual-recovery',
  'e2e/s3-destination',
  'e2e/library-types',
  'contract/object-store',
  'integration/backup/shards',
  'integration/restore-in-shares',
  'integration/backup-of-changing-objects',
  'integration/backup/options',
  'integration/backup/missing',
  'integration/schedule/child',
  'contract/archive',
  'integration/restore-in-parts',
  'integration/backup/guard',
  'contract/claim-store',
  'integration/restore-proves-itself',
  'unit/schedule/engine/engine',
  'unit/schedule/crontab/firings',
  'unit/repository/legacy/open-legacy',
  'unit/repository/retention/retention-properties',
  'unit/archive/audit',
  'unit/archive/limits',
  'unit/archive/round-trip',
  'unit/repository/retention/prune',
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
