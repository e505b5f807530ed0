import { visitorDocument } from '../access/session.js';
import { jsonAnswer } from '../answer.js';
import { defineRoute, type Route } from '../route.js';
import { sessionDocument } from '../schemas/session.js';
import type { Services } from '../services.js';

export function sessionRoutes({ auth, version }: Services): Route[] {
  return [
    defineRoute({
      method: 'GET',
      path: '/api/session',
      summary: 'Who the visitor is',
      access: 'anyone',
      params: {},
      query: {},
      answers: { 200: { description: 'the visitor', schema: sessionDocument } },
      failures: [],
      respond: ({ visitor }) =>
        Promise.resolve(jsonAnswer({ ...visitorDocument(visitor), auth, version })),
    }),
  ];
}
