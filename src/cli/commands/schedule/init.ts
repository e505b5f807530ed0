import { open } from 'node:fs/promises';
import path from 'node:path';
import { MangamotionError } from '../../../errors.js';
import { errnoOf, explainFileError } from '../../../files/errors.js';
import { TEMPLATE } from '../../../schedule/crontab/template.js';
import { defineCommand } from '../../argv/command.js';
import { DEFAULT_FILE } from './file.js';

export const scheduleInit = defineCommand({
  description:
    'Write a file of the schedule to begin with: an incremental backup every hour, a full one every ' +
    'day, one off site every week, one into cold storage every month. A file that is there is kept.',
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
  examples: [
    { command: 'mangamotion schedule init', meaning: `write ${DEFAULT_FILE} here` },
    { command: 'mangamotion schedule init -', meaning: 'look at it first' },
  ],
  async run(context, { file }) {
    const toStdout = file === '-' || context.dryRun;
    if (!toStdout) await writeNew(path.resolve(context.cwd, file), file);
    await context.output.document({
      json: { file: toStdout ? null : file, dry_run: context.dryRun, text: TEMPLATE },
      human: (page) => {
        if (toStdout) page.text(TEMPLATE.trimEnd());
        else {
          page.text(`✓ wrote ${file}`, 'good');
          page.text('put your destinations into it, then: mangamotion schedule check');
        }
      },
    });
    return undefined;
  },
});

async function writeNew(file: string, shown: string): Promise<void> {
  try {
    const handle = await open(file, 'wx');
    try {
      await handle.writeFile(TEMPLATE);
    } finally {
      await handle.close();
    }
  } catch (cause) {
    if (errnoOf(cause) === 'EEXIST') {
      throw new MangamotionError('refused', `${shown} already exists, and is never overwritten`, {
        hint: 'name another file, or look at what it would be with `mangamotion schedule init -`',
        cause,
      });
    }
    const { code, why } = explainFileError(cause, 'write');
    throw new MangamotionError(
      code === 'disk' ? 'disk' : 'usage',
      `cannot write ${shown}: ${why}`,
      {
        hint: 'name a file in a folder that you may write',
        cause,
      },
    );
  }
}
