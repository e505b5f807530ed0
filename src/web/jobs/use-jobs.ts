import { useEffect, useMemo, useRef } from 'preact/hooks';
import type { JobDocument, JobsDocument } from '../data/documents.js';
import { eventState, listenToEvents } from '../data/events.js';
import { useResource, type Resource, type Watched } from '../data/resource.js';
import { useFreshness } from '../kit/freshness.js';
import { addressText } from '../routing/addresses.js';
import type { Counts, JobFilter, JobList } from './job-list.js';
import { JobStore } from './job-store.js';
import type { JobFigures } from './sentence.js';
import { waitsLongest } from './words.js';

/** Without events, the page asks so often. */
const POLL_SECONDS = 5;
/** With them, now and then: nothing tells that a worker has come or gone. */
const CALM_SECONDS = 30;
/** After events that leave something open, the server is asked once in this time. */
const SETTLE_MS = 3000;
/** So far from its top, a list is still at its top. */
const TOP_PX = 120;

export interface Jobs {
  store: JobStore;
  head: Resource<JobsDocument>;
  figures: Watched<JobFigures>;
}

/** The jobs that the filter selects, and the figures of all of them, kept up to date. */
export function useJobs(filter: JobFilter): Jobs {
  const store = useMemo(() => new JobStore(filter), [filter.status, filter.userId]);
  const isLive = eventState.value === 'live';
  const head = useResource<JobsDocument>(store.headPath, {
    everyMs: (isLive ? CALM_SECONDS : POLL_SECONDS) * 1000,
  });
  useFreshness(head, isLive ? 'live' : POLL_SECONDS);
  useEffect(() => {
    if (eventState.value === 'away') head.refresh();
  }, [isLive]);
  useEvents(store, head);
  useTop(store);
  return { store, head, figures: useFigures(store, head, filter) };
}

function useEvents(store: JobStore, head: Resource<JobsDocument>): void {
  const { data } = head.known.value;
  useEffect(() => {
    if (data !== undefined) store.takeHead(data);
  }, [data]);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const settle = (): void => {
      timer ??= setTimeout(() => {
        timer = undefined;
        head.refresh();
      }, SETTLE_MS);
    };
    const stop = listenToEvents((name, event) => {
      if (name === 'job') {
        if (store.takeJob(event as JobDocument)) settle();
      } else if (name === 'removed') {
        store.remove((event as { id: string }).id);
        settle();
      } else {
        // Opened again, reset, or Redis is away or back: what is shown may be wrong.
        head.refresh();
      }
    });
    return () => {
      stop();
      clearTimeout(timer);
      store.stop();
    };
  }, [store]);
}

/** New jobs push no row that somebody reads: they wait until the list is at its top. */
function useTop(store: JobStore): void {
  useEffect(() => {
    const look = (): void => {
      store.isAtTop = scrollY < TOP_PX;
      if (store.isAtTop) store.release();
    };
    look();
    addEventListener('scroll', look, { passive: true });
    return () => removeEventListener('scroll', look);
  }, [store]);
}

/** The figures of the sentence. They stay while another status is read. */
function useFigures(
  store: JobStore,
  head: Resource<JobsDocument>,
  filter: JobFilter,
): Watched<JobFigures> {
  const { userId } = filter;
  const last = useRef<{ userId: string | undefined; document: JobsDocument } | undefined>(
    undefined,
  );
  const { data } = head.known.value;
  if (data !== undefined) last.current = { userId, document: data };
  const known = last.current?.userId === userId ? last.current?.document : undefined;
  const counts: Counts | undefined = store.counts.value ?? known?.counts;
  const pending = counts?.pending ?? 0;
  const oldest = useOldestWaiting(store.list.value, pending, filter);
  const { failure, asOf, retryAt } = head.known.value;
  const figures: JobFigures | undefined = known &&
    counts && {
      ...{ pending, processing: counts.processing ?? 0, all: counts.all ?? 0, counts },
      workers: known.workers,
      isDead: known.worker_connected === false || (known.workers === 0 && pending > 0),
      oldestWaiting: oldest,
    };
  return { known: { value: { data: figures, failure, asOf, retryAt } }, refresh: head.refresh };
}

/** When the job was created that has waited longest: the last one of those that wait. */
function useOldestWaiting(
  list: JobList | undefined,
  pending: number,
  { userId }: JobFilter,
): string | undefined {
  const inList = list && waitsLongest(list.rows, pending);
  const isAsked = pending > 0 && list !== undefined && inList === undefined;
  const path = addressText('/api/jobs', {
    user_id: userId,
    status: 'pending',
    limit: '1',
    offset: String(pending - 1),
  });
  const { data } = useResource<JobsDocument>(isAsked ? path : undefined).known.value;
  return pending === 0 ? undefined : (inList ?? data?.jobs[0]?.created_at ?? undefined);
}
