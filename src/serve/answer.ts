import { toJson } from '../json.js';
import type { RequestFailure } from './failure.js';

export const JSON_TYPE = 'application/json; charset=utf-8';

export function jsonAnswer(
  document: object,
  { status = 200, headers = {} }: { status?: number; headers?: Record<string, string> } = {},
): Response {
  return jsonTextAnswer(toJson(document, { indent: false }), { status, headers });
}

/** Answers with a document that is text already. */
export function jsonTextAnswer(
  text: string,
  { status = 200, headers = {} }: { status?: number; headers?: Record<string, string> } = {},
): Response {
  return new Response(text, {
    status,
    headers: { 'content-type': JSON_TYPE, 'cache-control': 'no-store', ...headers },
  });
}

export function failureAnswer({ status, message, code, headers }: RequestFailure): Response {
  return jsonAnswer({ error: message, code }, { status, headers });
}
