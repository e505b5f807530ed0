import type { PlannedDocument } from '../../../restore/documents/documents.js';
import type { BucketPlan } from '../../../restore/plan/decide.js';
import type { PlannedChange } from '../../../restore/plan-restore.js';
import { type RestorePlan, type RestoreReport, isPartial } from '../../../restore/report.js';
import type { Column } from '../../output/columns.js';
import { csvRows, type CsvRows } from '../../output/answers.js';
import type { Page } from '../../output/page.js';
import { countOf } from '../../output/units.js';
import { describeFailures } from '../backup/describe.js';

export function describePlan(page: Page, plan: RestorePlan): void {
  const what = plan.share === undefined ? plan.backup : `${shareOf(plan)} of ${plan.backup}`;
  page.text(`plan for ${what} (dry run: nothing is changed)`).text('');
  if (plan.share !== undefined && plan.buckets.length === 0) page.text(EMPTY_SHARE);
  else page.table(columnsFor(plan.buckets), plan.buckets);
  describeDocuments(page, plan.documents);
  describeDestruction(page, plan.destroys);
  for (const { class: name, keys } of plan.probes) {
    const what = `${countOf(keys, 'key')} of the class "${name}"`;
    page.text(
      `${what}: a restore first tests in a temporary bucket whether the target keeps such keys`,
    );
  }
  for (const problem of plan.problems) page.line(problem, 'bad');
}

const EMPTY_SHARE =
  'this share has nothing: the backup has fewer ranges of keys than there are shares';

function shareOf({ share, shares }: Pick<RestorePlan, 'share' | 'shares'>): string {
  return `share ${share} of ${shares}`;
}

/** Keys of each bucket and action that are shown; --list shows them all. */
const MOST_SHOWN = 5;

function describeDestruction(page: Page, destroys: RestorePlan['destroys']): void {
  for (const { bucket, action, objects, omitted } of destroys) {
    const count = objects.length + omitted;
    page.text('').line(`${bucket}: ${countOf(count, 'object')} to ${action}`);
    for (const { key } of objects.slice(0, MOST_SHOWN)) page.line(`  ${key}`);
    const more = count - MOST_SHOWN;
    if (more > 0) page.text(`  … and ${page.people.count(more)} more: --list lists them all`);
  }
}

/** Of `--dry-run --list`: one row for each object that would be changed. */
export const changeColumns: Column<PlannedChange>[] = [
  { title: 'action', name: 'action', value: ({ action }) => action },
  { title: 'bucket', name: 'bucket', value: ({ bucket }) => bucket, dispensable: 1 },
  { title: 'key', name: 'key', value: ({ key }) => key, least: 24 },
  {
    title: 'size',
    name: 'size',
    value: ({ size }) => size,
    show: ({ size }, people) => people.bytes(size),
    align: 'right',
  },
];

export function describeReport(page: Page, report: RestoreReport): void {
  const { people } = page;
  const { objects, bytes } = report.restored;
  const written = report.documents.filter(({ result }) => result === 'written').length;
  const complete = !isPartial(report);
  const changes = objects + written + report.deleted;
  const done = [
    `restored ${countOf(objects, 'object')}, ${people.bytes(bytes)}`,
    ...(written === 0 ? [] : [`${countOf(written, 'document')} of buckets`]),
    ...(report.deleted === 0 ? [] : [`removed ${countOf(report.deleted, 'object')}`]),
  ].join(', ');
  const isEmpty = report.share !== undefined && report.buckets.length === 0;
  if (!isEmpty) page.table(columnsFor(report.buckets), report.buckets).text('');
  if (isEmpty) page.text(EMPTY_SHARE);
  else if (complete && changes === 0) page.text(`✓ ${nothingDone(report.buckets)}`, 'good');
  else page.text(`${complete ? '✓' : '✕'} ${done}${proofOf(report)}`, complete ? 'good' : 'bad');
  for (const { bucket, reason, objects: count } of report.left_out) {
    page.text(
      `${countOf(count, 'object')} of ${bucket} restored without ${count === 1 ? 'its' : 'their'} lock: ${reason}`,
      'bad',
    );
  }
  for (const { bucket, what, count, keys, reason } of report.losses) {
    const such = keys.slice(0, MOST_SHOWN).join(', ');
    page.line(`${bucket}: ${what} of ${countOf(count, 'object')} (${such}): ${reason}`, 'bad');
  }
  for (const { target, kind, result, reason } of report.documents) {
    if (result === 'skipped') page.text(`${kind} of ${target} left out: ${reason ?? ''}`);
  }
  for (const problem of report.problems) page.line(problem, 'bad');
  describeFailures(page, report.failures, report.failures_omitted);
  if (report.share !== undefined) {
    page.text(
      `this was ${shareOf(report)}: when all have ended, run the command without --shard; ` +
        'it restores what is missing, and the other documents of the buckets',
    );
  }
}

function nothingDone(buckets: readonly BucketPlan[]): string {
  const unchanged = buckets.reduce((sum, plan) => sum + plan.unchanged, 0);
  const skipped = buckets.reduce((sum, plan) => sum + plan.skip, 0);
  const already = `${countOf(unchanged, 'object')} already as in the backup`;
  return `nothing to restore: ${already}${skipped === 0 ? '' : `, ${countOf(skipped, 'object')} skipped`}`;
}

function proofOf({ proved, restored }: RestoreReport): string {
  if (restored.objects === 0) return '';
  return proved === null ? '; not verified against a listing' : '; verified against a listing';
}

/** Of what is as in the backup there is nothing to be told. */
function describeDocuments(page: Page, documents: readonly PlannedDocument[]): void {
  const shown = documents.filter(({ action }) => action !== 'unchanged');
  if (shown.length > 0) page.text('').table(documentColumns, shown);
}

const documentColumns: Column<PlannedDocument>[] = [
  { title: 'into', name: 'target', value: ({ target }) => target },
  { title: 'document', name: 'kind', value: ({ kind }) => kind },
  { title: 'action', name: 'action', value: ({ action }) => action },
  {
    title: 'why',
    name: 'reason',
    value: ({ reason }) => reason ?? '',
    dispensable: 1,
    wraps: true,
  },
];

function columnsFor(plans: readonly BucketPlan[]): Column<BucketPlan>[] {
  const deletes = plans.some((plan) => plan.delete > 0);
  const renames = plans.some((plan) => plan.target !== plan.bucket || plan.create_bucket);
  const columns = planColumns.filter(({ name }) => renames || name !== 'target');
  return [...columns, ...(deletes ? [countColumn('delete', 'delete')] : []), bytesColumn];
}

/** The same columns for every plan. */
export function planCsv({ buckets }: Pick<RestorePlan, 'buckets'>): CsvRows {
  return csvRows([...planColumns, countColumn('delete', 'delete'), bytesColumn], buckets);
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
  // What would be overwritten or removed is never hidden.
  dispensable: { create: 1, overwrite: 0, unchanged: 4, skip: 5, conflict: 2, delete: 0 }[name],
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
  dispensable: 3,
  value: ({ bytes }) => bytes,
  show: ({ bytes }, people) => people.bytes(bytes),
  align: 'right',
};
