import http, { type ClientRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import https from 'node:https';
import { NOT_ASCII, encodeHeader } from './wire/header-text.js';
import { pipeline, Readable } from 'node:stream';
import { urlToHttpOptions } from 'node:url';
import { throttle, type RateLimits, type TokenBucket } from '../rate-limit.js';
import { throttleAnswer } from './throttled-answer.js';
import type { Exchange } from './exchange.js';
import { watchRequest, type Timeouts } from './watch-request.js';
import { answerInMemory } from './answer-in-memory.js';
import type { BodyMemory, FetchedAnswer, Fetcher } from './object-fetcher.js';
import { readRefusal, refusalOf, type AnswerHead } from './error-answer.js';
import { foldingMatters, Signer, type BlankFolding, type Credentials } from './sign-v4.js';
import { proxyHeaders, proxyRefusal, TunnelAgent, type StoreProxy } from './store-proxy.js';

export interface TransportOptions extends Credentials, Timeouts {
  useTls: boolean;
  caPem: string | undefined;
  maxSockets: number;
  /** The HTTP proxy on the way, if there is one. */
  proxy: StoreProxy | undefined;
  limits: RateLimits | undefined;
  /** The number of threads that read objects; 0 for none. */
  readers: number;
}

export type SendOptions = RequestOptions & { exchange: Exchange; headers: Record<string, string> };

/** Headers with user metadata can exceed Node's default of 16 KiB. */
export const MAX_HEADER_BYTES = 256 * 1024;
/**
 * Signs minio's requests and sends them through Node. Unlike Node's own `request`, it turns an
 * error status into an error of the request, after it has read the error document.
 */
export class Transport {
  readonly agent: http.Agent;
  /** For answers throttled by the rate limit; `undefined` without one. */
  readonly #slowAgent: http.Agent | undefined;
  readonly #plainProxy: StoreProxy | undefined;
  folding: BlankFolding = 'spaces';
  /** True once the server has proved that it sends x-amz-tagging-count for objects with tags. */
  countsTags = false;
  /** By how many ms the server's clock was ahead at its last answer, by its header Date. */
  clockAheadMs: number | undefined;
  readonly #options: TransportOptions;
  readonly #signer: Signer;
  #fetcher: Promise<Fetcher> | undefined;
  #readers: Promise<Fetcher> | undefined;
  readonly #send: (
    options: RequestOptions,
    onResponse: (response: IncomingMessage) => void,
  ) => ClientRequest;

  constructor(options: TransportOptions) {
    this.#options = options;
    this.#signer = new Signer(options);
    const { proxy, useTls, limits, maxSockets } = options;
    this.#plainProxy = useTls ? undefined : proxy;
    // A plain request goes to the proxy itself, over TLS where the proxy has it.
    const sendsTls = useTls || this.#plainProxy?.url.startsWith('https:') === true;
    this.agent = agentOf(options, sendsTls, maxSockets);
    const { mostAnswers = 0 } = limits?.down ?? {};
    if (limits !== undefined)
      this.#slowAgent = agentOf(options, sendsTls, Math.min(maxSockets, mostAnswers));
    this.#send = sendsTls ? https.request : http.request;
  }

  request(options: SendOptions, onResponse: (response: IncomingMessage) => void): ClientRequest {
    const { exchange } = options;
    const { limits } = this.#options;
    this.#sign(options);
    if (exchange.onContinue !== undefined) {
      // With `Expect`, Node writes the headers as UTF-8, which garbles anything but ASCII.
      if (Object.values(options.headers).some((value) => NOT_ASCII.test(value)))
        exchange.onContinue();
      else options.headers.expect = '100-continue';
    }
    const request = this.#send(this.#addressed(options), (response) => {
      this.#readClock(response);
      if ((response.statusCode ?? 0) < 300) {
        this.#learn(response);
        if (limits !== undefined && !exchange.isUrgent)
          throttleAnswer(response, limits.down, (isHeld) => (exchange.isThrottled = isHeld));
        onResponse(response);
        return;
      }
      if (response.statusCode === 407 && this.#plainProxy !== undefined) {
        response.resume();
        request.emit('error', proxyRefusal(this.#plainProxy));
        return;
      }
      exchange.refusal = readRefusal(response);
      void exchange.refusal.then((refusal) => request.emit('error', refusal));
    });
    exchange.request = request;
    const up = exchange.isUrgent ? undefined : limits?.up;
    if (exchange.chunks !== undefined) endWith(request, exchange.chunks, up);
    watchRequest(request, exchange, this.#options);
    return request;
  }

  /** Sends a GET and reads its body into memory. Rejects with S3ResponseError. */
  async fetch(
    exchange: Exchange,
    origin: string,
    memory: BodyMemory,
    given: Record<string, string> = {},
  ): Promise<FetchedAnswer> {
    const { path, region, sha256, signal, isUrgent } = exchange;
    const { host } = new URL(origin);
    const headers: Record<string, string> = { host, ...given };
    if (this.#slowAgent !== undefined && !isUrgent) {
      const { hostname, port, protocol } = urlToHttpOptions(new URL(origin));
      const address = { hostname, port, protocol, method: 'GET', path };
      return await this.#fetchSlowly(
        {
          ...{ ...address, headers, exchange, agent: this.#slowAgent },
          maxHeaderSize: MAX_HEADER_BYTES,
        },
        memory,
      );
    }
    this.#signer.sign(
      { method: 'GET', path, headers, sha256, region, folding: this.folding },
      new Date(),
    );
    const fetcher = await this.#fetcherFor(memory.mayLend === true);
    const answer = await fetcher.get({ origin, path, headers, memory, signal });
    this.#readClock(answer);
    if (answer.statusCode < 300) {
      this.#learn(answer);
      return answer;
    }
    if (answer.statusCode === 407 && this.#plainProxy !== undefined)
      throw proxyRefusal(this.#plainProxy);
    const refusal = refusalOf(answer, answer.body?.toString() ?? '');
    exchange.refusal = Promise.resolve(refusal);
    throw refusal;
  }

  close(): void {
    this.agent.destroy();
    this.#slowAgent?.destroy();
    for (const opening of [this.#fetcher, this.#readers])
      void opening?.then((fetcher) => fetcher.close());
  }

  /** Reads an answer at the limit of the rate, by Node's own client. Rejects as `fetch`. */
  #fetchSlowly(options: SendOptions, memory: BodyMemory): Promise<FetchedAnswer> {
    return new Promise((resolve, reject) => {
      const request = this.request(options, (response) => {
        answerInMemory(response, memory).then(resolve, reject);
      });
      request.on('error', reject);
      request.end();
    });
  }

  async #fetcherFor(mayLend: boolean): Promise<Fetcher> {
    const options = this.#options;
    // A limit of the rate is kept by one thread alone.
    if (mayLend && options.readers > 0 && options.limits === undefined) {
      return await (this.#readers ??= openReaders(options));
    }
    return await (this.#fetcher ??= openFetcher(options));
  }

  #sign({ method = 'GET', headers, exchange }: SendOptions): void {
    const { path, sha256, region, carriesText } = exchange;
    if (carriesText) {
      for (const [name, text] of Object.entries(headers)) headers[name] = encodeHeader(text);
      exchange.foldingMatters = foldingMatters(headers);
    }
    this.#signer.sign({ method, path, headers, sha256, region, folding: this.folding }, new Date());
  }

  /** A proxy for plain HTTP is asked for the whole URL. */
  #addressed(options: SendOptions): RequestOptions {
    const proxy = this.#plainProxy;
    if (proxy === undefined) return options;
    const { hostname, port, protocol } = new URL(proxy.url);
    const { exchange, headers } = options;
    return {
      ...options,
      ...{ host: hostname, hostname, port, protocol },
      path: `http://${headers.host ?? ''}${exchange.path}`,
      headers: Object.assign({}, headers, proxyHeaders(proxy)),
    };
  }

  #readClock({ headers }: Pick<AnswerHead, 'headers'>): void {
    const { date } = headers;
    const itsMs = typeof date === 'string' ? Date.parse(date) : NaN;
    // The header has no fraction: on average half a second is left out.
    if (!Number.isNaN(itsMs)) this.clockAheadMs = itsMs + 500 - Date.now();
  }

  /** MinIO, AWS and Ceph return the tag count with every object that has tags. */
  #learn({ headers }: AnswerHead): void {
    this.countsTags ||=
      headers['x-amz-tagging-count'] !== undefined ||
      headers['x-rgw-object-type'] !== undefined ||
      headers.server === 'MinIO' ||
      headers.server === 'AmazonS3';
  }
}

