import * as v from 'valibot';
import { visitorDocument } from '../access/session.js';
import { jsonAnswer } from '../answer.js';
import { defineRoute, type Route } from '../route.js';
import type { Services } from '../services.js';

const sessionDocument = v.strictObject({
  kind: v.picklist(['admin', 'user', 'nobody']),
  user_id: v.nullable(v.string()),
  version: v.string(),
});

export function sessionRoutes({ version }: Services): Route[] {
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
        Promise.resolve(jsonAnswer({ ...visitorDocument(visitor), version })),
    }),
  ];
}
