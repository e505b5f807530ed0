import { MangamotionError } from '../../../errors.js';
import { defineCommand } from '../../argv/command.js';
import { JOB_ARGUMENT, openBilling, warnOf } from './shared-options.js';

export const billingJob = defineCommand({
  description:
    'Tell what a job has used, what that costs, and how it ended. Records of jobs live for 365 days. ' +
    'Discounts belong to months, not to jobs.',
  arguments: { job: JOB_ARGUMENT },
  options: { explain: { description: 'print the arithmetic' } },
  changes: 'nothing',
  usesStore: false,
  printsRows: false,
  endsWith: ['partial', 'not_found', 'damaged', 'unreachable'],
  examples: [
    { command: 'mangamotion billing job 4711', meaning: 'for people' },
    { command: 'mangamotion billing job 4711 --explain', meaning: 'how its cost comes about' },
    { command: "mangamotion billing job 4711 --json | jq '.job_cost'", meaning: 'one figure' },
  ],
  async run(context, { job }, { explain }) {
    const { redis, pricing } = await openBilling(context);
    const { readJobDetails } = await import('../../../billing/job-details.js');
    const { jobAnswer } = await import('../../../billing/answers.js');
    const { explainCost } = await import('../../../billing/explain.js');
    const { moneyText } = await import('../../../billing/money.js');
    const { computeText } = await import('./usage-text.js');
    const details = await readJobDetails(redis, job, pricing);
    if (details === undefined) {
      throw new MangamotionError('not_found', `no billing record of job ${job}`, {
        hint: 'records of jobs live for 365 days; a job that has not ended yet may have none',
      });
    }
    const { usage, cost, problems } = details;
    warnOf(context, problems);
    const lines = explain ? explainCost(pricing, usage) : undefined;
    await context.output.document({
      json: { ...jobAnswer(details), problems, explain: lines },
      human: (page) => {
        const { people } = page;
        page.fields([
          { label: 'job', text: details.jobId, tone: 'strong' },
          { label: 'user', text: details.userId ?? 'not recorded' },
          { label: 'status', text: details.status ?? 'not recorded' },
          { label: 'bytes', text: `${people.bytes(usage.bytes)} (${people.count(usage.bytes)})` },
          { label: 'compute', text: computeText(people, usage.microseconds) },
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
