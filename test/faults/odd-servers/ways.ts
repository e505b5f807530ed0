import type { Page } from '../../helpers/odd-listing.js';
import { withHeaders, type OddAnswer, type OddRequest } from '../../helpers/odd-messages.js';
import type { OddServer } from '../../helpers/odd-proxy.js';

/** The ways in which servers are odd, for quirks of a few lines. */

export type Which = (request: OddRequest) => boolean;

/** Requests of an operation, for a bucket, for some of its keys. */
export function asks(operation: string | RegExp, bucket?: string, ...keys: string[]): Which {
  return (request) =>
    (typeof operation === 'string'
      ? request.operation === operation
      : operation.test(request.operation)) &&
    (bucket === undefined || request.bucket === bucket) &&
    (keys.length === 0 || keys.includes(request.key));
}

/** Answers such requests by itself. */
export function answering(which: Which, answer: (request: OddRequest) => OddAnswer): OddServer {
  return {
    handle: (request, next) => (which(request) ? answer(request) : next(request)),
  };
}

/** Changes the answers to such requests, where they are no refusals. */
export function altering(
  which: Which,
  change: (answer: OddAnswer, request: OddRequest) => OddAnswer,
): OddServer {
  return {
    handle: async (request, next) => {
      const answer = await next(request);
      return which(request) && answer.status < 300 ? change(answer, request) : answer;
    },
  };
}

/** Passes on other requests than it gets. */
export function rerouting(change: (request: OddRequest) => OddRequest): OddServer {
  return { handle: (request, next) => next(change(request)) };
}

/** Keeps objects under other names than those that it is told. */
export function renaming(rename: (key: string, request: OddRequest) => string): OddServer {
  return rerouting((request) =>
    request.key === '' ? request : { ...request, key: rename(request.key, request) },
  );
}

/** Answers with other pages of listings. */
export function paging(change: (page: Page, request: OddRequest) => Page): OddServer {
  return altering(asks('ListObjectsV2'), (answer, request) =>
    answer.page === undefined ? answer : { ...answer, page: change(answer.page, request) },
  );
}

/** Tells another ETag of each object, wherever it tells one; the change gets it without quotes. */
export function tellingEtags(
  change: (etag: string, object: { bucket: string; key: string }) => string,
): OddServer {
  return altering(
    () => true,
    (answer, { bucket, key }) => {
      const page = answer.page && {
        ...answer.page,
        entries: answer.page.entries.map((entry) => ({
          ...entry,
          etag: change(bare(entry.etag), { bucket, key: entry.key }),
        })),
      };
      const headers = { ...answer.headers };
      if (headers.etag !== undefined) headers.etag = change(bare(headers.etag), { bucket, key });
      if (headers.etag === '') delete headers.etag;
      return { ...answer, headers, ...(page === undefined ? {} : { page }) };
    },
  );
}

function bare(etag: string): string {
  return etag.replaceAll('"', '');
}

/** Tells of an object that it was written in two parts. */
export function writtenInParts(bucket: string, key: string): OddServer {
  return tellingEtags((etag, object) =>
    object.bucket === bucket && object.key === key ? `"${etag}-2"` : `"${etag}"`,
  );
}

/** Does not show which server it is: one that counts tags is known by these. */
export function nameless(): OddServer {
  return altering(
    () => true,
    (answer) =>
      withHeaders(answer, {
        server: undefined,
        'x-amz-tagging-count': undefined,
        'x-rgw-object-type': undefined,
      }),
  );
}

/** One oddity before another: the first sees requests first, and answers last. */
export function both(first: OddServer, second: OddServer): OddServer {
  return {
    handle: async (request, next) => {
      const inner = (asked: OddRequest): Promise<OddAnswer> =>
        Promise.resolve(second.handle?.(asked, next) ?? next(asked));
      return await (first.handle?.(request, inner) ?? inner(request));
    },
    entries: (all, bucket) => {
      const seconds = second.entries?.(all, bucket) ?? all;
      return first.entries?.(seconds, bucket) ?? seconds;
    },
  };
}
