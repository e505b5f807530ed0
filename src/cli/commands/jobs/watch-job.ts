import { type ErrorCode, MangamotionError } from '../../../errors.js';
import { findJob } from '../../../jobs/list.js';
import type { QueueEvent } from '../../../jobs/queue/events.js';
import type { JobRow } from '../../../jobs/row.js';
import type { CommandContext } from '../../argv/command.js';
import type { ChosenQueues, JobAccess } from '../../../reports/jobs/access.js';
import type { Connected } from './connected.js';
import { withConnections } from './connected.js';
import type { JobsView } from './jobs-view.js';
import { jobsView } from './jobs-view.js';
import { listed, type ListedJob } from '../../../reports/jobs/documents.js';
import { statusLabel } from './status-marks.js';

/** A job leaves the queue, and then the worker writes how it ended: so long that is waited for. */
const RECORD_GRACE_MS = 10_000;

export interface FollowRequest {
  id: string;
  queues: ChosenQueues;
  intervalMs: number;
}

/** Follows one job to its end. Resolves to `damaged` where it has not completed. */
export async function followJob(
  context: CommandContext,
  request: FollowRequest,
): Promise<ErrorCode | undefined> {
  const view = await jobsView(context, {
    queue: request.queues.queue,
    intervalMs: request.intervalMs,
  });
  const following: Following = { last: undefined, heard: undefined, goneSinceMs: undefined };
  try {
    let end: ListedJob | undefined;
    await view.untilLeft(async (signal) => {
      const here = { ...context, signal };
      end = await withConnections(here, request.queues, {
        onLost: (error) => view.lost(error),
        onRefused: (error) => view.withoutEvents(error),
        work: (connected) => followWith(here, request, { connected, view, following }),
      });
    });
    view.close();
    if (end === undefined) throw new MangamotionError('interrupted', 'left before the job ended');
    if (!view.showsChanges) await showEnd(context, end);
    return end.status === 'completed' ? undefined : 'damaged';
  } finally {
    view.close();
  }
}

/** What is known of the job, also over an outage. */
interface Following {
  last: JobRow | undefined;
  /** How the queue says that it ended. */
  heard: 'completed' | 'failed' | undefined;
  goneSinceMs: number | undefined;
}

async function followWith(
  context: CommandContext,
  { id, intervalMs }: FollowRequest,
  { connected, view, following }: { connected: Connected; view: JobsView; following: Following },
): Promise<ListedJob> {
  const { jobsContext, feed } = connected;
  for (;;) {
    const row = await readLatest(context, jobsContext, id, following);
    connected.hasRead();
    if (row !== undefined) {
      const [job] = listed([row], jobsContext);
      if (job !== undefined) await show(view, following.last, job);
      following.last = row;
      if (job !== undefined && hasEnded(row)) return job;
    }
    const waitMs = following.goneSinceMs === undefined ? intervalMs : Math.min(intervalMs, 500);
    remember(following, await feed.next(waitMs, context.signal), id);
  }
}

/** Resolves to `undefined` while it is not known how the job ended; rejects where it never will be. */
async function readLatest(
  context: CommandContext,
  { sources, queue }: JobAccess,
  id: string,
  following: Following,
): Promise<JobRow | undefined> {
  const row = await findJob(sources, id);
  if (row !== undefined && (row.state !== null || row.status !== 'unknown')) {
    following.goneSinceMs = undefined;
    return row;
  }
  const { last, heard } = following;
  if (heard !== undefined && last !== undefined) {
    return {
      ...(row ?? last),
      status: heard,
      state: null,
      progress: heard === 'completed' ? 100 : null,
    };
  }
  const nowMs = context.now().getTime();
  following.goneSinceMs ??= nowMs;
  if (last !== undefined && nowMs - following.goneSinceMs < RECORD_GRACE_MS) return undefined;
  throw new MangamotionError(
    'not_found',
    row === undefined && last === undefined
      ? `no job ${id} in queue ${queue.name}`
      : `job ${id} is not in the queue, and its outcome is not recorded`,
    { hint: `\`mangamotion jobs show ${id}\` shows what is known about it` },
  );
}

function hasEnded({ status, state }: JobRow): boolean {
  return (
    status !== 'pending' && status !== 'processing' && (state !== null || status !== 'unknown')
  );
}

function remember(following: Following, events: readonly QueueEvent[], id: string): void {
  for (const { event, jobId } of events) {
    if (jobId !== id) continue;
    if (event === 'completed' || event === 'failed') following.heard = event;
    // It was added anew, or is tried once more.
    else if (event === 'waiting' || event === 'active') following.heard = undefined;
  }
}

async function show(view: JobsView, last: JobRow | undefined, job: ListedJob): Promise<void> {
  if (!view.showsChanges) {
    view.show([job], [job]);
    return;
  }
  const isNew =
    last?.status !== job.status || last.state !== job.state || last.progress !== job.progress;
  if (isNew) await view.changed([{ kind: last === undefined ? 'initial' : 'changed', job }]);
}

async function showEnd(context: CommandContext, job: ListedJob): Promise<void> {
  await context.output.document({
    json: {},
    human: (page) => {
      page.line(`${statusLabel(job)}  ${job.id}`);
      if (job.failedReason !== null) page.line(job.failedReason, 'bad');
    },
  });
}
