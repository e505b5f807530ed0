import http, { type ClientRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import https from 'node:https';
import { parseErrorDocument } from './bucket-xml.js';
import { encodeHeader, holdsEscapedBytes, NOT_ASCII } from './header-text.js';
import { foldingMatters, signAgain, type BlankFolding } from './sign-headers.js';
import { S3ResponseError } from './store-errors.js';

/** What one request tells its transport, and is told by it. Travels inside the request options. */
export interface Exchange {
  /** The encoded path and query. */
  path: string;
  signal: AbortSignal | undefined;
  /** Called when the server has seen the headers and wants the body; then `Expect` is sent. */
  onContinue: (() => void) | undefined;
  /** Set as soon as the status line tells of an error: it outweighs whatever happens to the socket. */
  refusal?: Promise<S3ResponseError>;
  /** Set where the signature depends on how the server folds blanks. */
  foldingMatters?: boolean;
}

export interface TransportOptions {
  useTls: boolean;
  caPem: string | undefined;
  maxSockets: number;
  secretKey: string;
  /** A connection on which nothing moves for so long is given up. */
  idleTimeoutMs: number;
  connectTimeoutMs: number;
}

export type SendOptions = RequestOptions & { exchange: Exchange; headers: Record<string, string> };

/** An error's text is small; more than this is some other document, and not worth reading. */
const MAX_ERROR_BYTES = 64 * 1024;
/** User metadata of some servers exceeds node's 16 KiB. */
const MAX_HEADER_BYTES = 256 * 1024;
/** A server that does not know `Expect` just waits for the body. */
const CONTINUE_TIMEOUT_MS = 1000;

class SilenceError extends Error {
  readonly code = 'ETIMEDOUT';
}

/**
 * Sends minio's signed requests through node. Differs from node's own `request` in that an error
 * status becomes the request's error, with the document read and its socket free again.
 */
export class Transport {
  readonly agent: http.Agent;
  folding: BlankFolding = 'spaces';
  /** True once the server is known to send x-amz-tagging-count where there are tags. */
  countsTags = false;
  readonly #options: TransportOptions;
  readonly #send: (
    options: RequestOptions,
    onResponse: (response: IncomingMessage) => void,
  ) => ClientRequest;

  constructor(options: TransportOptions) {
    this.#options = options;
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
    const prepared = this.#prepared(options);
    const request = this.#send(prepared, (response) => {
      if ((response.statusCode ?? 0) < 300) {
        this.#learn(response);
        onResponse(response);
        return;
      }
      exchange.refusal = readRefusal(response);
      void exchange.refusal.then((refusal) => request.emit('error', refusal));
    });
    const disposition = prepared.headers['content-disposition'];
    if (disposition !== undefined && NOT_ASCII.test(disposition)) writeBeforeEnd(request);
    this.#watch(request, exchange);
    return request;
  }

  #prepared(options: SendOptions): SendOptions {
    const { exchange } = options;
    const headers: Record<string, string> = {};
    let escaped = false;
    for (const [name, value] of Object.entries(options.headers)) {
      escaped ||= holdsEscapedBytes(value);
      headers[name] = encodeHeader(value);
    }
    exchange.foldingMatters = foldingMatters(headers);
    if (escaped || exchange.foldingMatters) {
      const signed = { method: options.method ?? 'GET', path: exchange.path, headers };
      headers.authorization = signAgain(signed, this.#options.secretKey, this.folding);
    }
    if (exchange.onContinue !== undefined) {
      // Node writes the headers of a request that waits as UTF-8, which garbles all but ASCII.
      if (Object.values(headers).some((value) => NOT_ASCII.test(value))) exchange.onContinue();
      else headers.expect = '100-continue';
    }
    return { ...options, headers, maxHeaderSize: MAX_HEADER_BYTES };
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
      const onAbort = (): void => void request.destroy();
      signal.addEventListener('abort', onAbort, { once: true });
      request.once('close', () => signal.removeEventListener('abort', onAbort));
    }
    if (onContinue !== undefined) {
      const timer = setTimeout(onContinue, CONTINUE_TIMEOUT_MS);
      request.once('continue', onContinue);
      request.once('close', () => clearTimeout(timer));
    }
  }

  /** MinIO, AWS and Ceph's gateway count tags in every answer about an object that has any. */
  #learn({ headers }: IncomingMessage): void {
    this.countsTags ||=
      headers['x-amz-tagging-count'] !== undefined ||
      headers['x-rgw-object-type'] !== undefined ||
      headers.server === 'MinIO' ||
      headers.server === 'AmazonS3';
  }
}

/** Node garbles a Content-Disposition beyond ASCII where headers and body go out in one `end`. */
function writeBeforeEnd(request: ClientRequest): void {
  const end = request.end.bind(request);
  request.end = ((body?: unknown) => {
    if (body instanceof Uint8Array && body.length > 0) request.write(body);
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

async function readRefusal(response: IncomingMessage): Promise<S3ResponseError> {
  const status = response.statusCode ?? 0;
  const text = await readStart(response);
  const region = headerText(response, 'x-amz-bucket-region');
  const document = parseErrorDocument(text);
  if (document !== null) {
    return new S3ResponseError(document.code, status, document.message, document.region ?? region);
  }
  const code = headerText(response, 'x-minio-error-code') ?? codeOfStatus(status);
  const type = headerText(response, 'content-type');
  const message =
    headerText(response, 'x-minio-error-desc')?.replace(/^"|"$/g, '') ??
    (text === ''
      ? (response.statusMessage ?? '')
      : `no S3 error document, but ${type ?? 'a text'}`);
  return new S3ResponseError(code, status, message, region);
}

/** Reads a body as far as an error document goes; what breaks off there is no further error. */
async function readStart(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      sizeBytes += chunk.length;
      if (sizeBytes > MAX_ERROR_BYTES) break;
    }
  } catch {
    // The status alone tells enough.
  }
  return Buffer.concat(chunks).toString();
}

function headerText(response: IncomingMessage, name: string): string | undefined {
  const value = response.headers[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function codeOfStatus(status: number): string {
  const codes: Record<number, string> = {
    301: 'PermanentRedirect',
    307: 'TemporaryRedirect',
    403: 'AccessDenied',
    404: 'NotFound',
    412: 'PreconditionFailed',
    416: 'InvalidRange',
    501: 'NotImplemented',
    503: 'ServiceUnavailable',
  };
  return codes[status] ?? http.STATUS_CODES[status]?.replaceAll(/[^A-Za-z]/g, '') ?? 'Unknown';
}
