import { signal } from '@preact/signals';
import { waitMs } from './decisions.js';
import { checkSession } from './session.js';

/**
 * `live`: changes are told. `connecting`, `away`: they are not, so the page asks. `ending`: the server has
 * said that it ends, and nobody has found it since.
 */
export type EventState = 'connecting' | 'live' | 'away' | 'ending';

type Listener = (name: string, data: unknown) => void;

/** The server tells that it is there every 15 s. */
const LONGEST_SILENCE_MS = 40_000;
const LONGEST_START_MS = 5000;
const NAMES = ['job', 'removed', 'redis', 'reset', 'shutdown', 'ping'] as const;

export const eventState = signal<EventState>('connecting');

const listeners = new Set<Listener>();
let source: EventSource | undefined;
let timer: ReturnType<typeof setTimeout> | undefined;
/** Streams in a row that ended before they were open. */
let failures = 0;

/**
 * Calls back for each event until the function that it returns is called; `opened`: it listens, `lost`: it
 * does not, `reopened`: it listens again. There is one stream for this tab, however many parts of the page listen: a browser
 * keeps only six connections. The browser connects again by itself and tells where it was; if it has given
 * up, or hears nothing, a new stream is opened.
 */
export function listenToEvents(listener: Listener): () => void {
  listeners.add(listener);
  if (source === undefined) open();
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) close();
  };
}

function open(): void {
  const before = eventState.peek();
  close();
  // Until it is open, a stream that was lost stays lost.
  if (before !== 'live') eventState.value = before;
  const stream = new EventSource('/api/jobs/events');
  source = stream;
  // Nothing is known until it is open; after a while, that is no longer just a start.
  timer = setTimeout(lose, LONGEST_START_MS);
  stream.onopen = () => {
    const isFirst = eventState.peek() === 'connecting';
    failures = 0;
    eventState.value = 'live';
    expectMore();
    tell(isFirst ? 'opened' : 'reopened', undefined);
  };
  stream.onerror = () => {
    lose();
    clearTimeout(timer);
    // Otherwise the browser connects again by itself.
    if (stream.readyState !== EventSource.CLOSED) return;
    openLater();
    // It is refused for anything, also to somebody whose login has expired, and does not say why.
    checkSession();
  };
  for (const name of NAMES) {
    stream.addEventListener(name, ({ data }: MessageEvent<string>) => {
      expectMore();
      if (name === 'shutdown') leave(stream);
      else if (name !== 'ping') tell(name, parsed(data));
    });
  }
}

function lose(): void {
  const wasKnown = eventState.peek() === 'away';
  eventState.value = 'away';
  if (!wasKnown) tell('lost', undefined);
}

/** The server ends: all its pages come back, but not at once. */
function leave(stream: EventSource): void {
  stream.close();
  eventState.value = 'ending';
  openLater();
}

function close(): void {
  clearTimeout(timer);
  source?.close();
  source = undefined;
  eventState.value = 'connecting';
}

function expectMore(): void {
  clearTimeout(timer);
  timer = setTimeout(() => {
    lose();
    open();
  }, LONGEST_SILENCE_MS);
}

function openLater(): void {
  clearTimeout(timer);
  failures += 1;
  timer = setTimeout(open, waitMs(failures, undefined, Math.random()));
}

function tell(name: string, data: unknown): void {
  for (const listener of listeners) listener(name, data);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
