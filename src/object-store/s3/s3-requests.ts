import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { MangamotionError } from '../../errors.js';
import type { StoreHints } from '../hints.js';
import { ANSWER_LIMITS, AnswerTooLarge, UnexpectedAnswer } from '../unexpected-answer.js';
import { operationOf, type RequestLine } from '../operations.js';
import type { ObjectHead } from '../port.js';
import {
  notS3,
  S3ResponseError,
  translateError,
  unexpected,
  type ErrorContext,
} from '../store-errors.js';
import type { BodyMemory, FetchedAnswer } from './object-fetcher.js';
import type { AnswerHead } from './refusal.js';
import type { S3Client, S3Request } from './s3-client.js';
import { parseErrorDocument } from './wire/bucket-xml.js';
import { objectHead } from './wire/object-headers.js';

/** An answer that was read to its end. */
export interface Answer {
  statusCode: number;
  headers: IncomingHttpHeaders;
  content: Buffer;
}

/** Requests to one server, with every failure as the error that users see. */
export class S3Requests {
  readonly #client: S3Client;
  readonly endpoint: string;
  readonly #hints: StoreHints | undefined;

  constructor(client: S3Client, endpoint: string, hints?: StoreHints) {
    this.#client = client;
    this.endpoint = endpoint;
    this.#hints = hints;
  }

  /** `sourceFailure`: what went wrong with the body, which outweighs what follows from it. */
  async send(request: S3Request, sourceFailure?: () => unknown): Promise<IncomingMessage> {
    checkNames(request);
    try {
      return await this.#client.send(request);
    } catch (error) {
      throw sourceFailure?.() ?? this.failure(error, request);
    }
  }

  /** Sends a GET and reads its body into memory, if it has at most `maxBytes`. */
  async fetch(request: S3Request, memory: BodyMemory): Promise<FetchedAnswer> {
    checkNames(request);
    try {
      return await this.#client.fetch(request, memory);
    } catch (error) {
      throw this.failure(error, request);
    }
  }

  /** Sends a request whose body does not matter, as the status says enough. */
  async omit(request: S3Request): Promise<void> {
    const response = await this.send(request);
    response.resume();
  }

  /** Reads an answer of at most `maxBytes` into memory. */
  async read(request: S3Request, maxBytes: number = ANSWER_LIMITS.documentBytes): Promise<Answer> {
    const response = await this.send(request);
    const { headers, statusCode = 0 } = response;
    try {
      return { statusCode, headers, content: await readAtMost(response, maxBytes) };
    } catch (error) {
      throw this.#unlike(error, request, statusCode);
    }
  }

  /**
   * An answer, parsed. `name` is its root element, for the message where it is another. `parse`
   * resolves with `null` there, and may throw an `UnexpectedAnswer` that says more.
   */
  async document<T>(
    request: S3Request,
    parse: (xml: string, headers: IncomingHttpHeaders) => T | null,
    name: string,
    maxBytes?: number,
  ): Promise<T> {
    const { statusCode, headers, content } = await this.read(request, maxBytes);
    const text = content.toString();
    let parsed: T | null;
    try {
      parsed = parse(text, headers);
    } catch (error) {
      throw this.#unlike(error, request, statusCode);
    }
    if (parsed !== null) return parsed;
    // What takes long is answered with 200 at once; what then went wrong can only be in the body.
    const refusal = parseErrorDocument(text);
    if (refusal === null) throw notS3(`with no ${name}`, this.context(request), statusCode);
    throw this.failure(new S3ResponseError(refusal.code, 200, refusal.message), request);
  }

  /**
   * What the headers of an answer tell of its object. `knownBytes`: its size, for servers that do
   * not say it.
   */
  head(answer: AnswerHead, request: S3Request, knownBytes?: number): ObjectHead {
    const head = objectHead(answer.headers, this.#client.countsTags, knownBytes);
    if (head !== null) return head;
    const what = 'without Content-Length or Last-Modified';
    throw notS3(what, this.context(request), answer.statusCode);
  }

  /** Says that a body is not as long as listed, where the server gave no Content-Length. */
  wrongLength(received: string, sizeBytes: number, request: S3Request): MangamotionError {
    const cause = new UnexpectedAnswer(`answered with ${received} bytes instead of ${sizeBytes}`);
    const { message, hint, request: failed } = unexpected(cause, this.context(request), 200);
    return new MangamotionError('damaged', message, { hint, cause, request: failed });
  }

  #unlike(error: unknown, request: S3Request, statusCode: number): unknown {
    if (!(error instanceof UnexpectedAnswer)) return this.failure(error, request);
    return unexpected(error, this.context(request), statusCode);
  }

  /** What the caller gets to see: the signal's reason, or what became of the request. */
  failure(error: unknown, request: S3Request): unknown {
    if (request.signal?.aborted === true) return request.signal.reason;
    return translateError(error, this.context(request));
  }

  context(request: RequestLine): ErrorContext {
    return { endpoint: this.endpoint, hints: this.#hints, request };
  }
}

/**
 * What S3 has ever taken for the name of a bucket (capitals and underscores in old ones, up to 255
 * characters), and the colon with which Ceph names a tenant's.
 */
const BUCKET_NAME = /^[\w.:-]{1,255}$/;

/**
 * Throws `refused` where the request would go elsewhere than its bucket and key say: a name with a
 * slash, a question mark or a control character, a name of dots, an empty one. Nothing is sent.
 */
export function checkNames(request: RequestLine): void {
  const { bucket, key } = request;
  if (bucket !== undefined && (!BUCKET_NAME.test(bucket) || /^\.+$/.test(bucket))) {
    throw unsendable(request, `${shown(bucket)} is not the name of a bucket`, 'InvalidBucketName');
  }
  if (key === '') {
    throw unsendable(request, `bucket ${bucket ?? ''}: an empty key names no object`, 'InvalidKey');
  }
}

function unsendable(request: RequestLine, message: string, code: string): MangamotionError {
  const operation = operationOf(request).name;
  return new MangamotionError('refused', message, {
    hint: 'A bucket is named with letters, digits, ".", "-" and "_" only.',
    request: { operation, status: null, code },
  });
}

function shown(name: string): string {
  return JSON.stringify(name.length > 80 ? `${name.slice(0, 80)}…` : name);
}

/**
 * Reads an answer into memory. Throws `AnswerTooLarge`, and closes the connection, as soon as it has
 * or announces more than `maxBytes`.
 */
async function readAtMost(response: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  try {
    if (Number(response.headers['content-length']) > maxBytes) throw tooLarge(maxBytes);
    for await (const chunk of response as AsyncIterable<Buffer>) {
      sizeBytes += chunk.length;
      if (sizeBytes > maxBytes) throw tooLarge(maxBytes);
      chunks.push(chunk);
    }
  } catch (error) {
    response.destroy();
    throw error;
  }
  return Buffer.concat(chunks, sizeBytes);
}

function tooLarge(maxBytes: number): AnswerTooLarge {
  return new AnswerTooLarge(`answered with more than ${maxBytes / 1024 / 1024} MiB`);
}
