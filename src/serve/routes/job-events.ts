import { defineRoute, type Route } from '../route.js';
import { optionalStatuses, optionalUserId } from '../schemas/parameters.js';
import type { Services } from '../services.js';
import { requestedUserIfAny, type Visitor } from '../visitor.js';

const LONGEST_ID = 64;

/** The longest time that a timer can wait; a client comes back after it. */
const LONGEST_STREAM_MS = 2 ** 31 - 1;

export function jobEventRoutes({ jobFeed, now }: Services): Route[] {
  return [
    defineRoute({
      method: 'GET',
      path: '/api/jobs/events',
      summary: 'Changes of jobs as server-sent events: job, removed, redis, reset, shutdown, ping',
      access: 'user',
      params: {},
      query: { user_id: optionalUserId, status: optionalStatuses },
      answers: {
        200: {
          description:
            'a stream that Last-Event-ID resumes; after a reset, all jobs have to be read again',
          types: ['text/event-stream'],
        },
      },
      failures: [400, 503],
      async respond({ visitor, query, method, header, signal, cut }) {
        const userId = requestedUserIfAny(visitor, query.user_id);
        const lastEventId = header('last-event-id')?.slice(0, LONGEST_ID);
        const audience = { userId, statuses: query.status };
        const stream =
          method === 'HEAD'
            ? null
            : await jobFeed.subscribe({
                ...{ audience, lastEventId, cut },
                signal: untilExpiry(signal, visitor, now()),
              });
        return new Response(stream, {
          headers: {
            'content-type': 'text/event-stream; charset=utf-8',
            'cache-control': 'no-store',
            // nginx would gather what is sent.
            'x-accel-buffering': 'no',
            // At the end of the server, the connection ends with the stream.
            connection: 'close',
          },
        });
      },
    }),
  ];
}

/** Returns a signal that is also aborted when the credentials expire: a stream must not outlive them. */
function untilExpiry(signal: AbortSignal, visitor: Visitor, now: Date): AbortSignal {
  const expiresAt = visitor.kind === 'user' ? visitor.expiresAt : undefined;
  if (expiresAt === undefined) return signal;
  const controller = new AbortController();
  const end = (): void => {
    clearTimeout(timer);
    controller.abort(signal.reason);
  };
  const leftMs = Math.max(0, expiresAt.getTime() - now.getTime());
  const timer = setTimeout(end, Math.min(leftMs, LONGEST_STREAM_MS)).unref();
  if (signal.aborted) end();
  else signal.addEventListener('abort', end, { once: true });
  return controller.signal;
}
