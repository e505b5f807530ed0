import * as v from 'valibot';
import { jsonTextAnswer } from './answer.js';
import { toJson } from '../json.js';
import { openApiDocument } from './openapi.js';
import { defineRoute, type Route } from './route.js';
import { backupObjectRoutes } from './routes/backup-objects.js';
import { backupRoutes } from './routes/backups.js';
import { billingAuditRoutes } from './routes/billing-audit.js';
import { billingRoutes } from './routes/billing.js';
import { billingUsersRoutes } from './routes/billing-users.js';
import { healthRoutes } from './routes/health.js';
import { jobEventRoutes } from './routes/job-events.js';
import { jobRoutes } from './routes/jobs.js';
import { scheduleRoutes } from './routes/schedule.js';
import { sessionRoutes } from './routes/session.js';
import type { Services } from './services.js';

/** Every route of the API. A new one is a file in routes, and an entry here. */
export function apiRoutes(services: Services): Route[] {
  const routes = [
    ...billingRoutes(services),
    ...billingUsersRoutes(services),
    ...billingAuditRoutes(services),
    // Before the jobs: the first route that fits a path is used, and `/api/jobs/{id}` fits this one too.
    ...jobEventRoutes(services),
    ...jobRoutes(services),
    ...healthRoutes(services),
    ...sessionRoutes(services),
    ...backupRoutes(services),
    ...backupObjectRoutes(services),
    ...scheduleRoutes(services),
  ];
  /** Anyone may ask for it, so it is made once. */
  let document: string | undefined;
  const openApi: Route = defineRoute({
    method: 'GET',
    path: '/api/openapi.json',
    summary: 'This API as an OpenAPI 3.1 document',
    access: 'anyone',
    params: {},
    query: {},
    answers: { 200: { description: 'the document', schema: v.looseObject({}) } },
    failures: [],
    respond: () =>
      Promise.resolve(
        jsonTextAnswer(
          (document ??= toJson(openApiDocument([...routes, openApi], services.version), {
            indent: false,
          })),
        ),
      ),
  });
  return [...routes, openApi];
}
