import { formatCount } from '../../count-of.js';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { MangamotionError } from '../../errors.js';
import type { StoreHints } from '../hint-kinds.js';
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
import type { AnswerHead } from './error-answer.js';
import type { S3Client, S3Request } from './s3-client.js';
import { parseErrorDocument } from './wire/bucket-xml.js';
import { objectHead } from './wire/object-headers.js';

export interface Answer {
  statusCode: number;
  headers: IncomingHttpHeaders;
  content: Buffer;
}

/** Sends requests to one server, and translates every failure into the error that users see. */
export class S3Requests {
  readonly #client: S3Client;
  readonly endpoint: string;
  readonly #hints: StoreHints | undefined;

  constructor(client: S3Client, endpoint: string, hints?: StoreHints) {
    this.#client = client;
    this.endpoint = endpoint;
    this.#hints = hints;
  }

  /** `sourceFailure` returns the error of the request's own body, which takes precedence. */
  async send(request: S3Request, sourceFailure?: () => unknown): Promise<IncomingMessage> {
    checkNames(request);
    try {
      return await this.#client.send(request);
    } catch (error) {
      throw sourceFailure?.() ?? this.failure(error, request);
    }
  }

  async fetch(request: S3Request, memory: BodyMemory): Promise<FetchedAnswer> {
    checkNames(request);
    try {
      return await this.#client.fetch(request, memory);
    } catch (error) {
      throw this.failure(error, request);
    }
  }

  /** Sends a request and discards the body of the answer. */
  async omit(request: S3Request): Promise<void> {
    const response = await this.send(request);
    response.resume();
  }

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
   * Reads and parses an answer. `parse` returns `null` for a document of another kind, or throws an
   * `UnexpectedAnswer` that says more. `name` is the expected root element, for the message.
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
    // S3 sends status 200 before a long operation has ended; an error can then only be in the body.
    const refusal = parseErrorDocument(text);
    if (refusal === null) throw notS3(`with no ${name}`, this.context(request), statusCode);
    throw this.failure(new S3ResponseError(refusal.code, 200, refusal.message), request);
  }

  /** Parses the headers of an answer. `knownBytes` is the size, for servers that do not send it. */
  head(answer: AnswerHead, request: S3Request, knownBytes?: number): ObjectHead {
    const head = objectHead(answer.headers, this.#client.countsTags, knownBytes);
    if (head !== null) return head;
    const what = 'without Content-Length or Last-Modified';
    throw notS3(what, this.context(request), answer.statusCode);
  }

  /** Returns the error for a body without Content-Length that is not as long as listed. */
  wrongLength(received: string, sizeBytes: number, request: S3Request): MangamotionError {
    const cause = new UnexpectedAnswer(
      `answered with ${received} instead of ${formatCount(sizeBytes)}`,
    );
    const { message, hint, request: failed } = unexpected(cause, this.context(request), 200);
    return new MangamotionError('damaged', message, { hint, cause, request: failed });
  }

  #unlike(error: unknown, request: S3Request, statusCode: number): unknown {
    if (!(error instanceof UnexpectedAnswer)) return this.failure(error, request);
    return unexpected(error, this.context(request), statusCode);
  }

  /** Returns the error that the caller sees: the signal's reason, or the translated error. */
  failure(error: unknown, request: S3Request): unknown {
    if (request.signal?.aborted === true) return request.signal.reason;
    return translateError(error, this.context(request));
  }

  context(request: RequestLine): ErrorContext {
    return { endpoint: this.endpoint, hints: this.#hints, request };
  }
}

/**
 * Every bucket name that S3 has ever accepted (old ones have capitals, underscores and up to 255
 * characters), and the colon that Ceph puts after a tenant's name.
 */
const BUCKET_NAME = /^[\w.:-]{1,255}$/;

/**
 * Throws `refused` for a name that would send the request to another resource: an empty name, one
 * made of dots, or one with a slash, a question mark or a control character.
 */
export function checkNames(request: RequestLine): void {
  const { bucket, key } = request;
  if (bucket !== undefined && (!BUCKET_NAME.test(bucket) || /^\.+$/.test(bucket))) {
    throw unsendable(request, `${shown(bucket)} is not a valid bucket name`, 'InvalidBucketName');
  }
  if (key === '') {
    throw unsendable(request, `bucket ${bucket ?? ''}: an empty key names no object`, 'InvalidKey');
  }
}

function unsendable(request: RequestLine, message: string, code: string): MangamotionError {
  const operation = operationOf(request).name;
  return new MangamotionError('refused', message, {
    hint: 'A bucket name has only letters, digits, ".", "-" and "_".',
    request: { operation, status: null, code },
  });
}

function shown(name: string): string {
  return JSON.stringify(name.length > 80 ? `${name.slice(0, 80)}…` : name);
}

/**
 * Reads an answer into memory. Throws `AnswerTooLarge` and closes the connection as soon as the
 * answer, or its Content-Length, exceeds `maxBytes`.
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