function agentOf(
  { caPem, connectTimeoutMs, idleTimeoutMs, proxy, useTls }: TransportOptions,
  sendsTls: boolean,
  maxSockets: number,
): http.Agent {
  const pool = { keepAlive: true, noDelay: true, maxSockets, timeout: idleTimeoutMs };
  if (!sendsTls) return new http.Agent(pool);
  const tls = { ...pool, ...(caPem === undefined ? {} : { ca: caPem }) };
  return proxy !== undefined && useTls
    ? new TunnelAgent({ agent: tls, proxy, connectTimeoutMs, idleTimeoutMs })
    : new https.Agent(useTls ? tls : pool);
}

/**
 * Makes `end()` write the chunks one by one. Node garbles a non-ASCII Content-Disposition if
 * headers and body go out in a single `end(body)`.
 */
function endWith(
  request: ClientRequest,
  chunks: Uint8Array[],
  bucket: TokenBucket | undefined,
): void {
  const end = request.end.bind(request);
  if (bucket !== undefined) {
    request.end = (() => {
      pipeline(
        Readable.from(chunks, { objectMode: false }),
        throttle(bucket),
        request,
        () => undefined,
      );
      // The stream calls it at its end.
      request.end = end;
      return request;
    }) as typeof request.end;
    return;
  }
  request.end = (() => {
    for (const chunk of chunks) request.write(chunk);
    return end();
  }) as typeof request.end;
}

/** Loads undici only when needed: it takes a third of the start-up time of a command. */
async function openFetcher(options: TransportOptions): Promise<Fetcher> {
  const { ObjectFetcher } = await import('./object-fetcher.js');
  return new ObjectFetcher({ ...options, maxHeaderBytes: MAX_HEADER_BYTES });
}

async function openReaders(options: TransportOptions): Promise<Fetcher> {
  const { useTls, caPem, proxy, maxSockets, idleTimeoutMs, connectTimeoutMs } = options;
  const fetcher = { useTls, caPem, proxy, maxSockets, idleTimeoutMs, connectTimeoutMs };
  const { ReaderThreads } = await import('./reader-threads.js');
  return new ReaderThreads({ ...fetcher, maxHeaderBytes: MAX_HEADER_BYTES }, options.readers);
}
