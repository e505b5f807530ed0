import { moneyText, roundedMoney } from '../../../billing/money.js';
import type { JobRow } from '../../../jobs/row.js';
import { bar } from '../../output/bar.js';
import type { Column, Presentation } from '../../output/columns.js';
import { type FieldsOf, fieldNames } from '../../output/fields.js';
import { countOf } from '../../output/units.js';
import type { jobJson, ListedJob } from '../../../reports/jobs/documents.js';
import { statusLabel, statusTone } from './status-marks.js';

const PROGRESS_WIDTH = 8;

/** `███▌     45%` while it runs, else nothing. */
export function progressBar({ status, progress }: Pick<JobRow, 'status' | 'progress'>): string {
  if (status !== 'processing' || progress === null) return '';
  // An odd value is shown as it is.
  if (progress < 0 || progress > 100) return String(progress);
  const percent = Math.round(progress);
  return `${bar(progress / 100, PROGRESS_WIDTH).padEnd(PROGRESS_WIDTH)} ${String(percent).padStart(3)}%`;
}

const LONGEST_REASON = 60;

/** The first line of why it failed. */
function shortReason(reason: string | null): string {
  const [line = ''] = (reason ?? '').split('\n', 1);
  return line.length > LONGEST_REASON ? `${line.slice(0, LONGEST_REASON)}…` : line;
}

export function timeText(people: Presentation, time: Date | null): string {
  return time === null ? '' : people.time(time.toISOString());
}

/** What became of the files of a job that has completed. */
function resultText(people: Presentation, { result }: ListedJob): string {
  if (result === undefined) return '';
  return result === null ? 'gone' : people.bytes(result.sizeBytes);
}

const iso = (time: Date | null): string => time?.toISOString() ?? '';

/** What a job waits for, or since when it has been running without a worker. */
function standingText(people: Presentation, { job, startedAt }: JobRow): string {
  if (job === undefined) return '';
  const { dueAt, childrenWaiting, stalled } = job;
  if (dueAt !== null) return `due ${timeText(people, dueAt)}`;
  if (childrenWaiting !== null) return countOf(childrenWaiting, 'child', 'children');
  return stalled === true && startedAt !== null ? `started ${timeText(people, startedAt)}` : '';
}

/** Columns for scripts alone. */
const STANDING_COLUMNS: Column<ListedJob>[] = [
  { title: 'state', name: 'state', value: ({ state }) => state ?? '' },
  { title: 'due', name: 'due_at', value: ({ job }) => iso(job?.dueAt ?? null) },
  {
    title: 'children',
    name: 'children_waiting',
    value: ({ job }) => job?.childrenWaiting ?? '',
  },
  { title: 'stalled', name: 'stalled', value: ({ job }) => String(job?.stalled ?? '') },
];

interface ShownColumns {
  withResults: boolean;
  /** The rows, where people read them: a column that none of them fills is left out. */
  rows: readonly JobRow[] | undefined;
}

/** Without the column of results where none was looked for. */
export function jobColumns({ withResults, rows }: ShownColumns): Column<ListedJob>[] {
  const isWaiting = ({ job }: JobRow): boolean =>
    job !== undefined &&
    (job.dueAt !== null || job.childrenWaiting !== null || job.stalled === true);
  const isFilled = (fills: (row: JobRow) => boolean): boolean =>
    rows === undefined || rows.some(fills);
  const columns: Column<ListedJob>[] = [
    { title: 'id', name: 'id', value: ({ id }) => id, tone: () => 'strong', least: 16 },
    { title: 'user', name: 'user_id', value: ({ userId }) => userId ?? '', dispensable: 2 },
    {
      title: 'status',
      name: 'status',
      value: ({ status }) => status,
      show: statusLabel,
      tone: ({ status }) => statusTone(status),
      least: Infinity,
    },
    {
      title: 'progress',
      name: 'progress',
      value: ({ progress }) => progress ?? '',
      show: progressBar,
      tone: () => 'active',
      least: Infinity,
      dispensable: 4,
    },
    {
      title: 'files',
      name: 'file_count',
      value: ({ fileCount }) => fileCount ?? '',
      align: 'right',
      dispensable: 10,
    },
    {
      title: 'size',
      name: 'size_bytes',
      value: ({ sizeBytes }) => sizeBytes ?? '',
      show: ({ sizeBytes }, people) => (sizeBytes === null ? '' : people.bytes(sizeBytes)),
      align: 'right',
      dispensable: 9,
    },
    {
      title: 'created',
      name: 'created_at',
      value: ({ createdAt }) => iso(createdAt),
      show: ({ createdAt }, people) => timeText(people, createdAt),
      dispensable: 3,
    },
    {
      title: 'finished',
      name: 'finished_at',
      value: ({ finishedAt }) => iso(finishedAt),
      show: ({ finishedAt }, people) => timeText(people, finishedAt),
      dispensable: 6,
    },
    {
      title: 'cost',
      name: 'cost',
      value: ({ cost }) => (cost === null ? '' : roundedMoney(cost)),
      show: ({ cost }) => (cost === null ? '' : moneyText(cost)),
      align: 'right',
      dispensable: 8,
    },
  ];
  if (withResults) {
    columns.push({
      title: 'result',
      name: 'result',
      value: ({ result }) => (result === undefined ? '' : (result?.key ?? 'gone')),
      show: (job, people) => resultText(people, job),
      align: 'right',
      dispensable: 7,
    });
  }
  if (rows?.some(isWaiting) === true) {
    columns.splice(3, 0, {
      title: 'waits for',
      name: 'due_at',
      value: ({ job }) => iso(job?.dueAt ?? null),
      show: (job, people) => standingText(people, job),
      tone: ({ job }) => (job?.stalled === true ? 'bad' : undefined),
      least: Infinity,
      dispensable: 1,
    });
  }
  return [
    ...columns,
    ...(isFilled(({ failedReason }) => failedReason !== null) ? [whyColumn] : []),
    ...(rows === undefined ? STANDING_COLUMNS : []),
  ];
}

const whyColumn: Column<ListedJob> = {
  title: 'why',
  name: 'failed_reason',
  value: ({ failedReason }) => failedReason ?? '',
  show: ({ failedReason }) => shortReason(failedReason),
  tone: () => 'bad',
  least: 20,
  dispensable: 5,
};

/** The fields of a job that --fields accepts. */
export const JOB_FIELDS: FieldsOf<ReturnType<typeof jobJson>> = {
  ...fieldNames('id', 'queue', 'source', 'status', 'state', 'user_id', 'progress', 'file_count'),
  ...fieldNames('size_bytes', 'created_at', 'started_at', 'finished_at', 'failed_reason'),
  ...fieldNames('due_at', 'children_waiting', 'stalled', 'cost', 'cost_exact'),
  result: fieldNames('bucket', 'key', 'size_bytes'),
};
