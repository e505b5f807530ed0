import { prefers } from '../accept.js';
import { jsonAnswer } from '../answer.js';
import { shownJob } from '../jobs/shown-job.js';
import { defineRoute, type Route } from '../route.js';
import * as documents from '../schemas/jobs.js';
import { optionalStatuses, optionalUserId } from '../schemas/parameters.js';
import type { Services } from '../services.js';
import { requestedUserIfAny } from '../visitor.js';

const LONGEST_ID = 64;
const EVENT_STREAM = 'text/event-stream';

/**
 * A job can have the id `events`. A client that asks for JSON gets that job: whoever reads a stream asks
 * for it, as browsers do, or accepts anything, as curl does.
 */
export function jobEventRoutes(services: Services): Route[] {
  const { jobFeed, now } = services;
  return [
    defineRoute({
      method: 'GET',
      path: '/api/jobs/events',
      summary:
        'Changes of jobs as server-sent events: job, removed, redis, reset, expired, shutdown, ping; ' +
        'with Accept: application/json, all that is known of the job whose id is events',
      access: 'user',
      params: {},
      query: { user_id: optionalUserId, status: optionalStatuses },
      answers: {
        200: {
          description:
            'a stream that Last-Event-ID resumes; after a reset, all jobs have to be read again. ' +
            'The document of `jobs show` if the client prefers application/json',
          schema: documents.shownJob,
          types: [EVENT_STREAM],
        },
      },
      failures: [400, 404, 502, 503],
      async respond({ visitor, query, method, header, signal, cut }) {
        if (prefers(header('accept'), 'application/json', EVENT_STREAM))
          return jsonAnswer(await shownJob(services, { id: 'events', visitor, signal }));
        const userId = requestedUserIfAny(visitor, query.user_id);
        const lastEventId = header('last-event-id')?.slice(0, LONGEST_ID);
        const audience = { userId, statuses: query.status };
        const expiresAtMs = visitor.kind === 'user' ? visitor.expiresAtMs : undefined;
        const expiresInMs =
          expiresAtMs === undefined ? undefined : Math.max(0, expiresAtMs - now().getTime());
        const stream =
          method === 'HEAD'
            ? null
            : await jobFeed.subscribe({ audience, lastEventId, expiresInMs, signal, cut });
        return new Response(stream, {
          headers: {
            'content-type': `${EVENT_STREAM}; charset=utf-8`,
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
