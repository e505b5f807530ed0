// minio's client only sends the requests: its own methods drop unknown parts of bucket documents,
// refuse bucket names that S3 once allowed, and read answers of any size into memory.
import { Client } from 'minio';
import type http from 'node:http';
import type { IncomingMessage } from 'node:http';
import { pipeline, type Readable } from 'node:stream';
import { MangamotionError } from '../../errors.js';
import { encodePath, percentEncode } from './wire/percent-encoding.js';
import type { StoreHints } from '../hint-kinds.js';
import { throttle, type TokenBucket } from '../rate-limit.js';
import type { BodyMemory, FetchedAnswer } from './object-fetcher.js';
import type { RequestLine } from '../operations.js';
import { codeOf, type S3ResponseError } from '../store-errors.js';
import { verdictOf } from '../verdicts.js';
import type { Exchange } from './exchange.js';
import { MAX_HEADER_BYTES, Transport, type TransportOptions } from './transport.js';

const EMPTY_SHA256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
const DEFAULT_REGION = 'us-east-1';

export interface S3Request extends RequestLine {
  headers?: Record<string, string> | undefined;
  signal?: AbortSignal | undefined;
  urgent?: boolean | undefined;
  body?: RequestBody | undefined;
  /** Never repeat the request: if the connection breaks, the caller has to know. */
  onlyOnce?: boolean | undefined;
}

/** Requests the checksums that S3 stores with an object. */
export const CHECKSUM_MODE = { 'x-amz-checksum-mode': 'ENABLED' };

export interface RequestBody {
  sha256: string;
  sizeBytes: number;
  /** Opens the body for one attempt: chunks in memory, or a stream. */
  open: () => Uint8Array[] | Readable;
  /** Called when the server is ready for the body. If present, `Expect: 100-continue` is sent. */
  onContinue?: (() => void) | undefined;
}

export interface S3ClientOptions extends TransportOptions {
  endpoint: string;
  port: number;
  region: string | undefined;
  hints: StoreHints;
}

type MinioRequest = Parameters<Client['makeRequestStreamAsync']>[0];

/**
 * minio's client, with our own request options. It gets no credentials, so it leaves signing to the
 * transport, which signs the bytes that are really sent.
 */
class RawClient extends Client {
  protected override getRequestOptions(
    options: MinioRequest & { region: string; exchange?: Exchange },
  ) {
    const { exchange } = options;
    if (exchange === undefined) throw new TypeError('a request without an exchange');
    const { path } = exchange;
    return { ...super.getRequestOptions(options), path, exchange, maxHeaderSize: MAX_HEADER_BYTES };
  }
}

export class S3Client {
  readonly #client: RawClient;
  readonly #transport: Transport;
  readonly #origin: string;
  readonly #region: string;
  readonly #up: TokenBucket | undefined;
  /** False once the server has refused a request with this header and accepted it without. */
  #takesChecksumMode = true;
  /** The region that the server demanded for a bucket, by bucket name. */
  readonly #regions = new Map<string, string>();

