import { MangamotionError } from '../../errors.js';
import type { BucketPlan } from '../../restore/plan.js';
import type { PlannedDocument } from '../../restore/documents.js';
import type { RestorePlan, RestoreReport } from '../../restore/report.js';
import type { Column } from '../columns.js';
import { defineCommand } from '../command.js';
import type { Page } from '../page.js';
import { describeFailures } from './backup/describe.js';
import { findNamed, namingOptions } from './backup/naming.js';

export const restoreCommand = defineCommand({
  description:
    'Bring a backup back into the store: objects, and what buckets are configured with. A plan is ' +
    'made first; --dry-run shows it and changes nothing. What is as in the backup is left alone, so ' +
    'that a restore can be run again; objects that are not in the backup stay. One that ' +
    'backup-minio.sh made is restored too, with content types by the names of the objects; a ' +
    'tar.gz of it is unpacked below TMPDIR first, for --dry-run too.',
  arguments: {
    backup: {
      description:
        'the backup (a path, or s3://bucket/prefix/NAME), with or without .tar.gz; or a destination, with --latest or --at',
      complete: 'file',
    },
    scope: {
      description:
        'what to restore: metadata is the documents of buckets, data the objects, full is both',
      choices: ['full', 'metadata', 'data'],
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
    prefix: {
      value: 'prefix',
      description: 'only objects whose keys begin with this, and no documents of buckets',
    },
    key: {
      value: 'key',
      description: 'only the object with this key, and no documents of buckets',
    },
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
    deleteExtra: {
      description:
        'remove the objects of the buckets (with --prefix: those with the prefix) that the backup ' +
        'does not have, when all else is done',
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
  async run(context, { backup, scope }, options) {
    const { latest, at, bucket, prefix, key, as, onConflict, deleteExtra } = options;
    if (key !== undefined && prefix !== undefined) {
      throw new MangamotionError('usage', '--key and --prefix exclude each other');
    }
    const { restore } = await import('../../restore/restore.js');
    const { isPartial } = await import('../../restore/report.js');
    const holds = scope === 'metadata' ? 'documents' : 'objects';
    const located = await findNamed(context, backup, { latest, at }, holds);
    const selection = { buckets: bucket, prefix, key, renames: renamesOf(as) };
    const answer = await restore(
      {
        store: await context.openStore(),
        now: context.now,
        signal: context.signal,
        progress: context.progress,
      },
      located,
      { scope, selection, onConflict, deleteExtra, dryRun: context.dryRun },
    );
    context.progress.done();
    await context.output.document({
      json: answer,
      human: (page) =>
        'dry_run' in answer ? describePlan(page, answer) : describeReport(page, answer),
    });
    return 'failures' in answer && isPartial(answer) ? 3 : undefined;
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
  page.table(columnsFor(plan.buckets), plan.buckets);
  describeDocuments(page, plan.documents);
  for (const problem of plan.problems) page.text(problem, 'bad');
}

function describeReport(page: Page, report: RestoreReport): void {
  const { people } = page;
  const { objects, bytes } = report.restored;
  const written = report.documents.filter(({ result }) => result === 'written').length;
  const done = [
    `restored ${people.count(objects)} objects, ${people.bytes(bytes)}`,
    ...(written === 0 ? [] : [`${written} documents of buckets`]),
    ...(report.deleted === 0 ? [] : [`removed ${people.count(report.deleted)} objects`]),
  ].join(', ');
  page.table(columnsFor(report.buckets), report.buckets).text('');
  const complete = report.failures.length === 0;
  page.text(`${complete ? '✓' : '✕'} ${done}`, complete ? 'good' : 'bad');
  for (const { bucket, reason, objects: count } of report.left_out) {
    page.text(`${people.count(count)} objects of ${bucket} came back unlocked: ${reason}`, 'bad');
  }
  for (const { target, kind, result, reason } of report.documents) {
    if (result === 'skipped') page.text(`${kind} of ${target} left out: ${reason ?? ''}`);
  }
  for (const problem of report.problems) page.text(problem, 'bad');
  describeFailures(page, report.failures);
}

/** Of what is as in the backup there is nothing to be told. */
function describeDocuments(page: Page, documents: readonly PlannedDocument[]): void {
  const told = documents.filter(({ action }) => action !== 'unchanged');
  if (told.length > 0) page.text('').table(documentColumns, told);
}

const documentColumns: Column<PlannedDocument>[] = [
  { title: 'into', name: 'target', value: ({ target }) => target },
  { title: 'document', name: 'kind', value: ({ kind }) => kind },
  { title: 'action', name: 'action', value: ({ action }) => action },
  { title: 'why', name: 'reason', value: ({ reason }) => reason ?? '' },
];

function columnsFor(plans: readonly BucketPlan[]): Column<BucketPlan>[] {
  const deletes = plans.some((plan) => plan.delete > 0);
  return [...planColumns, ...(deletes ? [countColumn('delete', 'delete')] : []), bytesColumn];
}

const countColumn = (
  title: string,
  name: 'create' | 'overwrite' | 'unchanged' | 'skip' | 'conflict' | 'delete',
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
];

const bytesColumn: Column<BucketPlan> = {
  title: 'bytes',
  name: 'bytes',
  value: ({ bytes }) => bytes,
  show: ({ bytes }, people) => people.bytes(bytes),
  align: 'right',
};
