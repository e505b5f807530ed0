import type { ShownBackup } from '../../../reports/backups/show.js';
import type { Loss, Summary, Suspicion } from '../../../repository/summary.js';
import { ownPartsOf } from '../../../repository/parts.js';
import type { Column } from '../../output/columns.js';
import type { Field, Page } from '../../output/page.js';
import { countOf, formatCount } from '../../output/units.js';
import { untilTime } from './lock-text.js';
import { withMark } from './status-marks.js';

/** Failures that people are shown; the JSON has them all. */
const MOST_FAILURES = 20;

/** Keys of Redis that are missing, of which people are shown so many; the JSON has the first 1,000. */
const MOST_REDIS_FAILURES = 5;

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
    `line ${line} is suspended: ${suspect} is suspect. If the change was intended, run ` +
    '"mangamotion backup accept" with its path, or the next backup with --accept-deletions or ' +
    '--accept-changes; if not, restore an earlier backup and back up again'
  );
}

/** What befell a bucket: `60 of 100 objects of photos gone, 30 wiped in place (…)`. */
export function suspicionText({ bucket, before, deleted, wiped = 0 }: Suspicion): string {
  const found = [
    ...(deleted === 0 ? [] : [{ count: deleted, what: 'gone' }]),
    ...(wiped === 0 ? [] : [{ count: wiped, what: 'wiped in place (now empty or identical)' }]),
  ];
  const of = ` of ${countOf(before, 'object')} of ${bucket}`;
  return found
    .map(({ count, what }, i) => `${formatCount(count)}${i === 0 ? of : ''} ${what}`)
    .join(', ');
}

/** What people read of a backup; `shown` is absent of one that was just made. */
export function describeBackup(page: Page, summary: Summary, shown?: ShownBackup): void {
  const { people } = page;
  const { objects } = summary;
  const named = (count: number, what: string) =>
    count === 0 ? [] : [`${people.count(count)} ${what}`];
  page.fields([
    { label: 'backup', text: summary.id },
    { label: 'status', ...withMark(summary.status) },
    { label: 'type', text: summary.type },
    {
      label: 'created',
      text: `${people.onTerminal ? people.clock(summary.created_at) : summary.created_at} (took ${people.duration(summary.duration_seconds)})`,
    },
    ...(summary.parent === null ? [] : [{ label: 'parent', text: summary.parent }]),
    { label: 'from', text: summary.source.endpoint },
    { label: 'in', text: summary.destination },
    ...(shown?.line === undefined ? [] : [{ label: 'line', text: shown.line }]),
    ...(shown?.untrusted === undefined
      ? []
      : [{ label: 'trusted', ...withMark('untrusted', `no: ${shown.untrusted}`) }]),
    {
      label: 'objects',
      text: [
        `${people.count(objects.captured)} captured`,
        ...named(objects.unchanged, 'unchanged'),
        ...named(objects.carried, 'of these carried over unread'),
        ...named(objects.deleted, 'deleted since the previous backup'),
        ...named(objects.changed, 'changed during the backup'),
        ...named(objects.vanished, 'vanished during the backup'),
        ...named(objects.failed, 'failed'),
      ].join(', '),
    },
    {
      label: 'bytes',
      text: `${people.bytes(summary.bytes)}, ${people.bytes(summary.archive_bytes)} in the archive`,
    },
    ...describeParts(page, summary),
    ...(summary.encryption === undefined
      ? []
      : [{ label: 'encrypted', text: `to ${summary.encryption.recipients.join(', ')}` }]),
    ...(shown?.hasSignature === true
      ? [{ label: 'signature', text: 'there, not checked: "backup verify --signer KEY" checks it' }]
      : []),
    ...describeDocuments(summary),
    ...describeRedis(page, summary),
    ...(shown === undefined ? lockOfRun(page, summary) : lockOfShown(page, summary, shown)),
    ...summary.suspicious.map((suspicion) => ({
      label: 'suspect',
      text: suspicionText(suspicion),
      tone: 'bad' as const,
    })),
    ...carriedText(summary).map((text) => ({ label: 'carried', text, tone: 'bad' as const })),
    ...summary.fidelity.losses.map((loss) => ({ label: 'missing', text: lossText(loss) })),
    ...summary.notices.map((text) => ({ label: 'notice', text })),
  ]);
  describeFailures(page, summary.failures, summary.failures_omitted);
}

/** Of the archives that hold the objects of a backup that several workers made. */
function describeParts(
  { people }: Page,
  { id, parts = [] }: Summary,
): { label: string; text: string }[] {
  if (parts.length === 0) return [];
  const bytesOf = (records: typeof parts) =>
    people.bytes(records.reduce((sum, { archive_bytes: bytes }) => sum + bytes, 0));
  const own = ownPartsOf({ id, parts });
  const earlier = parts.filter((part) => !own.includes(part));
  const text = [
    ...(own.length === 0 ? [] : [`${people.count(own.length)}, ${bytesOf(own)}`]),
    ...(earlier.length === 0
      ? []
      : [`${people.count(earlier.length)} of earlier backups, ${bytesOf(earlier)}`]),
  ].join('; ');
  return [{ label: 'parts', text }];
}

/** Of the objects that could not be read, and of which an earlier backup's copy stands in. */
function carriedText({ objects: { carried }, failures }: Summary): string[] {
  if (carried === 0) return [];
  const since = failures.flatMap((failure) => failure.unreadable_since ?? []).sort()[0];
  const read = since === undefined ? 'could not be read' : `could not be read since ${since}`;
  const which = since === undefined || carried === 1 ? read : `the first ${read}`;
  return [`${countOf(carried, 'object')} carried over from an earlier backup: ${which}`];
}

