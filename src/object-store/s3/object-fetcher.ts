import type { IncomingHttpHeaders } from 'node:http';
import { Agent, type Dispatcher } from 'undici';
import { onAbort } from './on-abort.js';
import { ANSWER_LIMITS } from '../unexpected-answer.js';

/**
 * Reads whole objects into memory. This is most of the work of a backup, so it uses undici, which
 * hands on the socket's buffers, and avoids the streams and copies of node:http.
 */

export interface FetcherOptions {
  caPem: string | undefined;
  maxSockets: number;
  idleTimeoutMs: number;
  connectTimeoutMs: number;
  maxHeaderBytes: number;
}

export interface BodyMemory {
  maxBytes: number;
  /** Allocates the block for the body; ordinary memory by default. */
  allocate?: ((sizeBytes: number) => Buffer) | undefined;
}

export interface FetchRequest {
  /** `https://host:port`. */
  origin: string;
  /** Path and query, percent-encoded. */
  path: string;
  /** One character a byte. */
  headers: Record<string, string>;
  memory: BodyMemory;
  signal: AbortSignal | undefined;
}

export interface FetchedAnswer {
  statusCode: number;
  statusMessage: string;
  /** One character a byte. */
  headers: IncomingHttpHeaders;
  /** `undefined` if the body is larger than `maxBytes`. */
  body: Buffer | undefined;
}

class NotWanted extends Error {}

export class ObjectFetcher {
  readonly #agent: Agent;

  constructor(options: FetcherOptions) {
    const { caPem, connectTimeoutMs, idleTimeoutMs, maxSockets, maxHeaderBytes } = options;
    this.#agent = new Agent({
      connections: maxSockets,
      connect: { timeout: connectTimeoutMs, ...(caPem === undefined ? {} : { ca: caPem }) },
      headersTimeout: idleTimeoutMs,
      bodyTimeout: idleTimeoutMs,
      maxHeaderSize: maxHeaderBytes,
    });
  }

  /**
   * Resolves to the answer, whatever its status. Rejects if the connection fails, and if the body
   * is shorter or longer than its Content-Length.
   */
  get({ memory, signal, ...request }: FetchRequest): Promise<FetchedAnswer> {
    return new Promise((resolve, reject) => {
      const handler = new AnswerHandler(memory, signal, resolve, reject);
      this.#agent.dispatch({ ...request, method: 'GET' }, handler);
    });
  }

  close(): void {
    void this.#agent.destroy();
  }
}

class AnswerHandler implements Dispatcher.DispatchHandler {
  readonly #memory: BodyMemory;
  readonly #signal: AbortSignal | undefined;
  readonly #resolve: (answer: FetchedAnswer) => void;
  readonly #reject: (error: Error) => void;
  #answer: FetchedAnswer | undefined;
  /** One block of Content-Length bytes. Copying into it frees the socket's buffers at once. */
  #block: Buffer | undefined;
  /** The chunks of a body without a Content-Length. */
  #chunks: Buffer[] = [];
  #received = 0;
  #maxBytes = 0;
  #stopListening: (() => void) | undefined;

  constructor(
    memory: BodyMemory,
    signal: AbortSignal | undefined,
    resolve: (answer: FetchedAnswer) => void,
    reject: (error: Error) => void,
  ) {
    this.#memory = memory;
    this.#signal = signal;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    if (this.#signal === undefined) return;
    // Undici calls this again if it repeats the request on another connection.
    this.#stopListening?.();
    this.#stopListening = onAbort(this.#signal, () => controller.abort(new NotWanted()));
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    statusCode: number,
    headers: IncomingHttpHeaders,
    statusMessage = '',
  ): void {
    if (statusCode < 200) return;
    this.#answer = { statusCode, statusMessage, headers, body: undefined };
    const length = Number(headers['content-length']);
    const { maxBytes, allocate = (size: number) => Buffer.allocUnsafe(size) } = this.#memory;
    // An error document is read even if it exceeds the caller's limit.
    this.#maxBytes = statusCode < 300 ? maxBytes : ANSWER_LIMITS.errorBytes;
    if (length > this.#maxBytes) controller.abort(new NotWanted());
    else if (length >= 0 && statusCode < 300) this.#block = allocate(length);
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    const begin = this.#received;
    this.#received += chunk.length;
    if (this.#received > (this.#block?.length ?? this.#maxBytes)) {
      controller.abort(new NotWanted());
    } else if (this.#block === undefined) {
      this.#chunks.push(Buffer.from(chunk));
    } else {
      chunk.copy(this.#block, begin);
    }
  }

  onResponseEnd(): void {
    this.#stopListening?.();
    if (this.#answer === undefined) this.#reject(new Error('an answer without a status'));
    else this.#resolve({ ...this.#answer, body: this.#block ?? Buffer.concat(this.#chunks) });
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#stopListening?.();
    const answer = this.#signal?.aborted === true ? undefined : this.#answer;
    if (error instanceof NotWanted && answer !== undefined) this.#resolve(answer);
    else this.#reject(error);
  }
}
