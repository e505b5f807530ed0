import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { buffer as readAll } from 'node:stream/consumers';
import { parseErrorDocument } from './bucket-xml.js';
import type { BodyMemory, FetchedAnswer } from './object-fetcher.js';
import { objectHead } from './object-headers.js';
import type { ObjectHead } from './port.js';
import type { S3Client, S3Request } from './s3-client.js';
import { notS3, S3ResponseError, translated, type ErrorContext } from './store-errors.js';

/** An answer that was read to its end. */
export interface Answer {
  headers: IncomingHttpHeaders;
  content: Buffer;
}

/** Requests to one server, with every failure as the error that users see. */
export class S3Requests {
  readonly #client: S3Client;
  readonly endpoint: string;

  constructor(client: S3Client, endpoint: string) {
    this.#client = client;
    this.endpoint = endpoint;
  }

  /** `sourceFailure`: what went wrong with the body, which outweighs what follows from it. */
  async send(request: S3Request, sourceFailure?: () => unknown): Promise<IncomingMessage> {
    try {
      return await this.#client.send(request);
    } catch (error) {
      throw sourceFailure?.() ?? this.failure(error, request);
    }
  }

  /** A GET whose body is wanted in memory, if it has at most `mostBytes`. */
  async fetch(request: S3Request, memory: BodyMemory): Promise<FetchedAnswer> {
    try {
      return await this.#client.fetch(request, memory);
    } catch (error) {
      throw this.failure(error, request);
    }
  }

  /** Where the status tells enough. */
  async omit(request: S3Request): Promise<void> {
    const response = await this.send(request);
    response.resume();
  }

  /** A small answer as it came. */
  async read(request: S3Request): Promise<Answer> {
    const response = await this.send(request);
    try {
      return { headers: response.headers, content: await readAll(response) };
    } catch (error) {
      throw this.failure(error, request);
    }
  }

  /** A small answer, parsed. `name` is its root element, for the message where it is another. */
  async document<T>(
    request: S3Request,
    parse: (xml: string, headers: IncomingHttpHeaders) => T | null,
    name: string,
  ): Promise<T> {
    const { headers, content } = await this.read(request);
    const text = content.toString();
    const parsed = parse(text, headers);
    if (parsed !== null) return parsed;
    // What takes long is answered with 200 at once; what then went wrong can only be in the body.
    const refusal = parseErrorDocument(text);
    if (refusal === null) throw notS3(`with no ${name}`, this.context(request));
    throw this.failure(new S3ResponseError(refusal.code, 200, refusal.message), request);
  }

  /** What the headers of an answer tell of its object. */
  head(headers: IncomingHttpHeaders, request: S3Request): ObjectHead {
    const head = objectHead(headers, this.#client.countsTags);
    if (head !== null) return head;
    throw notS3('without Content-Length or Last-Modified', this.context(request));
  }

  /** What the caller gets to see: the signal's reason, or what became of the request. */
  failure(error: unknown, request: S3Request): unknown {
    if (request.signal?.aborted === true) return request.signal.reason;
    return translated(error, this.context(request));
  }

  context({ bucket, key }: Pick<S3Request, 'bucket' | 'key'>): ErrorContext {
    const subject = key === undefined ? bucket : `${bucket ?? ''}/${key}`;
    return { endpoint: this.endpoint, subject };
  }
}
