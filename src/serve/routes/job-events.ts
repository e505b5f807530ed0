import { defineRoute, type Route } from '../route.js';
import { optionalStatuses, optionalUserId } from '../schemas/parameters.js';
import type { Services } from '../services.js';
import { requestedUserIfAny } from '../visitor.js';

const LONGEST_ID = 64;

export function jobEventRoutes({ jobFeed }: Services): Route[] {
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
            : await jobFeed.subscribe({ audience, lastEventId, signal, cut });
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
