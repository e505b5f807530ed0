import type { QueueJob } from '../../../jobs/job.js';
import type { JobRow } from '../../../jobs/row.js';
import type { Tone } from '../../output/paint.js';

/** The mark and the colour of each status of a job: every list and page takes them from here. */
const MARKS: Readonly<Record<string, { mark: string; tone: Tone }>> = {
  completed: { mark: '✓', tone: 'good' },
  processing: { mark: '⟳', tone: 'active' },
  failed: { mark: '✕', tone: 'bad' },
  pending: { mark: '⧖', tone: 'waiting' },
  skipped: { mark: '–', tone: 'muted' },
};
const UNKNOWN = { mark: '?', tone: 'muted' } as const;

function markOf(status: string): { mark: string; tone: Tone } {
  return (Object.hasOwn(MARKS, status) ? MARKS[status] : undefined) ?? UNKNOWN;
}

export function statusTone(status: string): Tone {
  return markOf(status).tone;
}

/** States of the queue that add nothing to the status. */
const PLAIN_STATES = new Set<string>(['waiting', 'active', 'completed', 'failed']);

/** `✓ completed`; with the state of the queue where that says more, or `stalled?`. */
export function statusLabel({
  status,
  state,
  job,
}: Pick<JobRow, 'status' | 'state'> & { job?: Pick<QueueJob, 'stalled'> | undefined }): string {
  const word = job?.stalled === true ? 'stalled?' : state;
  const detail = word === null || PLAIN_STATES.has(word) ? '' : ` (${word})`;
  return `${markOf(status).mark} ${status}${detail}`;
}
