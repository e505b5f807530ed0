import { MangamotionError } from '../../errors.js';
import type { BucketPlan } from '../../restore/plan.js';
import type { RestorePlan, RestoreReport } from '../../restore/restore.js';
import type { Column } from '../columns.js';
import { defineCommand } from '../command.js';
import type { Page } from '../page.js';
import { describeFailures } from './backup/describe.js';
import { findNamed, namingOptions } from './backup/naming.js';

export const restoreCommand = defineCommand({
  description:
    'Bring objects of a backup back into the store. A plan is made first; --dry-run shows it and ' +
    'changes nothing. Objects that are as in the backup are left alone, so that a restore can be ' +
    'run again; objects that are not in the backup stay.',
  arguments: {
    backup: {
      description: 'the backup, with or without .tar.gz; or a folder, with --latest or --at',
      complete: 'file',
    },
    scope: {
      description: 'what to restore: full is all that the backup holds, data the objects alone',
      choices: ['full', 'data'],
      default: 'full',
    },
  },
  options: {
    ...namingOptions,
    bucket: {
      value: 'name',
      description: 'this bucket alone',
      repeatable: true,
    },
    prefix: { value: 'prefix', description: 'only keys that begin with this' },
    key: { value: 'key', description: 'only the object with this key' },
    as: {
      value: 'old=new',
      description: 'restore bucket old into bucket new',
      repeatable: true,
      parse: parseRename,
    },
    onConflict: {
      value: 'what',
      description:
        'where another object has the key: overwrite it, skip it, or fail before anything is changed',
      choices: ['overwrite', 'skip', 'fail'],
      default: 'overwrite',
    },
  },
  changes: 'dry-run',
  usesStore: true,
  printsRows: false,
  exitCodes: [3, 4, 5, 6, 8, 130, 143],
  examples: [
    {
      command: 'mangamotion restore /var/backups/minio/minio_backup_full_20240115_020000 --dry-run',
      meaning: 'what would be done',
    },
    {
      command:
        'mangamotion restore /var/backups/minio/minio_backup_full_20240115_020000 --bucket processed --key 4711/result.zip',
      meaning: 'one object',
    },
    {
      command:
        'mangamotion restore /var/backups/minio/minio_backup_full_20240115_020000 --bucket originals --as originals=originals-restored',
      meaning: 'a bucket beside the one that is there',
    },
  ],
  async run(context, { backup }, { latest, at, bucket, prefix, key, as, onConflict }) {
    if (key !== undefined && prefix !== undefined) {
      throw new MangamotionError('usage', '--key and --prefix exclude each other');
    }
    const { restore } = await import('../../restore/restore.js');
    const located = await findNamed(context, backup, { latest, at });
    const selection = { buckets: bucket, prefix, key, renames: renamesOf(as) };
    const answer = await restore(
      { store: await context.openStore(), signal: context.signal, progress: context.progress },
      located,
      { selection, onConflict, dryRun: context.dryRun },
    );
    context.progress.done();
    await context.output.document({
      json: answer,
      human: (page) =>
        'dry_run' in answer ? describePlan(page, answer) : describeReport(page, answer),
    });
    return 'failures' in answer && answer.failures.length > 0 ? 3 : undefined;
  },
});

/** What S3 takes as a name, and old servers took too (capitals, `_`): 3 to 63 characters. */
const BUCKET_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{1,61}[A-Za-z0-9]$/;

function parseRename(text: string): [string, string] {
  const [from, to, ...more] = text.split('=');
  if (from === undefined || from === '' || to === undefined || to === '' || more.length > 0) {
    throw new MangamotionError('usage', 'must be OLD=NEW, two names of buckets');
  }
  if (!BUCKET_NAME.test(to)) {
    throw new MangamotionError(
      'usage',
      'must end in the name of a bucket (3 to 63 of a-z 0-9 . -)',
    );
  }
  return [from, to];
}

function renamesOf(pairs: readonly [string, string][]): Map<string, string> {
  const renames = new Map(pairs);
  if (renames.size === pairs.length) return renames;
  throw new MangamotionError('usage', 'a bucket is renamed twice with --as');
}

function describePlan(page: Page, plan: RestorePlan): void {
  page.text(`plan for ${plan.backup} (dry run: nothing is changed)`).text('');
  page.table(planColumns, plan.buckets);
  for (const problem of plan.problems) page.text(problem, 'bad');
}

function describeReport(page: Page, report: RestoreReport): void {
  const { people } = page;
  const { objects, bytes } = report.restored;
  page.table(planColumns, report.buckets).text('');
  page.text(
    `${report.failures.length === 0 ? '✓' : '✕'} restored ${people.count(objects)} objects, ${people.bytes(bytes)}`,
    report.failures.length === 0 ? 'good' : 'bad',
  );
  describeFailures(page, report.failures);
}

const countColumn = (
  title: string,
  name: 'create' | 'overwrite' | 'unchanged' | 'skip' | 'conflict',
): Column<BucketPlan> => ({
  title,
  name,
  value: (plan) => plan[name],
  show: (plan, people) => people.count(plan[name]),
  align: 'right',
});

const planColumns: Column<BucketPlan>[] = [
  { title: 'bucket', name: 'bucket', value: ({ bucket }) => bucket },
  {
    title: 'into',
    name: 'target',
    value: ({ target }) => target,
    show: ({ target, create_bucket }) => (create_bucket ? `${target} (new)` : target),
  },
  countColumn('create', 'create'),
  countColumn('overwrite', 'overwrite'),
  countColumn('unchanged', 'unchanged'),
  countColumn('skip', 'skip'),
  countColumn('conflict', 'conflict'),
  {
    title: 'bytes',
    name: 'bytes',
    value: ({ bytes }) => bytes,
    show: ({ bytes }, people) => people.bytes(bytes),
    align: 'right',
  },
];
