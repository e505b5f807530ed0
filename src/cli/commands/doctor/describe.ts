import type { CheckStatus } from '../../../doctor/finding.js';
import { type DoctorReport, countsOf, topicOf } from '../../../doctor/report.js';
import type { CheckResult } from '../../../doctor/run-checks.js';
import type { Field, Page } from '../../output/page.js';
import type { Tone } from '../../output/paint.js';
import { countOf } from '../../output/units.js';

/** A check that is fine has no colour: what is not stands out. */
const MARKS: Readonly<Record<CheckStatus, { mark: string; tone: Tone | undefined }>> = {
  ok: { mark: '✓', tone: undefined },
  warning: { mark: '!', tone: 'waiting' },
  failure: { mark: '✕', tone: 'bad' },
  skipped: { mark: '–', tone: 'muted' },
};

/** One screen: the checks by topic, each with a line, and their number at the end. */
export function describeReport(page: Page, { checks, status }: DoctorReport): void {
  const width = Math.max(...checks.map(({ name }) => labelOf(name).length));
  for (const group of groupsOf(checks)) {
    const [{ name, subject } = { name: '' }] = group;
    const heading = subject === undefined ? topicOf(name) : `${topicOf(name)} ${subject}`;
    page.line(heading, 'strong').fields(fieldsOf(group, width)).text('');
  }
  const { ok, warning, failure, skipped } = countsOf(checks);
  const rest = `${ok} fine, ${skipped} skipped`;
  if (status === 'ok') {
    page.line(`✓ nothing to do: ${rest}`, 'good');
    return;
  }
  const parts = [
    ...(failure > 0 ? [countOf(failure, 'failure')] : []),
    ...(warning > 0 ? [countOf(warning, 'warning')] : []),
  ];
  const { mark, tone } = MARKS[status === 'failures' ? 'failure' : 'warning'];
  page.line(`${mark} ${parts.join(', ')}; ${rest}`, tone);
}

/** Groups the results by topic, and those of destinations by destination too. */
function groupsOf(checks: readonly CheckResult[]): CheckResult[][] {
  const groups = new Map<string, CheckResult[]>();
  for (const check of checks) {
    const key = `${topicOf(check.name)} ${check.subject ?? ''}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [check]);
    else group.push(check);
  }
  return [...groups.values()];
}

function fieldsOf(group: readonly CheckResult[], width: number): Field[] {
  const fields: Field[] = [];
  const reasons = new Set<string>();
  for (const { name, status, message, hint } of group) {
    const { mark, tone } = MARKS[status];
    // Checks that were skipped for one reason share a line.
    const same = group.filter((one) => one.status === 'skipped' && one.message === message);
    if (status === 'skipped' && same.length > 1) {
      if (reasons.has(message)) continue;
      reasons.add(message);
      const names = same.map((one) => labelOf(one.name)).join(', ');
      fields.push(field('skipped', `${mark} ${message} (${names})`, tone));
    } else {
      fields.push(field(labelOf(name), `${mark} ${message}`, tone));
    }
    if (hint !== undefined) fields.push(field('', `  → ${hint}`, undefined));
  }
  return fields;

  function field(label: string, text: string, tone: Tone | undefined): Field {
    return { label: `  ${label.padEnd(width)}`, text, tone };
  }
}

function labelOf(name: string): string {
  return name.slice(name.indexOf('.') + 1);
}
