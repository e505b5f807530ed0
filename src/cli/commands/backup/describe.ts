import type { Summary } from '../../../repository/summary.js';
import type { Column } from '../../columns.js';
import type { Page } from '../../page.js';
import type { Tone } from '../../paint.js';

/** Failures that people are shown; the JSON has them all. */
const MOST_FAILURES = 20;

/** Problems that people are shown; the JSON has them all. */
export const MOST_PROBLEMS = 50;

/** Names for one line: the last of them, and how many more there are. */
export function shortList(names: readonly string[]): string {
  const last = names.at(-1) ?? 'nothing';
  return names.length <= 1 ? last : `${last} and ${names.length - 1} more`;
}

/** What there is to do about a line whose newest backup is suspect. */
export function suspicionOf(line: string, suspect: string): string {
  return (
    `line ${line} is suspended: ${suspect} is suspect. If what vanished was meant, run "mangamotion ` +
    'backup accept" with its path, or the next backup with --accept-deletions; else restore it from ' +
    'an earlier backup'
  );
}

export function statusTone(status: string): Tone {
  return status === 'complete' || status === 'ok' ? 'good' : 'bad';
}

/** What the other backups of a destination tell of one. */
interface ShownLine {
  name: string;
  /** Why it is not trusted; `undefined` where it is. */
  untrusted: string | undefined;
}

/** What people read of a backup. */
export function describeBackup(page: Page, summary: Summary, line?: ShownLine): void {
  const { people } = page;
  const { objects } = summary;
  const named = (count: number, what: string) =>
    count === 0 ? [] : [`${people.count(count)} ${what}`];
  const mark = summary.status === 'complete' ? '✓' : '✕';
  page.fields([
    { label: 'backup', text: summary.id },
    { label: 'status', text: `${mark} ${summary.status}`, tone: statusTone(summary.status) },
    { label: 'type', text: summary.type },
    {
      label: 'created',
      text: `${summary.created_at} (took ${people.duration(summary.duration_seconds)})`,
    },
    ...(summary.parent === null ? [] : [{ label: 'parent', text: summary.parent }]),
    { label: 'from', text: summary.source.endpoint },
    { label: 'in', text: summary.destination },
    ...(line === undefined ? [] : [{ label: 'line', text: line.name }]),
    ...(line?.untrusted === undefined
      ? []
      : [{ label: 'trusted', text: `✕ no: ${line.untrusted}`, tone: 'bad' as const }]),
    {
      label: 'objects',
      text: [
        `${people.count(objects.captured)} captured`,
        ...named(objects.unchanged, 'unchanged'),
        ...named(objects.deleted, 'deleted since the parent'),
        ...named(objects.changed, 'changed while it ran'),
        ...named(objects.vanished, 'vanished while it ran'),
        ...named(objects.failed, 'failed'),
      ].join(', '),
    },
    {
      label: 'bytes',
      text: `${people.bytes(summary.bytes)}, ${people.bytes(summary.archive_bytes)} in the archive`,
    },
    ...describeDocuments(summary),
    ...summary.suspicious.map(({ bucket, before, deleted }) => ({
      label: 'suspect',
      text: `${people.count(deleted)} of ${people.count(before)} objects of ${bucket} were deleted`,
      tone: 'bad' as const,
    })),
  ]);
  describeFailures(page, summary.failures);
}

function describeDocuments({ fidelity }: Summary): { label: string; text: string }[] {
  if (fidelity.documents.length === 0) return [];
  const counts = (['captured', 'none', 'unsupported', 'failed'] as const)
    .map((state) => ({ state, of: fidelity.documents.filter((one) => one.state === state) }))
    .filter(({ state, of }) => state === 'captured' || of.length > 0)
    .map(({ state, of }) => `${of.length} ${state}`);
  return [{ label: 'documents', text: counts.join(', ') }];
}

export interface NamedFailure {
  bucket: string;
  key: string;
  /** Of the bucket, where it is no object. */
  document?: string | undefined;
  reason: string;
}

export function describeFailures(page: Page, failures: readonly NamedFailure[]): void {
  if (failures.length === 0) return;
  const columns: Column<NamedFailure>[] = [
    {
      title: 'bad',
      name: 'key',
      value: ({ bucket, key, document }) =>
        document === undefined ? `${bucket}/${key}` : `${bucket}: ${document}`,
      tone: () => 'bad',
    },
    { title: 'reason', name: 'reason', value: ({ reason }) => reason },
  ];
  page.text('');
  page.table(columns, failures.slice(0, MOST_FAILURES));
  const more = failures.length - MOST_FAILURES;
  if (more > 0) page.text(`… and ${page.people.count(more)} more: --json names them all`);
}

/** Of the buckets that a backup holds. */
export const bucketColumns: Column<Summary['buckets'][number]>[] = [
  { title: 'bucket', name: 'name', value: ({ name }) => name },
  {
    title: 'objects',
    name: 'objects',
    value: ({ objects }) => objects,
    show: ({ objects }, people) => people.count(objects),
    align: 'right',
  },
  {
    title: 'bytes',
    name: 'bytes',
    value: ({ bytes }) => bytes,
    show: ({ bytes }, people) => people.bytes(bytes),
    align: 'right',
  },
];
