import { DOCTOR_TEXTS } from '../../config/hints.js';
import { dayOf } from '../../billing/calendar.js';
import { type QuickAudit, quickAudit } from '../../billing/quick-audit.js';
import type { GatherersOf } from '../facts.js';
import { NotLooked } from '../finding.js';
import type { RedisFacts } from '../redis/facts.js';

export interface BillingFacts extends RedisFacts {
  audit: QuickAudit;
}

export function billingGatherers(now: () => Date): GatherersOf<BillingFacts, 'audit'> {
  return {
    audit: async (read, signal) => {
      const [redis, { billing }, notWhole] = await Promise.all([
        read('redis'),
        read('config'),
        read('notWhole'),
      ]);
      if (!billing.enabled) throw new NotLooked(DOCTOR_TEXTS.billingOff);
      if (notWhole !== undefined) throw new NotLooked('Redis has a part of the keys alone');
      const { retentionDays } = billing;
      return await quickAudit(redis, { today: dayOf(now()), retentionDays, signal });
    },
  };
}