/** Keys of a loss that people are shown. */
const MOST_KEYS = 3;

/** `photos: tags of 12 objects (a, b, c, …): REASON`. */
function lossText({ bucket, what, count, keys, reason }: Loss): string {
  if (keys.length === 0) return `${bucket}: ${what}: ${reason}`;
  const more = count > Math.min(keys.length, MOST_KEYS) ? ', …' : '';
  const named = `${keys.slice(0, MOST_KEYS).join(', ')}${more}`;
  return `${bucket}: ${what} of ${countOf(count, 'object')} (${named}): ${reason}`;
}

function describeDocuments({ fidelity }: Summary): { label: string; text: string }[] {
  if (fidelity.documents.length === 0) return [];
  const counts = (['captured', 'none', 'unsupported', 'failed'] as const)
    .map((state) => ({ state, of: fidelity.documents.filter((one) => one.state === state) }))
    .filter(({ state, of }) => state === 'captured' || of.length > 0)
    .map(({ state, of }) => `${of.length} ${state}`);
  return [{ label: 'documents', text: counts.join(', ') }];
}

/** The lock that the run has just set. */
function lockOfRun(page: Page, { lock }: Summary): Field[] {
  if (lock === undefined) return [];
  const until = untilText(page, lock);
  if (lock.unprotected === 0) return [{ label: 'locked', text: until }];
  const text = `${until}, without ${countOf(lock.unprotected, 'file')}`;
  return [{ label: 'locked', text, tone: 'bad' }];
}

/** The lock as the server tells it, or else what was set once. */
function lockOfShown(page: Page, { lock }: Summary, { held }: ShownBackup): Field[] {
  if (held === undefined) {
    if (lock === undefined) return [];
    const text = `${untilText(page, lock)}; whether it is still there is not known`;
    return [{ label: 'lock set', text }];
  }
  const { mode, until, unlocked } = held;
  if (mode !== null && until !== null) {
    const text = untilText(page, { mode, until });
    if (unlocked === 0) return [{ label: 'locked', text }];
    const without = `${text}, without ${countOf(unlocked, 'file')}`;
    return [{ label: 'locked', text: without, tone: 'bad' }];
  }
  if (lock === undefined) return [];
  return [{ label: 'locked', text: `no, a lock was set ${untilText(page, lock)}`, tone: 'bad' }];
}

function untilText({ people }: Page, { mode, until }: { mode: string; until: string }): string {
  return `until ${untilTime(people, until)} (${mode})`;
}

/** Says how many keys of Redis the backup holds, and which it lacks. */
function describeRedis({ people }: Page, { redis }: Summary): Field[] {
  if (redis === undefined) return [];
  const { keys, patterns, changed_meanwhile: changed } = redis;
  const seconds = (Date.parse(redis.finished_at) - Date.parse(redis.started_at)) / 1000;
  const text = [
    `${countOf(keys, 'key')} of ${patterns.join(', ')} in ${people.duration(seconds)}`,
    ...(changed === null || changed === 0 ? [] : [`${people.count(changed)} changed meanwhile`]),
    ...(redis.in_pieces === 0 ? [] : [`${people.count(redis.in_pieces)} in pieces`]),
  ].join(', ');
  const failures = redis.failures.slice(0, MOST_REDIS_FAILURES).map(({ key, reason }) => ({
    ...{
      label: 'missing',
      text: key === null ? reason : `${key}: ${reason}`,
      tone: 'bad' as const,
    },
  }));
  const more = redis.failures.length + redis.failures_omitted - failures.length;
  return [
    redis.status === 'complete'
      ? { label: 'redis', text }
      : { label: 'redis', text: `partial: ${text}`, tone: 'bad' },
    ...failures,
    ...(more > 0
      ? [{ label: 'missing', text: `${countOf(more, 'more key')} of Redis`, tone: 'bad' as const }]
      : []),
    ...redis.losses.map(({ what, count }) => ({ label: 'missing', text: `${what}: ${count}` })),
  ];
}

export interface NamedFailure {
  bucket: string;
  key: string;
  /** Of the bucket, where it is not an object. */
  document?: string | undefined;
  /** What of the object is missing, where its bytes are there. */
  part?: string | undefined;
  operation?: string | undefined;
  status?: number | null | undefined;
  reason: string;
}

/** `omitted`: failures that are counted, and named nowhere. */
export function describeFailures(page: Page, failures: readonly NamedFailure[], omitted = 0): void {
  if (failures.length === 0) return;
  const columns: Column<NamedFailure>[] = [
    {
      title: 'bad',
      name: 'key',
      value: ({ bucket, key, document, part }) => {
        if (document !== undefined) return `${bucket}: ${document}`;
        const name = key === '' ? bucket : `${bucket}/${key}`;
        return part === undefined ? name : `${name}: ${part}`;
      },
      tone: () => 'bad',
      least: 20,
    },
    ...(failures.some(({ operation }) => operation !== undefined) ? [requestColumn] : []),
    { title: 'reason', name: 'reason', value: ({ reason }) => reason, least: 20, wraps: true },
  ];
  page.text('');
  page.table(columns, failures.slice(0, MOST_FAILURES));
  const more = failures.length - MOST_FAILURES;
  if (more > 0) page.text(`… and ${page.people.count(more)} more: --json lists them`);
  if (omitted > 0) page.text(`… and ${page.people.count(omitted)} more that are not listed`);
}

const requestColumn: Column<NamedFailure> = {
  title: 'request',
  name: 'operation',
  value: ({ operation, status }) =>
    [operation ?? '', status ?? ''].filter((text) => text !== '').join(' '),
  dispensable: 1,
};

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
