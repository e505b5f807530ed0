import type { JobDocument } from '../data/documents.js';
import { Mark, Status } from '../kit/marks.js';
import { Progress } from '../kit/progress.js';
import type { Column } from '../kit/table.js';
import { Ago } from '../kit/time.js';
import { now } from '../kit/clock.js';
import { formatBytes, formatCount, moneyText } from '../text/numbers.js';
import { agoText, durationText } from '../text/times.js';
import { placeText, reasonText, resultKind, tookSeconds, waitText } from './words.js';

/** A job as its row shows it. */
export interface JobRowView {
  job: JobDocument;
  /** Its place in the queue, where that is known. */
  place: number | undefined;
  href: string;
  /** Opens the job in place of the one that is open. */
  onOpen: (event: MouseEvent) => void;
}

/** Users see their own jobs: a column with their name would say nothing. */
export function jobColumns(withUsers: boolean): readonly Column<JobRowView>[] {
  return [
    {
      id: 'status',
      title: 'Status',
      class: 'lead-cell tight',
      cell: ({ job }) => <Status status={job.status} />,
    },
    {
      id: 'job',
      title: 'Job',
      class: 'lead-cell tight',
      isRowHead: true,
      cell: ({ job, href, onOpen }) => (
        <a class="go" href={href} onClick={onOpen}>
          <span class="id">{job.id}</span>
        </a>
      ),
    },
    ...(withUsers
      ? [
          {
            id: 'user',
            title: 'User',
            class: 'tight name',
            cell: ({ job }: JobRowView) => job.user_id,
          },
        ]
      : []),
    {
      id: 'what',
      title: 'Progress, result or reason',
      class: 'wide cut',
      cell: (view) => <What {...view} />,
    },
    {
      id: 'pages',
      title: 'Pages',
      class: 'n p3 tight',
      label: 'pages',
      cell: ({ job }) => job.file_count !== null && formatCount(job.file_count),
    },
    {
      id: 'size',
      title: 'Size',
      class: 'n p3 tight',
      label: 'size',
      cell: ({ job }) => job.size_bytes !== null && formatBytes(job.size_bytes),
    },
    {
      id: 'took',
      title: 'Took',
      class: 'n p3 tight',
      label: 'took',
      cell: ({ job }) => tookText(job),
    },
    {
      id: 'created',
      title: 'Created',
      class: 'n tight',
      cell: ({ job }) => job.created_at !== null && <Ago time={job.created_at} />,
    },
    {
      id: 'cost',
      title: 'Cost',
      class: 'key tight',
      cell: ({ job }) => job.cost !== null && moneyText(job.cost),
    },
  ];
}

function tookText(job: JobDocument): string | null {
  const seconds = tookSeconds(job);
  return seconds === null ? null : durationText(seconds);
}

/** What one wants to know of a job, by its status. */
function What({ job, place }: JobRowView) {
  switch (job.status) {
    case 'pending':
      return <Waits job={job} place={place} />;
    case 'processing':
      return (
        <Progress value={job.progress} label={`Job ${job.id}`}>
          {job.stalled === true && (
            <span class="stale">
              <Mark name="warn" /> its worker is gone
            </span>
          )}
        </Progress>
      );
    case 'failed':
      return <span class="failed">{reasonText(job.failed_reason)}</span>;
    case 'completed':
      return <Result job={job} />;
    default:
      return (
        <span class="dim">{job.source === 'billing' ? 'a billing record only' : job.state}</span>
      );
  }
}

function Waits({ job, place }: Pick<JobRowView, 'job' | 'place'>) {
  const why = waitText(job, (time) => agoText(new Date(time), now.value));
  const text = why ?? (place === undefined ? 'waits for its turn' : placeText(place));
  return <span class="dim">{text}</span>;
}

function Result({ job }: { job: JobDocument }) {
  const { result, finished_at: finishedAt } = job;
  if (result === null) return <span class="dim">its result is gone</span>;
  if (result !== undefined) {
    return (
      <>
        <span class="dim">{resultKind(result.key)}</span> {formatBytes(result.size_bytes)}
      </>
    );
  }
  return finishedAt === null ? null : (
    <span class="dim">
      finished <Ago time={finishedAt} />
    </span>
  );
}
