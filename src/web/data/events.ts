import { signal } from '@preact/signals';

/** `live`: changes are told. `connecting`, `away`: they are not, so the page asks. */
export type EventState = 'connecting' | 'live' | 'away';

type Listener = (name: string, data: unknown) => void;

/** The server tells that it is there every 15 s. */
const LONGEST_SILENCE_MS = 40_000;
const LONGEST_START_MS = 5000;
const CONNECT_AGAIN_MS = 30_000;
const NAMES = ['job', 'removed', 'redis', 'reset', 'ping'] as const;

export const eventState = signal<EventState>('connecting');

const listeners = new Set<Listener>();
let source: EventSource | undefined;
let timer: ReturnType<typeof setTimeout> | undefined;

/**
 * Calls back for each event until the function that it returns is called; `opened`: it listens (again).
 * There is one stream for this tab, however many parts of the page listen: a browser keeps only six
 * connections. The browser connects again by itself and tells where it was; if it has given up, or
 * hears nothing, a new stream is opened.
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
  if (before === 'away') eventState.value = before;
  const stream = new EventSource('/api/jobs/events');
  source = stream;
  // Nothing is known until it is open; after a while, that is no longer just a start.
  timer = setTimeout(() => (eventState.value = 'away'), LONGEST_START_MS);
  stream.onopen = () => {
    eventState.value = 'live';
    expectMore();
    tell('opened', undefined);
  };
  stream.onerror = () => {
    eventState.value = 'away';
    clearTimeout(timer);
    // Else the browser connects again by itself.
    if (stream.readyState === EventSource.CLOSED) openIn(CONNECT_AGAIN_MS);
  };
  for (const name of NAMES) {
    stream.addEventListener(name, ({ data }: MessageEvent<string>) => {
      expectMore();
      if (name !== 'ping') tell(name, parsed(data));
    });
  }
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
    eventState.value = 'away';
    open();
  }, LONGEST_SILENCE_MS);
}

function openIn(ms: number): void {
  clearTimeout(timer);
  timer = setTimeout(open, ms);
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
