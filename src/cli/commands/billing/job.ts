import { MangamotionError } from '../../../errors.js';
import { defineCommand } from '../../argv/command.js';
import { JOB_ARGUMENT, openReport, warnOf } from './shared-options.js';

export const billingJob = defineCommand({
  description:
    'Show what a job used, what it costs, and how it ended. Job records expire after 365 days. ' +
    'Discounts apply to months, not to jobs.',
  arguments: { job: JOB_ARGUMENT },
  options: { explain: { description: 'show how the cost is calculated' } },
  changes: 'nothing',
  usesStore: false,
  printsRows: false,
  endsWith: ['partial', 'not_found', 'damaged', 'unreachable'],
  examples: {
    'mangamotion billing job 4711': 'show usage and cost',
    'mangamotion billing job 4711 --explain': 'show how its cost is calculated',
    "mangamotion billing job 4711 --json | jq '.job_cost'": 'print only the cost',
  },
  async run(context, { job }, { explain }) {
    const { redis, pricing } = await openReport(context);
    const { readJobDetails } = await import('../../../billing/job-records.js');
    const { jobAnswer } = await import('../../../billing/answers.js');
    const { explainCost } = await import('../../../billing/explain.js');
    const { moneyText } = await import('../../../billing/money.js');
    const { meteredFields } = await import('./usage-text.js');
    const details = await readJobDetails(redis, job, pricing);
    if (details === undefined) {
      throw new MangamotionError('not_found', `no billing record of job ${job}`, {
        hint: 'job records expire after 365 days; an unfinished job may have none',
      });
    }
    const { usage, cost, problems } = details;
    warnOf(context, problems);
    const lines = explain ? explainCost(pricing, usage) : undefined;
    await context.output.document({
      json: { ...jobAnswer(details), problems, explain: lines },
      human: (page) => {
        page.fields([
          { label: 'job', text: details.jobId, tone: 'strong' },
          { label: 'user', text: details.userId ?? 'not recorded' },
          { label: 'status', text: details.status ?? 'not recorded' },
          ...meteredFields(page.people, usage),
          { label: 'completed', text: details.completedAt ?? 'not recorded' },
          { label: 'last call', text: details.timestamp ?? 'not recorded' },
          { label: 'metadata', text: JSON.stringify(details.metadata) },
          { label: 'cost', text: moneyText(cost), tone: 'strong' },
        ]);
        if (lines !== undefined) page.text('').text(lines.join('\n'));
      },
    });
    return problems.length > 0 ? 'partial' : undefined;
  },
});
