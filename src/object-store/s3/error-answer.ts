import http, { type IncomingMessage } from 'node:http';
import { parseErrorDocument } from './wire/bucket-xml.js';
import { ANSWER_LIMITS } from '../unexpected-answer.js';
import { NO_DOCUMENT, S3ResponseError } from '../store-errors.js';
import { BROKEN_OFF, FOREIGN_NOT_FOUND } from '../verdicts.js';

export type AnswerHead = Pick<IncomingMessage, 'statusCode' | 'statusMessage' | 'headers'>;

/** Reads an error answer to its end, which frees its connection. */
export async function readRefusal(response: IncomingMessage): Promise<S3ResponseError> {
  const { text, isBrokenOff } = await readStart(response);
  const refusal = refusalOf(response, text);
  // Only the rest of the document would say what was not found.
  if (!isBrokenOff || refusal.statusCode !== 404 || parseErrorDocument(text) !== null)
    return refusal;
  return new S3ResponseError(BROKEN_OFF, 404, 'the connection broke in the middle of the answer');
}

/** Returns the error for a status and a body, which is usually an S3 error document. */
export function refusalOf(response: AnswerHead, text: string): S3ResponseError {
  const status = response.statusCode ?? 0;
  const region = headerText(response, 'x-amz-bucket-region');
  const document = parseErrorDocument(text);
  if (document !== null) {
    return new S3ResponseError(document.code, status, document.message, document.region ?? region);
  }
  // Go's server and nginx answer plain HTTP on a TLS port with their own text.
  if (/HTTPS (?:server|port)/.test(text)) {
    return new S3ResponseError('HttpsExpected', status, 'it speaks TLS there');
  }
  const given = headerText(response, 'x-minio-error-code');
  const type = headerText(response, 'content-type');
  if (status === 404 && given === undefined && text.trim() !== '') {
    return new S3ResponseError(
      FOREIGN_NOT_FOUND,
      status,
      `with status 404 and ${type ?? 'a text'}`,
    );
  }
  const code = given ?? codeOfStatus(status);
  const message =
    headerText(response, 'x-minio-error-desc')?.replace(/^"|"$/g, '') ??
    (text === '' ? (response.statusMessage ?? '') : `${NO_DOCUMENT}, but ${type ?? 'text'}`);
  return new S3ResponseError(code, status, message, region);
}

/** Reads a body up to the limit for errors. A broken connection is not an error of its own. */
async function readStart(
  response: IncomingMessage,
): Promise<{ text: string; isBrokenOff: boolean }> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  let isBrokenOff = false;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      sizeBytes += chunk.length;
      if (sizeBytes > ANSWER_LIMITS.errorBytes) break;
    }
  } catch {
    isBrokenOff = true;
  }
  return { text: Buffer.concat(chunks).toString(), isBrokenOff };
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