  constructor(options: S3ClientOptions) {
    this.#region = options.region ?? DEFAULT_REGION;
    this.#up = options.limits?.up;
    this.#transport = new Transport(options);
    const host = options.endpoint.includes(':') ? `[${options.endpoint}]` : options.endpoint;
    this.#origin = `${options.useTls ? 'https' : 'http'}://${host}:${options.port}`;
    const transport = this.#transport;
    try {
      this.#client = new RawClient({
        endPoint: options.endpoint,
        port: options.port,
        useSSL: options.useTls,
        region: this.#region,
        pathStyle: true,
        retryOptions: { disableRetry: true },
        transportAgent: transport.agent,
        transport: { request: transport.request.bind(transport) as typeof http.request },
      });
    } catch (error) {
      throw new MangamotionError(
        'configuration',
        `${options.endpoint} is not a valid address of an S3 server`,
        {
          hint: options.hints.invalidAddress,
          cause: error,
        },
      );
    }
  }

  get countsTags(): boolean {
    return this.#transport.countsTags;
  }

  get clockAheadMs(): number | undefined {
    return this.#transport.clockAheadMs;
  }

  /** Resolves to the response if its status is 2xx. */
  send(request: S3Request): Promise<IncomingMessage> {
    return this.#withSecondChance(request, (exchange, sent) => this.#attempt(sent, exchange));
  }

  /** Sends a GET and reads the body into memory if it has at most `maxBytes`. */
  fetch(request: S3Request, limits: BodyMemory): Promise<FetchedAnswer> {
    return this.#withSecondChance(request, (exchange, { headers }) =>
      this.#transport.fetch(exchange, this.#origin, limits, headers),
    );
  }

  async #withSecondChance<T>(
    request: S3Request,
    attempt: (exchange: Exchange, request: S3Request) => Promise<T>,
  ): Promise<T> {
    let sent = this.#takesChecksumMode ? request : withoutChecksumMode(request);
    for (let secondChance = true; ; secondChance = false) {
      const region = this.#regions.get(request.bucket ?? '') ?? this.#region;
      const exchange = exchangeOf(request, region);
      request.signal?.throwIfAborted();
      try {
        const answer = await attempt(exchange, sent);
        if (!secondChance && sent !== request) this.#takesChecksumMode = false;
        return answer;
      } catch (error) {
        request.signal?.throwIfAborted();
        const refusal = await exchange.refusal;
        const worthwhile =
          refusal === undefined
            ? request.onlyOnce !== true && isStaleConnection(error, exchange)
            : this.#hasLearnt(refusal, request, exchange, region);
        if (!secondChance) throw refusal ?? error;
        if (worthwhile) continue;
        const without = withoutChecksumMode(sent);
        if (without === sent || !isRefused(refusal)) throw refusal ?? error;
        sent = without;
      }
    }
  }

  /** Learns from a refusal how to sign. Returns true if a second attempt is worthwhile. */
  #hasLearnt(
    refusal: S3ResponseError,
    { bucket = '' }: S3Request,
    exchange: Exchange,
    region: string,
  ): boolean {
    if (refusal.region !== undefined && refusal.region !== region) {
      this.#regions.set(bucket, refusal.region);
      return true;
    }
    if (refusal.code === 'SignatureDoesNotMatch' && exchange.foldingMatters === true) {
      this.#transport.folding = this.#transport.folding === 'spaces' ? 'unicode' : 'spaces';
      return true;
    }
    return false;
  }

  #attempt(request: S3Request, exchange: Exchange): Promise<IncomingMessage> {
    const { method, headers = {}, body } = request;
    const sized = body === undefined ? {} : { 'content-length': String(body.sizeBytes) };
    const options = { method, headers: { ...headers, ...sized }, pathStyle: true, exchange };
    const opened = exchange.isUrgent ? body?.open() : this.#limited(body?.open());
    if (Array.isArray(opened)) exchange.chunks = opened;
    return this.#client.makeRequestStreamAsync(
      options,
      opened === undefined || Array.isArray(opened) ? '' : opened,
      '',
      [200, 204, 206],
      exchange.region,
    );
  }

  #limited(body: Uint8Array[] | Readable | undefined): Uint8Array[] | Readable | undefined {
    if (body === undefined || Array.isArray(body) || this.#up === undefined) return body;
    return pipeline(body, throttle(this.#up), () => undefined);
  }

  close(): void {
    this.#transport.close();
  }
}

/** Whether the server rejects the request itself, perhaps because of an unknown header. */
function isRefused(refusal: S3ResponseError | undefined): boolean {
  if (refusal === undefined || ![400, 501].includes(refusal.statusCode)) return false;
  return verdictOf(refusal).code === 'refused';
}

function withoutChecksumMode(request: S3Request): S3Request {
  if (request.headers?.['x-amz-checksum-mode'] === undefined) return request;
  const headers = { ...request.headers };
  delete headers['x-amz-checksum-mode'];
  return { ...request, headers };
}

/** Whether the server closed an idle connection just as it was reused, which is not a failure. */
function isStaleConnection(error: unknown, { request }: Exchange): boolean {
  return request?.reusedSocket === true && ['ECONNRESET', 'EPIPE'].includes(codeOf(error));
}

function exchangeOf(request: S3Request, region: string): Exchange {
  const { method, bucket, key, query, signal, body, urgent = false } = request;
  const place =
    bucket === undefined
      ? '/'
      : `/${percentEncode(bucket)}${key === undefined ? '' : `/${encodePath(key)}`}`;
  return {
    path: query === undefined ? place : `${place}?${query}`,
    sha256: body?.sha256 ?? EMPTY_SHA256,
    region,
    signal,
    isUrgent: urgent,
    carriesText: method === 'PUT' || method === 'POST',
    onContinue: body?.onContinue,
  };
}
