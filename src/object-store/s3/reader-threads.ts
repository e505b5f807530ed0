import { Worker } from 'node:worker_threads';
import { onAbort } from './on-abort.js';
import type { FetchedAnswer, Fetcher, FetchRequest, FetcherOptions } from './object-fetcher.js';
import type { FromReader, ReaderOptions, SentBody, ToReader } from './reader-messages.js';

/** The memory for the bodies of one thread. */
const READER_RING_BYTES = 16 * 1024 * 1024;

/** Threads are started from the built program, also where the sources are run. */
const ENTRY = new URL('../../../dist/object-store/s3/reader-thread.js', import.meta.url);

/**
 * Reads objects on threads: they receive the bodies into shared memory and compute their digests, so
 * that a backup uses more than one processor. Requests are signed, repeated and judged on the main
 * thread as without them.
 */
export class ReaderThreads implements Fetcher {
  readonly #readers: Reader[];

  constructor(options: FetcherOptions, count: number, entry = ENTRY) {
    this.#readers = Array.from({ length: count }, () => new Reader(options, entry));
  }

  get(request: FetchRequest): Promise<FetchedAnswer> {
    const [first, ...others] = this.#readers;
    if (first === undefined) throw new RangeError('no reader thread');
    const idlest = others.reduce((best, one) => (one.busy < best.busy ? one : best), first);
    return idlest.get(request);
  }

  close(): void {
    for (const reader of this.#readers) reader.close();
  }
}

interface Waiting {
  resolve: (answer: FetchedAnswer) => void;
  reject: (error: Error) => void;
  stopListening: (() => void) | undefined;
}

class Reader {
  readonly #ring = new SharedArrayBuffer(READER_RING_BYTES);
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #nextId = 0;
  #unsent: ToReader = { fetch: [], abort: [], release: [] };
  #isSending = false;
  #failure: Error | undefined;

  constructor(fetcher: FetcherOptions, entry: URL) {
    const options: ReaderOptions = { fetcher, ring: this.#ring };
    this.#worker = new Worker(entry, { workerData: options });
    this.#worker.unref();
    this.#worker.on('message', (answers: FromReader[]) => {
      for (const answer of answers) this.#settle(answer);
      if (this.#waiting.size === 0) this.#worker.unref();
    });
    this.#worker.on('error', (error) => this.#fail(error));
    this.#worker.on('exit', () => this.#fail(new Error('a reader thread has ended')));
  }

  /** The number of requests that are not answered. */
  get busy(): number {
    return this.#waiting.size;
  }

  async get({ origin, path, headers, memory, signal }: FetchRequest): Promise<FetchedAnswer> {
    if (this.#failure !== undefined) throw this.#failure;
    const id = this.#nextId++;
    return await new Promise((resolve, reject) => {
      const stopListening = signal && onAbort(signal, () => this.#abort(id));
      if (this.#waiting.size === 0) this.#worker.ref();
      this.#waiting.set(id, { resolve, reject, stopListening });
      this.#unsent.fetch.push({ id, origin, path, headers, maxBytes: memory.maxBytes });
      this.#send();
    });
  }

  close(): void {
    void this.#worker.terminate();
  }

  #abort(id: number): void {
    this.#waiting.get(id)?.reject(new Error('the request was aborted'));
    this.#waiting.delete(id);
    this.#unsent.abort.push(id);
    this.#send();
  }

  #settle(answer: FromReader): void {
    const waiting = this.#waiting.get(answer.id);
    if (waiting === undefined) return;
    this.#waiting.delete(answer.id);
    waiting.stopListening?.();
    if ('failure' in answer) {
      const { name, message, code } = answer.failure;
      const error = Object.assign(new Error(message), code === undefined ? {} : { code });
      error.name = name;
      waiting.reject(error);
      return;
    }
    const { id, body, digests, ...outline } = answer;
    waiting.resolve({
      ...outline,
      body: body && this.#bytesOf(body),
      ...(digests === undefined ? {} : { digests }),
      release: () => this.#release(id),
    });
  }

  #bytesOf(body: SentBody): Buffer {
    if ('copy' in body) return Buffer.from(body.copy.buffer);
    if ('memory' in body) return Buffer.from(body.memory);
    return Buffer.from(this.#ring, body.start, body.length);
  }

  #release(id: number): void {
    this.#unsent.release.push(id);
    this.#send();
  }

  /** What is asked for in one turn of the event loop goes in one message. */
  #send(): void {
    if (this.#isSending) return;
    this.#isSending = true;
    setImmediate(() => {
      this.#isSending = false;
      const message = this.#unsent;
      this.#unsent = { fetch: [], abort: [], release: [] };
      this.#worker.postMessage(message);
    });
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    for (const { reject, stopListening } of this.#waiting.values()) {
      stopListening?.();
      reject(error);
    }
    this.#waiting.clear();
  }
}
