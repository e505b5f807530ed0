import type { JobIndexSummary } from '../../../billing/job-index-summary.js';
import type { CounterProblem } from '../../../billing/problems.js';
import { problemText } from '../../../billing/problems.js';
import { MangamotionError } from '../../../errors.js';
import type { RedisReader } from '../../../redis/reader.js';
import { defineCommand } from '../../argv/command.js';
import type { CommandContext } from '../../argv/command.js';
import { countOf, formatCount } from '../../output/units.js';

export const jobsIndex = defineCommand({
  description:
    'Build the index with which the newest jobs of a user are found at once, however many jobs there ' +
    "are, while everybody goes on working. From then on the toolkit's tracker keeps it. A user for " +
    'whom another writer counts is scanned for as before, until it is built again; run it every night ' +
    'to clear it of jobs that are gone.',
  arguments: {},
  options: {
    status: { description: 'tell for how many users the index can be trusted, and build nothing' },
    remove: { description: 'remove the index of all users' },
  },
  changes: 'dry-run',
  usesStore: false,
  printsRows: false,
  exitCodes: [3, 6, 7],
  examples: [
    { command: 'mangamotion jobs index', meaning: 'build it, or build it anew' },
    { command: 'mangamotion jobs index --status', meaning: 'for how many users it is used' },
    { command: 'mangamotion jobs index --remove', meaning: 'do without it' },
  ],
  async run(context, _args, { status, remove }) {
    if (status && remove) {
      throw new MangamotionError('usage', '--status and --remove exclude each other');
    }
    const redis = await context.openRedis();
    if (status) await tellStatus(context, redis);
    else if (remove) await removeAll(context, redis);
    else return await (context.dryRun ? tellPlan : build)(context, redis);
    return undefined;
  },
});

type Status = 3 | undefined;

async function build(context: CommandContext, redis: RedisReader): Promise<Status> {
  const { now, signal, progress } = context;
  const { buildJobIndex } = await import('../../../billing/job-index-build.js');
  const { billing } = await context.config();
  const problems = new Problems(context);
  const { removed } = await buildJobIndex(redis, {
    ...{ now: now(), retentionDays: billing.retentionDays, signal, progress },
    onProblem: problems.add,
  });
  const summary = await readSummary(context, redis);
  await context.output.document({
    json: { dry_run: false, ...summaryAnswer(summary), removed, problems: problems.all },
    human: (page) => {
      page.text(`✓ indexed ${countOf(summary.jobs, 'job')} of ${usersText(summary)}`, 'good');
      if (removed > 0) page.text(`removed ${countOf(removed, 'job')} without a record`);
      page.text('users for whom another writer counts are scanned for, as before');
    },
  });
  return problems.status;
}

async function tellPlan(context: CommandContext, redis: RedisReader): Promise<Status> {
  const { signal, progress } = context;
  const { countIndexable } = await import('../../../billing/job-index-summary.js');
  const problems = new Problems(context);
  progress.start('reading jobs');
  const { users, jobs } = await countIndexable(redis, {
    ...{ signal, onProblem: problems.add },
    onProgress: (objects) => progress.update({ objects }),
  });
  progress.done();
  await context.output.document({
    json: { dry_run: true, users, jobs, problems: problems.all },
    human: (page) => {
      const what = `${countOf(jobs, 'job')} of ${countOf(users, 'user')}`;
      page.text(`would index ${what} (dry run)`);
    },
  });
  return problems.status;
}

async function tellStatus(context: CommandContext, redis: RedisReader): Promise<void> {
  const summary = await readSummary(context, redis);
  await context.output.document({
    json: summaryAnswer(summary),
    human: (page) => {
      if (summary.builtAt === null) {
        page.text('there is no index: mangamotion jobs index builds it');
        return;
      }
      page.fields([
        { label: 'built', text: summary.builtAt },
        { label: 'trusted', text: usersText(summary) },
        { label: 'jobs', text: formatCount(summary.jobs) },
      ]);
    },
  });
}

async function removeAll(context: CommandContext, redis: RedisReader): Promise<void> {
  const { dryRun, signal, progress } = context;
  const { removeJobIndex } = await import('../../../billing/job-index-remove.js');
  progress.start('removing the index');
  const removed = await removeJobIndex(redis, {
    ...{ dryRun, signal },
    onProgress: (objects) => progress.update({ objects }),
  });
  progress.done();
  await context.output.document({
    json: { dry_run: dryRun, removed_keys: removed },
    human: (page) => {
      const what = countOf(removed, 'key');
      if (dryRun) page.text(`would remove the index: ${what} (dry run)`);
      else page.text(`✓ removed the index: ${what}`, 'good');
    },
  });
}

async function readSummary(
  { signal, progress }: CommandContext,
  redis: RedisReader,
): Promise<JobIndexSummary> {
  const { summariseJobIndex } = await import('../../../billing/job-index-summary.js');
  progress.start('reading the index');
  const summary = await summariseJobIndex(redis, {
    signal,
    onProgress: (objects) => progress.update({ objects }),
  });
  progress.done();
  return summary;
}

function summaryAnswer({ builtAt, users, trustedUsers, jobs }: JobIndexSummary): object {
  return { built_at: builtAt, users, trusted_users: trustedUsers, jobs };
}

function usersText({ users, trustedUsers }: JobIndexSummary): string {
  return `${formatCount(trustedUsers)} of ${countOf(users, 'user')}`;
}

/** Keys that hold no job: told once each, at most so many. */
class Problems {
  readonly #byKey = new Map<string, CounterProblem>();
  readonly #context: CommandContext;

  constructor(context: CommandContext) {
    this.#context = context;
  }

  readonly add = (problem: CounterProblem): void => {
    // A scan may name a key twice.
    if (this.#byKey.has(problem.key)) return;
    this.#byKey.set(problem.key, problem);
    if (this.#byKey.size <= MOST_TOLD) {
      this.#context.warn(`${problemText(problem)}: it is no job of anyone`);
    }
  };

  get all(): CounterProblem[] {
    return [...this.#byKey.values()];
  }

  get status(): Status {
    return this.#byKey.size > 0 ? 3 : undefined;
  }
}

const MOST_TOLD = 20;
