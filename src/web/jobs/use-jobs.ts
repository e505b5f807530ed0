import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { ApiFailure } from '../data/api.js';
import { spreadMs } from '../data/decisions.js';
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

/** A search asks when nobody has typed for this long. */
const TYPING_MS = 200;

/** A list of jobs that is kept up to date. */
interface LiveList {
  store: JobStore;
  head: Resource<JobsDocument>;
}

export interface Jobs extends LiveList {
  figures: Watched<JobFigures>;
  /** What the search has found; `undefined`: nothing is searched for, or it was not asked for yet. */
  search: LiveList | undefined;
}

/**
 * The jobs of a status and a user, those whose ids contain the text of `search`, and the figures of all of
 * the user, kept up to date.
 */
export function useJobs(filter: Omit<JobFilter, 'id'>, search: string): Jobs {
  const all = useLiveList({ ...filter, id: undefined }, true);
  const asked = useSettled(search);
  const isAsked = search !== '' && search === asked;
  const found = useLiveList({ ...filter, id: asked }, isAsked);
  const { head, store } = all;
  const shown = useUnlessEnding(head);
  useFreshness(shown, eventState.value === 'live' ? 'live' : POLL_SECONDS);
  const figures = useFigures(store, shown, { ...filter, id: undefined });
  return { ...all, figures, search: isAsked ? found : undefined };
}

function useLiveList(filter: JobFilter, isAsked: boolean): LiveList {
  const { status, userId, id } = filter;
  const store = useMemo(() => new JobStore(filter), [status, userId, id]);
  const state = eventState.value;
  const head = useResource<JobsDocument>(isAsked ? store.headPath : undefined, {
    everyMs: (state === 'live' ? CALM_SECONDS : POLL_SECONDS) * 1000,
  });
  const { data } = head.known.value;
  useEffect(() => {
    if (data !== undefined) store.takeHead(data);
  }, [data]);
  useEffect(() => (isAsked ? followed(store, head) : undefined), [store, head]);
  useTop(store);
  return { store, head };
}

/** Keeps the list as the events tell, until the function that it returns is called. */
function followed(store: JobStore, head: Resource<JobsDocument>): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const askIn = (ms: number): void => {
    timer ??= setTimeout(() => {
      timer = undefined;
      head.refresh();
    }, ms);
  };
  const stop = listenToEvents((name, event) => {
    if (name === 'job') {
      if (store.takeJob(event as JobDocument)) askIn(SETTLE_MS);
    } else if (name === 'removed') {
      store.remove((event as { id: string }).id);
      askIn(SETTLE_MS);
    } else if (name === 'opened') {
      head.refresh();
    } else {
      // Opened again, lost, reset, or Redis is away or back: what is shown may be wrong, on all pages.
      askIn(spreadMs(Math.random()));
    }
  });
  return () => {
    stop();
    clearTimeout(timer);
    store.stop();
  };
}

/** Returns the text once nobody has typed for a moment. The first one is asked for at once. */
function useSettled(text: string): string {
  const [settled, setSettled] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(text), TYPING_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return settled;
}

const ENDING = new ApiFailure('ending', 'The server is shutting down');

/** What is known is old as soon as the server has said that it ends. */
function useUnlessEnding(head: Resource<JobsDocument>): Watched<JobsDocument> {
  const isEnding = eventState.value === 'ending';
  const known = head.known.value;
  return useMemo(() => {
    const failure = known.failure ?? (isEnding ? ENDING : undefined);
    return { known: { value: { ...known, failure } }, refresh: head.refresh };
  }, [head, known, isEnding]);
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
  head: Watched<JobsDocument>,
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
