import { signal, type ReadonlySignal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import { ApiFailure, getChanged, type Tagged } from './api.js';
import { reactionTo, waitMs } from './decisions.js';
import { endSession } from './session.js';

/** What is known of something that the server has. */
interface Known<T> {
  /** The last answer; it stays while a later request fails. */
  data: T | undefined;
  /** When the last answer came. */
  asOf: Date | undefined;
  /** Why the last request had no answer; `undefined` once one has. */
  failure: ApiFailure | undefined;
  /** When it is tried again; `undefined`: not by itself. */
  retryAt: Date | undefined;
}

/** Something that is known, or will be. */
export interface Watched<T> {
  known: { readonly value: Known<T> };
  /** Asks again now. */
  refresh: () => void;
}

export interface Resource<T> extends Watched<T> {
  known: ReadonlySignal<Known<T>>;
  /** Changes what is known, for example by an event. */
  update(change: (data: T) => T): void;
}

interface ResourceOptions {
  /** Asks again so long after each answer; `undefined`: only when told to. Not while nobody looks. */
  everyMs?: number | undefined;
}

/** Resolves to `undefined` if there is nothing newer than what `tag` stands for. */
type Load<T> = (signal: AbortSignal, tag: string | undefined) => Promise<Tagged<T> | undefined>;

class LiveResource<T> implements Resource<T> {
  readonly known = signal<Known<T>>({
    data: undefined,
    asOf: undefined,
    failure: undefined,
    retryAt: undefined,
  });
  everyMs: number | undefined;
  readonly #load: Load<T>;
  #tag: string | undefined;
  #request: AbortController | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #failures = 0;

  constructor(load: Load<T>) {
    this.#load = load;
  }

  refresh = (): void => {
    void this.#ask();
  };

  update(change: (data: T) => T): void {
    const { data } = this.known.peek();
    if (data !== undefined) this.known.value = { ...this.known.peek(), data: change(data) };
  }

  start(): () => void {
    const look = (): void => {
      if (document.visibilityState === 'visible') this.refresh();
    };
    document.addEventListener('visibilitychange', look);
    addEventListener('online', look);
    this.refresh();
    return () => {
      document.removeEventListener('visibilitychange', look);
      removeEventListener('online', look);
      clearTimeout(this.#timer);
      this.#request?.abort();
    };
  }

  async #ask(): Promise<void> {
    clearTimeout(this.#timer);
    this.#request?.abort();
    const request = new AbortController();
    this.#request = request;
    try {
      const changed = await this.#load(request.signal, this.#tag);
      if (request.signal.aborted) return;
      this.#failures = 0;
      if (changed !== undefined) this.#tag = changed.tag;
      const { data } = changed ?? this.known.peek();
      this.known.value = { data, asOf: new Date(), failure: undefined, retryAt: undefined };
      if (this.everyMs !== undefined) this.#later(this.everyMs);
    } catch (error) {
      if (request.signal.aborted) return;
      this.#failed(asFailure(error));
    }
  }

  #failed(failure: ApiFailure): void {
    this.#failures += 1;
    const reaction = reactionTo(failure.reason);
    if (reaction === 'login') endSession();
    const wait = waitMs(this.#failures, failure.retryAfterMs, Math.random());
    const retryAt = reaction === 'retry' ? new Date(Date.now() + wait) : undefined;
    this.known.value = { ...this.known.peek(), failure, retryAt };
    if (retryAt !== undefined) this.#later(wait);
  }

  #later(ms: number): void {
    this.#timer = setTimeout(() => {
      if (document.visibilityState === 'visible') this.refresh();
    }, ms);
  }
}

function asFailure(error: unknown): ApiFailure {
  if (error instanceof ApiFailure) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new ApiFailure(0, `The page failed: ${message}`);
}

/** Asks while the component is shown. Another path is another resource; `undefined` asks nothing. */
export function useResource<T>(
  path: string | undefined,
  options: ResourceOptions = {},
): Resource<T> {
  const resource = useMemo(
    () =>
      new LiveResource<T>((signal, tag) => {
        if (path === undefined) throw new ApiFailure(0, 'nothing was asked for');
        return getChanged<T>(path, tag, { signal });
      }),
    [path],
  );
  resource.everyMs = options.everyMs;
  useEffect(() => (path === undefined ? undefined : resource.start()), [resource]);
  return resource;
}
