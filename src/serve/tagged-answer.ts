import { createHash } from 'node:crypto';
import { toJson } from '../json.js';
import { jsonAnswer } from './answer.js';
import type { AnswerSpec } from './route.js';

/** For the answers of a route that tags them. */
export const NOT_MODIFIED_ANSWER: Readonly<Record<304, AnswerSpec>> = {
  304: { description: 'the document is the one of the `ETag` in `If-None-Match`; it is not sent' },
};

/** Returns what stands for this state of something, as `ETag` has it. Weak: ages may differ. */
export function tagOf(state: object): string {
  const digest = createHash('sha256')
    .update(toJson(state, { indent: false }))
    .digest('base64url');
  return `W/"${digest}"`;
}

/** Answers with the document and its tag, or with 304 and no document if the client has that one. */
export function taggedAnswer(
  document: () => object,
  { tag, header }: { tag: string; header: (name: string) => string | undefined },
): Response {
  if (!isAmong(tag, header('if-none-match')))
    return jsonAnswer(document(), { headers: { etag: tag } });
  return new Response(null, { status: 304, headers: { etag: tag, 'cache-control': 'no-store' } });
}

/** RFC 9110, 13.1.2: a list of tags, which are compared without their `W/`; `*` stands for any. */
export function isAmong(tag: string, wanted: string | undefined): boolean {
  if (wanted === undefined) return false;
  const opaque = tag.replace(/^W\//, '');
  return wanted.trim() === '*' || [...wanted.matchAll(/"[^"]*"/g)].some(([one]) => one === opaque);
}
