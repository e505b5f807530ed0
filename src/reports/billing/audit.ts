import { findingAnswer, type Finding, type FindingAnswer } from '../../billing/audit.js';
import type { Audit } from '../../billing/audit-run.js';
import type { Pricing } from '../../billing/pricing.js';
import type { DocumentParts } from '../../json-rows.js';

interface AuditReport {
  /** All findings, drift before notes. */
  findings: readonly Finding[];
  drift: readonly Finding[];
  notes: readonly Finding[];
  /** The document of `billing audit --json`, without its rows. */
  parts: DocumentParts<Finding, FindingAnswer>;
}

/** `userId` is `undefined` for an audit of all users. */
export function auditReport(
  { findings, checked }: Audit,
  { userId, pricing }: { userId: string | undefined; pricing: Pricing },
): AuditReport {
  const drift = findings.filter(({ severity }) => severity === 'drift');
  const notes = findings.filter(({ severity }) => severity === 'note');
  const status = drift.length > 0 ? 'drift' : 'ok';
  return {
    findings: [...drift, ...notes],
    drift,
    notes,
    parts: {
      member: 'findings',
      head: { user_id: userId ?? null, status, checked },
      json: (finding) => findingAnswer(pricing, finding),
      tail: () => ({ drift: drift.length, notes: notes.length }),
    },
  };
}
