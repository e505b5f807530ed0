import { moneyText } from '../../../billing/money.js';
import type { UserSummary } from '../../../billing/user-summary.js';
import { defineCommand } from '../../argv/command.js';
import type { Page } from '../../output/page.js';
import type { ReportContext } from './shared-options.js';
import { MONTH_OPTION, USER_ARGUMENT, begunMonth, openReport, warnOf } from './shared-options.js';
import { monthFields, usageFields } from './usage-text.js';

export const billingSummary = defineCommand({
  description:
    'Show the lifetime usage of a user with its gross cost, and the cost of a month: gross, the ' +
    'discount of its tier, and net. A month is open until it ends, then final. If daily counters ' +
    'of the month have expired, its costs are unknown and the exit status is 3. An unknown user ' +
    'has no usage.',
  arguments: { user: USER_ARGUMENT },
  options: {
    month: MONTH_OPTION,
    explain: { description: 'show how the month is calculated, in both discount modes' },
  },
  changes: 'nothing',
  usesStore: false,
  printsRows: false,
  endsWith: ['partial', 'unreachable'],
  examples: {
    'mangamotion billing summary alice': 'show the lifetime and this month',
    'mangamotion billing summary alice --month 2026-10': 'show the invoice of a month',
    "mangamotion billing summary alice --json | jq '.month.net_cost'": 'print only the net cost',
  },
  async run(context, { user }, { month, explain }) {
    const reportContext = await openReport(context);
    const { summariseUser } = await import('../../../billing/user-summary.js');
    const { summaryAnswer } = await import('../../../billing/answers.js');
    const chosen = begunMonth(month, reportContext.today);
    const summary = await summariseUser(reportContext.redis, user, chosen, reportContext);
    if (!summary.known) context.progress.note(`note: no record of user ${user}`);
    warnOf(context, summary.problems);
    const lines = explain ? await explained(reportContext, summary) : undefined;
    await context.output.document({
      json: { ...summaryAnswer(summary), problems: summary.problems, explain: lines },
      human: (page) => describe(page, summary),
    });
    const isPartial = summary.problems.length > 0 || summary.month.state === 'expired';
    return isPartial ? 'partial' : undefined;

    function describe(page: Page, { userId, lifetime, cost, month: bill }: UserSummary): void {
      page.fields([
        { label: 'user', text: userId, tone: 'strong' },
        ...usageFields(page.people, lifetime),
        { label: 'cost', text: `${moneyText(cost)} gross` },
      ]);
      page.text('').fields(monthFields(page.people, bill));
      if (lines !== undefined) page.text('').text(lines.join('\n'));
    }
  },
});

async function explained({ pricing }: ReportContext, { month }: UserSummary): Promise<string[]> {
  const { explainMonth } = await import('../../../billing/explain.js');
  return explainMonth(pricing, month);
}
