import type { CheckStatus } from '../../../doctor/finding.js';
import { countsOf, reportOf, topicOf } from '../../../doctor/report.js';
import type { CheckResult } from '../../../doctor/run-checks.js';
import { widthOf } from '../../output/cut.js';
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

/**
 * One screen: a line for each topic and each destination, and below it what is wrong, in full, and why
 * checks were skipped.
 */
export function describeReport(page: Page, checks: readonly CheckResult[]): void {
  // A destination may be called like a topic.
  const groups = groupsOf(checks, ({ name, subject }) => `${subject ?? ''} ${groupLabel(name)}`);
  const headings = groups.map(({ first }) => first.subject ?? groupLabel(first.name));
  const troubles = checks.filter(isTrouble).map(({ name }) => troubleLabel(name));
  const labels = [...headings.filter((one) => widthOf(one) <= WIDEST_LABEL), ...troubles];
  const width = Math.max(0, ...labels.map(widthOf));
  const counted = Math.max(...groups.map(({ group }) => String(group.length).length));
  for (const [at, { group }] of groups.entries()) {
    const heading = headings[at] ?? '';
    const fields = fieldsOfGroup(group, counted);
    const [first] = fields;
    // A label that would push all the others to the side has a line of its own.
    if (first?.label === '' && widthOf(heading) <= width) {
      first.label = heading;
    } else page.line(heading, 'muted');
    page.fields(fields.map((field) => ({ ...field, label: padded(field.label, width) })));
  }
  page.text('');
  conclude(page, checks, '; --all shows each check');
}

/** Each check with a line, by topic. */
export function describeAll(page: Page, checks: readonly CheckResult[]): void {
  const width = Math.max(...checks.map(({ name }) => labelOf(name).length));
  const groups = groupsOf(checks, ({ name, subject }) => `${topicOf(name)} ${subject ?? ''}`);
  for (const { first, group } of groups) {
    const { name, subject } = first;
    const heading = subject === undefined ? topicOf(name) : `${topicOf(name)} ${subject}`;
    page.line(heading, 'strong').fields(allFieldsOf(group, width)).text('');
  }
  conclude(page, checks, '');
}

function conclude(page: Page, checks: readonly CheckResult[], more: string): void {
  const { ok, warning, failure, skipped } = countsOf(checks);
  const rest = `${ok} fine, ${skipped} skipped${more}`;
  const { status } = reportOf(checks);
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

interface Group {
  first: CheckResult;
  group: CheckResult[];
}

function groupsOf(checks: readonly CheckResult[], keyOf: (check: CheckResult) => string): Group[] {
  const groups = new Map<string, Group>();
  for (const check of checks) {
    const key = keyOf(check);
    const known = groups.get(key);
    if (known === undefined) groups.set(key, { first: check, group: [check] });
    else known.group.push(check);
  }
  return [...groups.values()];
}

/** A destination is often an address of this length. */
const WIDEST_LABEL = 24;

function fieldsOfGroup(group: readonly CheckResult[], counted: number): Field[] {
  const fine = group.filter(({ status }) => status === 'ok');
  const fields: Field[] = [];
  if (fine.length > 0) {
    const facts = fine.flatMap(({ fact }) => fact ?? []).join(', ');
    fields.push({ label: '', text: counts('ok', fine.length, facts) });
  }
  for (const { name, status, message, hint } of group.filter(isTrouble)) {
    const { mark, tone } = MARKS[status];
    fields.push({ label: troubleLabel(name), text: `${mark} ${message}`, tone });
    if (hint !== undefined) fields.push({ label: '', text: `  → ${hint}` });
  }
  const skipped = group.filter(({ status }) => status === 'skipped');
  for (const reason of new Set(skipped.map(({ message }) => message))) {
    const count = skipped.filter(({ message }) => message === reason).length;
    fields.push({ label: '', text: counts('skipped', count, reason), tone: 'muted' });
  }
  return fields;

  function counts(status: CheckStatus, count: number, text: string): string {
    return `${MARKS[status].mark} ${String(count).padStart(counted)}  ${text}`.trimEnd();
  }
}

function isTrouble({ status }: CheckResult): boolean {
  return status === 'warning' || status === 'failure';
}

/**
 * What was read of a destination stands among its other checks; the check that compares destinations
 * stands for itself.
 */
function groupLabel(name: string): string {
  if (name === 'destination.offsite') return labelOf(name);
  return topicOf(name) === 'verification' ? 'destination' : topicOf(name);
}

function troubleLabel(name: string): string {
  return `  ${topicOf(name) === 'verification' ? topicOf(name) : labelOf(name)}`;
}

function padded(label: string, width: number): string {
  return label + ' '.repeat(Math.max(0, width - widthOf(label)));
}

function allFieldsOf(group: readonly CheckResult[], width: number): Field[] {
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
