import type { UsageAnswer } from './answers.js';
import { usageAnswer } from './answers.js';
import type { Finding, FindingKind, Severity } from './audit.js';
import { costOfDifference } from './audit.js';
import { roundedMoney } from './money.js';
import type { Pricing } from './pricing.js';

export interface FindingAnswer {
  severity: Severity;
  kind: FindingKind;
  user_id: string | null;
  key: string | null;
  what: string;
  cause: string;
  /** Bytes, seconds and US dollars that the figures are apart. */
  difference: (UsageAnswer & { cost: number; cost_exact: string }) | null;
}

export function findingAnswer(pricing: Pricing, finding: Finding): FindingAnswer {
  const { severity, kind, userId, key, what, cause, difference } = finding;
  const cost = costOfDifference(pricing, finding);
  return {
    ...{ severity, kind, user_id: userId, key, what, cause },
    difference:
      difference === undefined || cost === undefined
        ? null
        : { ...usageAnswer(difference), cost: roundedMoney(cost), cost_exact: cost.toString() },
  };
}
