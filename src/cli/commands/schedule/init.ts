import { open } from 'node:fs/promises';
import path from 'node:path';
import { MangamotionError } from '../../../errors.js';
import { errnoOf, explainFileError } from '../../../files/errors.js';
import { defineCommand } from '../../argv/command.js';
import { DEFAULT_FILE } from './file.js';

/** The schedule that this command writes. */
export const TEMPLATE = `# The schedule of this deployment. \`mangamotion schedule check\` looks for mistakes,
# \`mangamotion schedule next\` shows what runs when, \`mangamotion schedule\` runs it.
#
# minute hour day-of-month month day-of-week  command of mangamotion
CRON_TZ=UTC

# An hour's changes, kept for a week.
# name=hourly timeout=50m
0 * * * *   backup incremental /mnt/backup --keep-days 7

# Everything, once a day, kept for a month.
# name=daily
0 2 * * *   backup full /mnt/backup --keep-days 30

# Off site, once a week, kept for a year.
# name=weekly
0 3 * * 0   backup full s3://backup-bucket/minio --keep-days 365

# Cold storage, once a month, kept for seven years.
# name=monthly
0 4 1 * *   backup full /mnt/cold-storage --keep-days 2555
`;

export const scheduleInit = defineCommand({
  description:
    'Write a starter schedule: an incremental backup every hour, a full one every day, one off ' +
    'site every week, and one to cold storage every month. An existing file is not overwritten.',
  arguments: {
    file: {
      description: 'the file to write; - prints it instead',
      default: DEFAULT_FILE,
      complete: 'file',
    },
  },
  options: {},
  changes: 'dry-run',
  usesStore: false,
  printsRows: false,
  endsWith: ['refused'],
  examples: {
    'mangamotion schedule init': `write ${DEFAULT_FILE} in the current folder`,
    'mangamotion schedule init -': 'print it first',
  },
  async run(context, { file }) {
    const toStdout = file === '-' || context.dryRun;
    if (!toStdout) await writeNew(path.resolve(context.cwd, file), file);
    await context.output.document({
      json: { file: toStdout ? null : file, dry_run: context.dryRun, text: TEMPLATE },
      human: (page) => {
        if (toStdout) page.text(TEMPLATE.trimEnd());
        else {
          page.text(`✓ wrote ${file}`, 'good');
          page.text('set your destinations in it, then run: mangamotion schedule check');
        }
      },
    });
    return undefined;
  },
});

async function writeNew(file: string, shown: string): Promise<void> {
  try {
    // Who can write to it decides what runs.
    const handle = await open(file, 'wx', 0o644);
    try {
      await handle.writeFile(TEMPLATE);
    } finally {
      await handle.close();
    }
  } catch (cause) {
    if (errnoOf(cause) === 'EEXIST') {
      throw new MangamotionError('refused', `${shown} already exists and is not overwritten`, {
        hint: 'choose another file, or print the schedule with `mangamotion schedule init -`',
        cause,
      });
    }
    const { code, why } = explainFileError(cause, 'write');
    throw new MangamotionError(
      code === 'disk' ? 'disk' : 'usage',
      `cannot write ${shown}: ${why}`,
      {
        hint: 'choose a file in a folder that you can write to',
        cause,
      },
    );
  }
}
