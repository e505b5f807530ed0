import { moneyText } from '../../../billing/money.js';
import { durationsOf } from '../../../jobs/row.js';
import { shortened } from '../../../jobs/queue/json-bytes.js';
import type { Artifact } from '../../../reports/jobs/artifacts.js';
import { shortId } from '../../../reports/jobs/documents.js';
import type { ShownJob } from '../../../reports/jobs/show.js';
import type { Column, Presentation } from '../../output/columns.js';
import type { Field, Page } from '../../output/page.js';
import { countOf } from '../../output/units.js';
import { meteredFields } from '../billing/usage-text.js';
import { progressBar, timeText } from './list-columns.js';
import { statusLabel, statusTone } from './status-marks.js';

/** Characters; the rest is in the JSON. */
const MOST_TEXT = 500;
const MOST_TRACE = 4000;
const MOST_FILES = 20;
const MOST_STACKS = 3;

/** All that people read of one job. */
export function describeJob(page: Page, job: ShownJob, now: Date): void {
  const { people } = page;
  page.fields([
    { label: 'job', text: shortId(job.id), tone: 'strong' },
    { label: 'status', text: statusLabel(job), tone: statusTone(job.status) },
    { label: 'from', text: SOURCES[job.source] },
    { label: 'queue', text: job.queue },
    { label: 'user', text: job.userId === null ? 'not recorded' : shortId(job.userId) },
    ...optional('type', typeOf(job)),
    ...optional('progress', progressText(job)),
    ...timeFields(people, job, now),
    ...standingFields(people, job),
    ...optional('attempts', attemptsText(job)),
    ...usageFields(people, job),
    ...optional('options', jsonText(optionsOf(job))),
    ...optional('returned', jsonText(job.job?.returnValue)),
    ...optional('metadata', jsonText(job.details?.metadata)),
  ]);
  describeFiles(page, job.job?.files ?? []);
  describeArtifacts(page, job);
  describeFailure(page, job);
}

const SOURCES = {
  queue: 'the queue; no billing record yet',
  billing: 'its billing record; it is not in the queue',
  both: 'the queue and its billing record',
} as const;

function optional(label: string, text: string | undefined): Field[] {
  return text === undefined || text === '' ? [] : [{ label, text }];
}

function typeOf({ job }: ShownJob): string | undefined {
  const type = dataOf(job?.data).type;
  return typeof type === 'string' ? type : (job?.name ?? undefined);
}

/** The options that the user chose; else those of the queue. */
function optionsOf({ job }: ShownJob): unknown {
  return dataOf(job?.data).options ?? job?.options;
}

function dataOf(data: unknown): Readonly<Record<string, unknown>> {
  return typeof data === 'object' && data !== null ? (data as Record<string, unknown>) : {};
}

function progressText(job: ShownJob): string {
  const detail = job.job?.progressDetail ?? null;
  return [progressBar(job), jsonText(detail) ?? ''].join('  ').trim();
}

function timeFields(people: Presentation, job: ShownJob, now: Date): Field[] {
  const { waited, ran } = durationsOf(job, now);
  const line = (time: Date | null, seconds: number | null, word: string): string | undefined => {
    const took = seconds === null ? '' : `${word} ${people.duration(seconds)}`;
    const parts = [timeText(people, time), took].filter((part) => part !== '');
    return parts.length === 0 ? undefined : parts.join(', ');
  };
  const isWaiting = job.status === 'pending';
  const isRunning = job.status === 'processing';
  return [
    ...optional('queued', line(job.createdAt, isWaiting ? waited : null, 'waiting for')),
    ...optional('started', line(job.startedAt, isWaiting ? null : waited, 'after')),
    ...optional(
      isRunning ? 'running' : 'finished',
      line(job.finishedAt, ran, isRunning ? 'for' : 'took'),
    ),
  ];
}

function standingFields(people: Presentation, { job, worker, ...row }: ShownJob): Field[] {
  const due = job?.dueAt ?? null;
  const children = job?.childrenWaiting ?? null;
  const lost = job?.stalled === true ? 'its worker has lost it, or has ended' : undefined;
  return [
    ...optional('due', timeText(people, due)),
    ...optional(
      'waits for',
      children === null ? undefined : countOf(children, 'child', 'children'),
    ),
    ...optional('stalled?', row.status === 'processing' ? lost : undefined),
    ...optional('worker', worker === false ? 'none is connected' : undefined),
  ];
}

function attemptsText({ job }: ShownJob): string | undefined {
  if (job === undefined || job.attemptsMade === null) return undefined;
  const { attempts } = job.options;
  if (typeof attempts !== 'number') return `${job.attemptsMade}`;
  // BullMQ stores 0 where one attempt is made.
  return `${job.attemptsMade} of ${Math.max(1, attempts)}`;
}

function usageFields(people: Presentation, { details }: ShownJob): Field[] {
  if (details === undefined) return [];
  const { usage, cost } = details;
  const price: Field = { label: 'cost', text: moneyText(cost), tone: 'strong' };
  return [...meteredFields(people, usage), price];
}

/** Nothing for what says nothing. */
function jsonText(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text === '{}' || text === '[]' ? undefined : shortened(text, MOST_TEXT);
}

function describeFiles(page: Page, files: readonly string[]): void {
  if (files.length === 0) return;
  page.text('').text(countOf(files.length, 'file'), 'strong');
  const more = files.length - MOST_FILES;
  for (const file of files.slice(0, MOST_FILES)) page.line(`  ${shortened(file, MOST_TEXT)}`);
  if (more > 0) page.line(`  and ${page.people.count(more)} more`, 'muted');
}

function describeArtifacts(page: Page, { artifacts, status }: ShownJob): void {
  if (!artifacts.looked) return;
  page.text('');
  if (artifacts.found.length > 0) page.table(artifactColumns, artifacts.found);
  if (!artifacts.found.some(({ kind }) => kind === 'result') && status === 'completed') {
    page.line('its result is no longer in the object store', 'bad');
  } else if (artifacts.found.length === 0) {
    page.line('no result or preview in the object store', 'muted');
  }
}

const artifactColumns: Column<Artifact>[] = [
  { title: 'what', name: 'kind', value: ({ kind }) => kind },
  { title: 'object', name: 'key', value: ({ bucket, key }) => `${bucket}/${key}`, least: 24 },
  {
    title: 'size',
    name: 'size_bytes',
    value: ({ sizeBytes }) => sizeBytes,
    show: ({ sizeBytes }, people) => people.bytes(sizeBytes),
    align: 'right',
  },
  {
    title: 'type',
    name: 'content_type',
    value: ({ contentType }) => contentType ?? '',
    dispensable: 2,
  },
  {
    title: 'written',
    name: 'last_modified',
    value: ({ lastModified }) => lastModified,
    show: ({ lastModified }, people) => people.time(lastModified),
  },
];

function describeFailure(page: Page, { job, failedReason }: ShownJob): void {
  if (failedReason === null) return;
  page.text('').text(`✕ ${shortened(failedReason, MOST_TRACE)}`, 'bad');
  const stacks = job?.stacktrace ?? [];
  const shown = stacks.slice(-MOST_STACKS);
  if (stacks.length > shown.length) {
    page.line(`(the last ${shown.length} of ${countOf(stacks.length, 'stack trace')})`, 'muted');
  }
  for (const stack of shown) page.text(shortened(stack, MOST_TRACE), 'muted');
}
