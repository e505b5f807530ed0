import { open } from 'node:fs/promises';
import path from 'node:path';
import { MangamotionError } from '../../../errors.js';
import { errnoOf, explainFileError } from '../../../files/errors.js';
import type { CommandContext } from '../../argv/command.js';
import { defineCommand } from '../../argv/command.js';
import { DEFAULT_FILE } from './file.js';

const DRILL_OBJECT = `# A lost object, recovered and compared, once a month. With another server for drills (DRILL_S3_*),
# \`drill all\` does it for every scenario.
# name=drill
30 5 2 * *  drill object /mnt/backup
`;

const DRILL_ALL = `# Every scenario of a recovery, on the server for drills, once a month.
# name=drill
30 5 2 * *  drill all /mnt/backup
`;

/** The schedule that this command writes: where there is a server for drills, one of everything. */
function templateFor(hasDrillServer: boolean): string {
  return TEMPLATE.replace(DRILL_OBJECT, hasDrillServer ? DRILL_ALL : DRILL_OBJECT);
}

/** The schedule for a store without a server for drills. */
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

# Can everything be read? A bit every day, every byte within 30 days.
# name=verify
30 6 * * *  backup verify /mnt/backup --within 30d

${DRILL_OBJECT}
# Was all usage billed? Every night.
# name=audit
30 4 * * *  billing audit
`;

export const scheduleInit = defineCommand({
  description:
    'Write a starter schedule: an incremental backup every hour, a full one every day, one off ' +
    'site every week and one to cold storage every month. Every day a part of the backups is read ' +
    'and the billing is audited, and every month a recovery is drilled. An existing file is not ' +
    'overwritten.',
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
    const text = templateFor(await hasDrillServer(context));
    const toStdout = file === '-' || context.dryRun;
    if (!toStdout) await writeNew(path.resolve(context.cwd, file), file, text);
    await context.output.document({
      json: { file: toStdout ? null : file, dry_run: context.dryRun, text },
      human: (page) => {
        if (toStdout) page.text(text.trimEnd());
        else {
          page.text(`✓ wrote ${file}`, 'good');
          page.text('set your destinations in it, then run: mangamotion schedule check');
        }
      },
    });
    return undefined;
  },
});

/** Settings with mistakes are told by the commands that need them. */
async function hasDrillServer({ config }: CommandContext): Promise<boolean> {
  try {
    return (await config()).drill.store.address !== undefined;
  } catch {
    return false;
  }
}

async function writeNew(file: string, shown: string, text: string): Promise<void> {
  try {
    // Who can write to it decides what runs.
    const handle = await open(file, 'wx', 0o644);
    try {
      await handle.writeFile(text);
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
