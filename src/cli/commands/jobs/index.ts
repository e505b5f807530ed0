import { MangamotionError } from '../../../errors.js';
import { defineCommand } from '../../argv/command.js';
import type { CommandContext } from '../../argv/command.js';
import { countOf } from '../../output/units.js';

/** Stays for one release, so that a nightly line in a crontab does not fail. */
export const jobsIndex = defineCommand({
  description:
    'There is no job index any more: `jobs list` reads the billing records themselves. This ' +
    'command prints a warning and does nothing. With --remove it removes the index that an ' +
    'earlier version built. The next release drops the command.',
  arguments: {},
  options: {
    status: { description: 'print the warning, as without options' },
    remove: { description: 'remove the index that an earlier version built' },
  },
  changes: 'dry-run',
  usesStore: false,
  printsRows: false,
  endsWith: ['unreachable'],
  examples: {
    'mangamotion jobs index --remove': 'remove an old index',
    'mangamotion jobs index --remove --dry-run': 'show how many keys would be removed',
  },
  async run(context, _args, { status, remove }) {
    if (status && remove) {
      throw new MangamotionError('usage', '--status and --remove cannot be combined');
    }
    if (remove) await removeIndex(context);
    else await reportRemoval(context);
    return undefined;
  },
});

async function reportRemoval({ dryRun, output, warn }: CommandContext): Promise<void> {
  warn(
    'jobs index does nothing any more: jobs list reads the billing records themselves; take this ' +
      'command out of your crontab, and run "mangamotion jobs index --remove" once',
  );
  await output.document({ json: { dry_run: dryRun, built_at: null }, human: () => undefined });
}

async function removeIndex(context: CommandContext): Promise<void> {
  const { dryRun, signal, progress } = context;
  const { removeJobIndex } = await import('../../../billing/remove-job-index.js');
  const redis = await context.openRedis();
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
