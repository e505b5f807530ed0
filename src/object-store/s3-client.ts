import { Client } from 'minio';
import type http from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { MangamotionError } from '../errors.js';
import { percentEncode } from './header-text.js';
import type { S3ResponseError } from './store-errors.js';
import { Transport, type Exchange, type TransportOptions } from './transport.js';

/** Of the empty body. */
const EMPTY_SHA256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
const DEFAULT_REGION = 'us-east-1';

export interface S3Request {
  method: 'GET' | 'HEAD' | 'PUT' | 'DELETE';
  bucket?: string | undefined;
  key?: string | undefined;
  /** Encoded, without the question mark. */
  query?: string | undefined;
  /** Names in lower case, values as text. */
  headers?: Record<string, string> | undefined;
  signal?: AbortSignal | undefined;
  body?: RequestBody | undefined;
}

export interface RequestBody {
  sha256: string;
  sizeBytes: number;
  /** Opens the body for one sending of it. */
  open: () => Buffer | Readable;
  /** Called when the server wants the body; the request then asks first. */
  onContinue?: (() => void) | undefined;
}

export interface S3ClientOptions extends TransportOptions {
  endpoint: string;
  port: number;
  accessKey: string;
  region: string | undefined;
}

type MinioRequest = Parameters<Client['makeRequestStreamAsync']>[0];

/**
 * minio's client with the requests under our control: it makes the URL's host, the headers and the
 * signature; path, transport and the reading of errors are ours.
 */
class SigningClient extends Client {
  protected override getRequestOptions(
    options: MinioRequest & { region: string; exchange?: Exchange },
  ) {
    const { exchange } = options;
    if (exchange === undefined) throw new TypeError('a request without an exchange');
    return { ...super.getRequestOptions(options), path: exchange.path, exchange };
  }
}

export class S3Client {
  readonly #client: SigningClient;
  readonly #transport: Transport;
  readonly #region: string;
  /** Of buckets that the server told us to sign for elsewhere. */
  readonly #regions = new Map<string, string>();

  constructor(options: S3ClientOptions) {
    this.#region = options.region ?? DEFAULT_REGION;
    this.#transport = new Transport(options);
    const transport = this.#transport;
    try {
      this.#client = new SigningClient({
        endPoint: options.endpoint,
        port: options.port,
        useSSL: options.useTls,
        accessKey: options.accessKey,
        secretKey: options.secretKey,
        region: this.#region,
        pathStyle: true,
        retryOptions: { disableRetry: true },
        transportAgent: transport.agent,
        transport: { request: transport.request.bind(transport) as typeof http.request },
      });
    } catch (error) {
      throw new MangamotionError(
        'configuration',
        `no address of an S3 server: ${options.endpoint}`,
        {
          hint: 'Set MINIO_ENDPOINT to a host, host:port or URL.',
          cause: error,
        },
      );
    }
    // minio leaves the digest out over TLS; the server may check it there just as well.
    this.#client.enableSHA256 = true;
  }

  /** See `Transport`. */
  get countsTags(): boolean {
    return this.#transport.countsTags;
  }

  /** Resolves with the response of a 2xx status; rejects with what came instead. */
  async send(request: S3Request): Promise<IncomingMessage> {
    for (let secondChance = true; ; secondChance = false) {
      const region = this.#regions.get(request.bucket ?? '') ?? this.#region;
      const exchange = exchangeOf(request);
      try {
        return await this.#attempt(request, exchange, region);
      } catch (error) {
        request.signal?.throwIfAborted();
        const refusal = await exchange.refusal;
        if (refusal === undefined) throw error;
        if (!secondChance || !this.#hasLearnt(refusal, request, exchange, region)) throw refusal;
      }
    }
  }

  /** True where the refusal tells how to sign so that the server is content. */
  #hasLearnt(
    refusal: S3ResponseError,
    { bucket }: S3Request,
    exchange: Exchange,
    region: string,
  ): boolean {
    if (refusal.region !== undefined && refusal.region !== region && bucket !== undefined) {
      this.#regions.set(bucket, refusal.region);
      return true;
    }
    if (refusal.code === 'SignatureDoesNotMatch' && exchange.foldingMatters === true) {
      this.#transport.folding = this.#transport.folding === 'spaces' ? 'unicode' : 'spaces';
      return true;
    }
    return false;
  }

  #attempt(request: S3Request, exchange: Exchange, region: string): Promise<IncomingMessage> {
    request.signal?.throwIfAborted();
    const { method, headers = {}, body } = request;
    const sized = body === undefined ? {} : { 'content-length': String(body.sizeBytes) };
    const options = { method, headers: { ...headers, ...sized }, pathStyle: true, exchange };
    return this.#client.makeRequestStreamAsync(
      options,
      body?.open() ?? '',
      body?.sha256 ?? EMPTY_SHA256,
      [200, 204, 206],
      region,
    );
  }

  close(): void {
    this.#transport.agent.destroy();
  }
}

function exchangeOf({ bucket, key, query, signal, body }: S3Request): Exchange {
  const place =
    (bucket === undefined ? '' : `/${percentEncode(bucket)}`) +
    (key === undefined ? '' : `/${percentEncode(key).replaceAll('%2F', '/')}`);
  const path = (place === '' ? '/' : place) + (query === undefined ? '' : `?${query}`);
  return { path, signal, onContinue: body?.onContinue };
}
