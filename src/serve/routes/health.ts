import * as v from 'valibot';
import { jsonAnswer } from '../answer.js';
import { Unhealthy } from '../health-checks.js';
import { defineRoute, type Route } from '../route.js';
import type { HealthProbe, Services } from '../services.js';
import { isMangamotionError } from '../../errors.js';

const check = v.strictObject({
  status: v.picklist(['healthy', 'unhealthy', 'not_configured']),
  reason: v.optional(v.string()),
  warning: v.pipe(
    v.optional(v.string()),
    v.description('what may be wrong although the check is healthy'),
  ),
});

const healthDocument = v.strictObject({
  status: v.picklist(['healthy', 'unhealthy']),
  timestamp: v.pipe(v.string(), v.isoTimestamp()),
  checks: v.record(v.string(), check),
  version: v.string(),
});

type Check = v.InferOutput<typeof check>;

/** Reveals no address: anyone may ask. */
export function healthRoutes({ health, now, version }: Services): Route[] {
  return [
    defineRoute({
      method: 'GET',
      path: '/api/health',
      summary: 'Whether the servers behind this one answer',
      access: 'anyone',
      params: {},
      query: {},
      answers: {
        200: { description: 'everything answers', schema: healthDocument },
        503: { description: 'something does not answer', schema: healthDocument },
      },
      failures: [],
      async respond() {
        const names = Object.keys(health);
        const results = await Promise.all(Object.values(health).map(checked));
        const checks = Object.fromEntries(names.map((name, index) => [name, results[index]]));
        const isHealthy = results.every(({ status }) => status !== 'unhealthy');
        const document = {
          status: isHealthy ? 'healthy' : 'unhealthy',
          timestamp: now().toISOString(),
          checks,
          version,
        };
        return jsonAnswer(document, { status: isHealthy ? 200 : 503 });
      },
    }),
  ];
}

async function checked(probe: HealthProbe | undefined): Promise<Check> {
  if (probe === undefined) return { status: 'not_configured' };
  try {
    const warning = await probe();
    return { status: 'healthy', ...(warning !== undefined && { warning }) };
  } catch (error) {
    if (error instanceof Unhealthy) return { status: 'unhealthy', reason: error.message };
    const refuses = isMangamotionError(error, 'access_denied');
    return { status: 'unhealthy', reason: refuses ? 'refuses the credentials' : 'does not answer' };
  }
}
