import { costOfDifference, type Finding } from '../../../billing/audit.js';
import { moneyText } from '../../../billing/money.js';
import type { Pricing } from '../../../billing/pricing.js';
import { secondsText } from '../../../billing/usage.js';
import type { Column } from '../../output/columns.js';
import { NumberText } from '../../../csv.js';
import { fieldNames } from '../../output/fields.js';
import { defineCommand } from '../../argv/command.js';
import { countOf } from '../../output/units.js';
import { USAGE_FIELDS } from './usage-text.js';
import { USER_ARGUMENT, openBilling } from './shared-options.js';

export const billingAudit = defineCommand({
  description:
    "Compare each user's lifetime total with the sum of the days and the sum of the jobs that " +
    'have not expired, and list every wrong record. Drift means that usage was billed wrongly or ' +
    "not at all: the exit status is 5. Notes are differences that the backend's own writer " +
    'causes. Nothing is changed.',
  arguments: { user: { ...USER_ARGUMENT, description: 'audit only this user', optional: true } },
  options: {
    notes: {
      description: 'list the notes too, instead of only counting them (--json and --csv have all)',
    },
  },
  changes: 'nothing',
  usesStore: false,
  printsRows: true,
  endsWith: ['damaged', 'unreachable'],
  examples: {
    'mangamotion billing audit': 'audit all users',
    'mangamotion billing audit alice --notes': 'audit one user, with notes',
    'mangamotion billing audit --json | jq \'[.findings[] | select(.severity == "drift")]\'':
      'select drift in a script',
  },
  async run(context, { user }, { notes: withNotes }) {
    const { redis, pricing, today } = await openBilling(context);
    const { audit } = await import('../../../billing/audit-run.js');
    const { auditReport } = await import('../../../reports/billing/audit.js');
    context.progress.start('auditing');
    const result = await audit(redis, {
      ...{ userId: user, today, signal: context.signal },
      onProgress: (records) => context.progress.update({ objects: records }),
    });
    context.progress.done();
    const { findings, drift, notes, parts } = auditReport(result, { userId: user, pricing });
    const { checked } = result;
    const rows = context.output.forPeople && !withNotes ? drift : findings;
    const summary =
      (drift.length === 0 ? '✓ no drift, ' : `✕ drift: ${countOf(drift.length, 'finding')}, `) +
      countOf(notes.length, 'note') +
      `${notes.length > 0 && !withNotes ? ' (shown with --notes)' : ''}; checked ` +
      `${countOf(checked.users, 'user')}, ${countOf(checked.days, 'day')}, ` +
      countOf(checked.jobs, 'job');
    await context.output.rows({
      ...parts,
      fields: {
        ...fieldNames('severity', 'kind', 'user_id', 'key', 'what', 'cause'),
        difference: { ...USAGE_FIELDS, ...fieldNames('cost', 'cost_exact') },
      },
      rows,
      columns: context.output.forPeople ? peopleColumns(pricing) : columnsFor(pricing),
      empty: summary,
      footer: () => (rows.length === 0 ? undefined : summary),
    });
    return drift.length > 0 ? 'damaged' : undefined;
  },
});

/** Returns the columns for a terminal. The long texts, `what` and `cause`, are the last columns. */
function peopleColumns(pricing: Pricing): Column<Finding>[] {
  const columns = columnsFor(pricing);
  const isText = ({ name }: Column<Finding>) => name === 'what' || name === 'cause';
  const cause = columns.filter(({ name }) => name === 'cause');
  const what = columns.filter(({ name }) => name === 'what');
  return [...columns.filter((column) => !isText(column)), ...what, ...cause];
}

function columnsFor(pricing: Pricing): Column<Finding>[] {
  return [
    {
      title: 'severity',
      name: 'severity',
      value: ({ severity }) => severity,
      show: ({ severity }) => (severity === 'drift' ? '✕ drift' : '– note'),
      tone: ({ severity }) => (severity === 'drift' ? 'bad' : 'muted'),
    },
    { title: 'kind', name: 'kind', value: ({ kind }) => kind, dispensable: 4 },
    { title: 'user', name: 'user_id', value: ({ userId }) => userId ?? '' },
    { title: 'record', name: 'key', value: ({ key }) => key ?? '', dispensable: 3 },
    { title: 'what', name: 'what', value: ({ what }) => what, least: 24, wraps: true },
    {
      title: 'probable cause',
      name: 'cause',
      value: ({ cause }) => cause,
      least: 20,
      wraps: true,
      dispensable: 5,
    },
    {
      title: 'bytes',
      name: 'bytes_processed',
      value: ({ difference }) => difference?.bytes ?? '',
      align: 'right',
      dispensable: 1,
    },
    {
      title: 'seconds',
      name: 'compute_seconds',
      value: ({ difference }) =>
        difference === undefined ? '' : new NumberText(secondsText(difference.microseconds)),
      align: 'right',
      dispensable: 2,
    },
    {
      title: 'cost',
      name: 'cost',
      value: (finding) => {
        const cost = costOfDifference(pricing, finding);
        return cost === undefined ? '' : new NumberText(cost.toString());
      },
      show: (finding) => {
        const cost = costOfDifference(pricing, finding);
        return cost === undefined ? '' : moneyText(cost);
      },
      align: 'right',
    },
  ];
}
