import http, { type IncomingMessage } from 'node:http';
import { parseErrorDocument } from './wire/bucket-xml.js';
import { ANSWER_LIMITS } from '../unexpected-answer.js';
import { S3ResponseError } from '../store-errors.js';

/** The status line and headers of an answer. */
export type AnswerHead = Pick<IncomingMessage, 'statusCode' | 'statusMessage' | 'headers'>;

/** Reads the answer of an error status to its end, so that its connection is free again. */
export async function readRefusal(response: IncomingMessage): Promise<S3ResponseError> {
  return refusalOf(response, await readStart(response));
}

/** What the server says with an error status and a text, an S3 error document as a rule. */
export function refusalOf(response: AnswerHead, text: string): S3ResponseError {
  const status = response.statusCode ?? 0;
  const region = headerText(response, 'x-amz-bucket-region');
  const document = parseErrorDocument(text);
  if (document !== null) {
    return new S3ResponseError(document.code, status, document.message, document.region ?? region);
  }
  // What Go's server and nginx say, in a text or a page of their own.
  if (/HTTPS (?:server|port)/.test(text)) {
    return new S3ResponseError('HttpsExpected', status, 'it speaks TLS there');
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
      if (sizeBytes > ANSWER_LIMITS.errorBytes) break;
    }
  } catch {
    // The status alone tells enough.
  }
  return Buffer.concat(chunks).toString();
}

function headerText(response: AnswerHead, name: string): string | undefined {
  const value = response.headers[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function codeOfStatus(status: number): string {
  const codes: Record<number, string> = {
    301: 'PermanentRedirect',
    307: 'TemporaryRedirect',
    403: 'AccessDenied',
    404: 'NotFound',
    405: 'MethodNotAllowed',
    412: 'PreconditionFailed',
    416: 'InvalidRange',
    501: 'NotImplemented',
    503: 'ServiceUnavailable',
  };
  return codes[status] ?? http.STATUS_CODES[status]?.replaceAll(/[^A-Za-z]/g, '') ?? 'Unknown';
}
