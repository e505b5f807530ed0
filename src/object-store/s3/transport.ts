import http, { type ClientRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import https from 'node:https';
import { NOT_ASCII, encodeHeader } from './wire/header-text.js';
import { onAbort } from './on-abort.js';
import type { BodyMemory, FetchedAnswer, ObjectFetcher } from './object-fetcher.js';
import { readRefusal, refusalOf, type AnswerHead } from './refusal.js';
import { foldingMatters, Signer, type BlankFolding, type Credentials } from './sign-v4.js';
import type { S3ResponseError } from '../store-errors.js';

/** What a request and its transport pass to each other. Travels inside the request options. */
export interface Exchange {
  /** The encoded path and query. */
  path: string;
  /** The digest of the body, in hex. */
  sha256: string;
  /** The region to sign for. */
  region: string;
  signal: AbortSignal | undefined;
  /** Some headers hold text of users, which may be more than ASCII. */
  carriesText: boolean;
  /** The body where it is at hand; minio sends but one Buffer or a stream. */
  chunks?: Uint8Array[];
  /** Called when the server has seen the headers and wants the body; then `Expect` is sent. */
  onContinue: (() => void) | undefined;
  /** Set when it is sent. */
  request?: ClientRequest;
  /** Set as soon as the status line tells of an error: it outweighs whatever happens to the socket. */
  refusal?: Promise<S3ResponseError>;
  /** Set where the signature depends on how the server folds blanks. */
  foldingMatters?: boolean;
}

export interface TransportOptions extends Credentials {
  useTls: boolean;
  caPem: string | undefined;
  maxSockets: number;
  /** A connection on which nothing moves for so long is given up. */
  idleTimeoutMs: number;
  connectTimeoutMs: number;
}

export type SendOptions = RequestOptions & { exchange: Exchange; headers: Record<string, string> };

/** User metadata of some servers exceeds node's 16 KiB. */
export const MAX_HEADER_BYTES = 256 * 1024;
/** A server that does not know `Expect` just waits for the body. */
const CONTINUE_TIMEOUT_MS = 1000;

class SilenceError extends Error {
  readonly code = 'ETIMEDOUT';
}

/**
 * Signs minio's requests and sends them through node. Differs from node's own `request` in that an error
 * status becomes the request's error, with the document read and its socket free again.
 */
export class Transport {
  readonly agent: http.Agent;
  folding: BlankFolding = 'spaces';
  /** True once the server is known to send x-amz-tagging-count where there are tags. */
  countsTags = false;
  readonly #options: TransportOptions;
  readonly #signer: Signer;
  #fetcher: Promise<ObjectFetcher> | undefined;
  readonly #send: (
    options: RequestOptions,
    onResponse: (response: IncomingMessage) => void,
  ) => ClientRequest;

  constructor(options: TransportOptions) {
    this.#options = options;
    this.#signer = new Signer(options);
    const pool = {
      keepAlive: true,
      noDelay: true,
      maxSockets: options.maxSockets,
      timeout: options.idleTimeoutMs,
    };
    this.agent = options.useTls
      ? new https.Agent({ ...pool, ...(options.caPem === undefined ? {} : { ca: options.caPem }) })
      : new http.Agent(pool);
    this.#send = options.useTls ? https.request : http.request;
  }

  request(options: SendOptions, onResponse: (response: IncomingMessage) => void): ClientRequest {
    const { exchange } = options;
    this.#sign(options);
    if (exchange.onContinue !== undefined) {
      // Node writes the headers of a request that waits as UTF-8, which garbles all but ASCII.
      if (Object.values(options.headers).some((value) => NOT_ASCII.test(value)))
        exchange.onContinue();
      else options.headers.expect = '100-continue';
    }
    const request = this.#send(options, (response) => {
      if ((response.statusCode ?? 0) < 300) {
        this.#learn(response);
        onResponse(response);
        return;
      }
      exchange.refusal = readRefusal(response);
      void exchange.refusal.then((refusal) => request.emit('error', refusal));
    });
    exchange.request = request;
    if (exchange.chunks !== undefined) endWith(request, exchange.chunks);
    this.#watch(request, exchange);
    return request;
  }

  /** A GET whose body comes back in memory. Rejects with the refusal where the status is an error. */
  async fetch(
    exchange: Exchange,
    origin: string,
    memory: BodyMemory,
    given: Record<string, string> = {},
  ): Promise<FetchedAnswer> {
    const { path, region, sha256, signal } = exchange;
    const { host } = new URL(origin);
    const headers: Record<string, string> = { host, ...given };
    this.#signer.sign(
      { method: 'GET', path, headers, sha256, region, folding: this.folding },
      new Date(),
    );
    const fetcher = await (this.#fetcher ??= openFetcher(this.#options));
    const answer = await fetcher.get({ origin, path, headers, memory, signal });
    if (answer.statusCode < 300) {
      this.#learn(answer);
      return answer;
    }
    const refusal = refusalOf(answer, answer.body?.toString() ?? '');
    exchange.refusal = Promise.resolve(refusal);
    throw refusal;
  }

  /** Closes idle connections. */
  close(): void {
    this.agent.destroy();
    void this.#fetcher?.then((fetcher) => fetcher.close());
  }

  /** Makes bytes of the headers' text, and signs them. */
  #sign({ method = 'GET', headers, exchange }: SendOptions): void {
    const { path, sha256, region, carriesText } = exchange;
    if (carriesText) {
      for (const [name, text] of Object.entries(headers)) headers[name] = encodeHeader(text);
      exchange.foldingMatters = foldingMatters(headers);
    }
    this.#signer.sign({ method, path, headers, sha256, region, folding: this.folding }, new Date());
  }

  #watch(request: ClientRequest, { signal, onContinue }: Exchange): void {
    const { connectTimeoutMs, idleTimeoutMs } = this.#options;
    request.on('socket', (socket) => {
      if (!socket.connecting) return;
      socket.setTimeout(connectTimeoutMs);
      socket.once('connect', () => socket.setTimeout(idleTimeoutMs));
    });
    request.on('timeout', () => {
      const socket = request.socket;
      if (socket !== null && !socket.connecting && isWaitingForUs(request)) {
        socket.setTimeout(idleTimeoutMs);
        return;
      }
      request.destroy(new SilenceError('the server has gone silent'));
    });
    if (signal !== undefined) {
      request.once(
        'close',
        onAbort(signal, () => request.destroy()),
      );
    }
    if (onContinue !== undefined) {
      const timer = setTimeout(onContinue, CONTINUE_TIMEOUT_MS);
      request.once('continue', onContinue);
      request.once('close', () => clearTimeout(timer));
    }
  }

  /** MinIO, AWS and Ceph's gateway count tags in every answer about an object that has any. */
  #learn({ headers }: AnswerHead): void {
    this.countsTags ||=
      headers['x-amz-tagging-count'] !== undefined ||
      headers['x-rgw-object-type'] !== undefined ||
      headers.server === 'MinIO' ||
      headers.server === 'AmazonS3';
  }
}

/**
 * Makes `end()` send the chunks. They are written one by one, because node garbles a
 * Content-Disposition beyond ASCII where headers and body go out in one `end(body)`.
 */
function endWith(request: ClientRequest, chunks: Uint8Array[]): void {
  const end = request.end.bind(request);
  request.end = (() => {
    for (const chunk of chunks) request.write(chunk);
    return end();
  }) as typeof request.end;
}

/** The server is not to blame for silence while our reader, or the source of our body, is slow. */
function isWaitingForUs(request: ClientRequest): boolean {
  const response = responseOf(request);
  if (response !== undefined) return response.readableLength > 0;
  return !request.writableEnded && request.writableLength === 0;
}

function responseOf(request: ClientRequest): IncomingMessage | undefined {
  return 'res' in request ? ((request.res ?? undefined) as IncomingMessage | undefined) : undefined;
}

/** undici is a third of what a command waits for at its start, and only some read whole objects. */
async function openFetcher(options: TransportOptions): Promise<ObjectFetcher> {
  const { ObjectFetcher } = await import('./object-fetcher.js');
  return new ObjectFetcher({ ...options, maxHeaderBytes: MAX_HEADER_BYTES });
}
