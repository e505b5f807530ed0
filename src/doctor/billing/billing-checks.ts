import { countOf } from '../../count-of.js';
import { checkOf } from '../check.js';
import { failure, ok, skipped, warning } from '../finding.js';
import type { BillingFacts } from './facts.js';

const check = checkOf<BillingFacts>();

export const billingChecks = [
  check('billing.audit', ['audit'], ({ audit: { findings, users } }) => {
    if (users === 0) return skipped('there are no billing records of users');
    const [first] = findings;
    if (first === undefined) {
      const sample = countOf(users, 'user');
      return ok(`no drift in a sample of ${sample}`, `no drift in ${sample}`);
    }
    const about = first.key ?? `user ${first.userId ?? ''}`;
    return failure(
      `drift: ${countOf(findings.length, 'finding')} in a sample of ${countOf(users, 'user')}, such as ${about}: ${first.what}`,
      'mangamotion billing audit',
    );
  }),
  check('billing.ids', ['audit'], ({ audit: { withoutId } }) => {
    const [first] = withoutId;
    if (first === undefined) return ok('no record of a user or job without an id');
    return warning(
      `a worker tracks without an id: there is a record ${first}`,
      'mangamotion billing audit --notes',
    );
  }),
];
