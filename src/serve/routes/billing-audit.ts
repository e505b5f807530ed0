import { audit } from '../../billing/audit-run.js';
import { dayOf } from '../../billing/calendar.js';
import { auditReport } from '../../reports/billing/audit.js';
import { withDeadline } from '../deadline.js';
import { RequestFailure } from '../failure.js';
import { defineRoute, type Route } from '../route.js';
import { rowsAnswer } from '../rows-answer.js';
import { auditDocument } from '../schemas/billing.js';
import { optionalUserId, wholeNumber } from '../schemas/parameters.js';
import type { Services } from '../services.js';
import { Slots } from '../slots.js';

/** An audit reads every record of billing, and keeps a sum for each user in memory. */
const MOST_AUDITS = 2;
const AUDIT_MS = 60_000;

export function billingAuditRoutes({ redis, pricing, now }: Services): Route[] {
  const slots = new Slots(MOST_AUDITS, 'too many audits are under way: try again');
  return [
    defineRoute({
      method: 'GET',
      path: '/api/billing/audit',
      summary: 'What contradicts in the counters of users, drift before notes',
      access: 'admin',
      params: {},
      query: { user_id: optionalUserId, limit: wholeNumber(1, 1_000_000) },
      answers: {
        200: { description: 'the document of `billing audit`', schema: auditDocument },
      },
      failures: [400, 503],
      async respond({ query: { user_id: userId, limit }, signal }) {
        const deadline = { waitMs: AUDIT_MS, late: tooSlow };
        const result = await slots.during(() =>
          withDeadline(signal, deadline, (limited) =>
            audit(redis, {
              ...{ userId, today: dayOf(now()), signal: limited },
              onProgress: () => undefined,
            }),
          ),
        );
        const { findings, parts } = auditReport(result, { userId, pricing });
        return rowsAnswer({ ...parts, rows: findings.slice(0, limit) });
      },
    }),
  ];
}

function tooSlow(): RequestFailure {
  const seconds = AUDIT_MS / 1000;
  return new RequestFailure(
    503,
    `the audit takes longer than ${seconds} s: use \`mangamotion billing audit\``,
    { code: 'unavailable', headers: { 'retry-after': String(seconds) } },
  );
}
