import type { IncomingHttpHeaders } from 'node:http';
import { Agent, ProxyAgent, type Dispatcher } from 'undici';
import { onAbort } from './on-abort.js';
import type { Digests } from '../objects.js';
import { proxyHeaders, type StoreProxy } from './store-proxy.js';
import { ANSWER_LIMITS } from '../unexpected-answer.js';

/**
 * Reads whole objects into memory. This is most of the work of a backup, so it uses undici, which
 * hands on the socket's buffers, and avoids the streams and copies of node:http. An answer is never paused:
 * undici 7 crashes where the server closes the connection meanwhile (https://github.com/nodejs/undici/issues/5360).
 */

export interface FetcherOptions {
  useTls: boolean;
  caPem: string | undefined;
  proxy: StoreProxy | undefined;
  maxSockets: number;
  idleTimeoutMs: number;
  connectTimeoutMs: number;
  maxHeaderBytes: number;
}

export interface BodyMemory {
  maxBytes: number;
  /** Allocates the block for the body; ordinary memory by default. Reader threads do not heed it. */
  allocate?: ((sizeBytes: number) => Buffer) | undefined;
  /** The caller gives the memory of the body back with `release`. */
  mayLend?: boolean | undefined;
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
  /** Those of the body, if they were computed where it was received. */
  digests?: Digests;
  /** Gives the memory of the body back. Absent where the caller allocated it. */
  release?: () => void;
}

/** Sends a GET and reads the answer into memory. */
export interface Fetcher {
  /**
   * Resolves to the answer, whatever its status. Rejects if the connection fails, and if the body
   * is shorter or longer than its Content-Length.
   */
  get(request: FetchRequest): Promise<FetchedAnswer>;
  close(): void;
}

class NotWanted extends Error {}

export class ObjectFetcher implements Fetcher {
  readonly #agent: Dispatcher;
  readonly #proxy: StoreProxy | undefined;

  constructor(options: FetcherOptions) {
    const { caPem, connectTimeoutMs, idleTimeoutMs, maxSockets, maxHeaderBytes } = options;
    const { proxy, useTls } = options;
    this.#proxy = useTls ? undefined : proxy;
    const tls = { timeout: connectTimeoutMs, ...(caPem === undefined ? {} : { ca: caPem }) };
    const pool = {
      connections: maxSockets,
      headersTimeout: idleTimeoutMs,
      bodyTimeout: idleTimeoutMs,
      maxHeaderSize: maxHeaderBytes,
    };
    this.#agent =
      proxy !== undefined && useTls
        ? new ProxyAgent({
            ...pool,
            uri: proxy.url,
            requestTls: tls,
            proxyTls: { timeout: connectTimeoutMs },
            ...(proxy.authorization === undefined ? {} : { token: proxy.authorization }),
          })
        : new Agent({
            ...pool,
            connect: this.#proxy === undefined ? tls : { timeout: connectTimeoutMs },
          });
  }

  get({ memory, signal, ...request }: FetchRequest): Promise<FetchedAnswer> {
    return new Promise((resolve, reject) => {
      const handler = new AnswerHandler({ memory, signal, resolve, reject });
      this.#agent.dispatch({ ...this.#addressed(request), method: 'GET' }, handler);
    });
  }

  /** A proxy for plain HTTP is asked for the whole URL. */
  #addressed({ origin, path, headers }: Pick<FetchRequest, 'origin' | 'path' | 'headers'>) {
    const proxy = this.#proxy;
    if (proxy === undefined) return { origin, path, headers };
    return {
      origin: proxy.url,
      // Without the usual port.
      path: new URL(origin).origin + path,
      headers: { ...headers, ...proxyHeaders(proxy) },
    };
  }

  close(): void {
    void this.#agent.destroy();
  }
}

interface HandlerParts {
  memory: BodyMemory;
  signal: AbortSignal | undefined;
  resolve: (answer: FetchedAnswer) => void;
  reject: (error: Error) => void;
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

  constructor({ memory, signal, resolve, reject }: HandlerParts) {
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
