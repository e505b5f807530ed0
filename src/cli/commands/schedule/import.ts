import path from 'node:path';
import type { Readable } from 'node:stream';
import { MangamotionError } from '../../../errors.js';
import { importCrontab } from '../../../schedule/crontab/import.js';
import { defineCommand } from '../../argv/command.js';
import type { CommandContext } from '../../argv/command.js';
import { problemText, readCrontab } from './file.js';

const MOST_TOLD = 20;

export const scheduleImport = defineCommand({
  description:
    'Convert the crontab lines that call backup-minio.sh or mangamotion to a schedule, and print ' +
    'it. A line that needs a shell, and any other line, is kept as a comment with the reason and ' +
    'reported; the exit status is then 3.',
  arguments: {
    crontab: { description: 'the crontab; - is stdin', complete: 'file' },
  },
  options: {
    system: { description: 'read a system crontab, with a user in each line (/etc/cron.d)' },
  },
  changes: 'nothing',
  usesStore: false,
  printsRows: false,
  endsWith: ['partial', 'not_found'],
  examples: {
    'crontab -l | mangamotion schedule import - > mangamotion.crontab':
      'convert the crontab of this user',
    'mangamotion schedule import --system /etc/cron.d/minio-backup': 'convert a system crontab',
  },
  async run(context, { crontab }, { system }) {
    const text = await textOf(context, crontab);
    const { text: schedule, entries, notes } = importCrontab(text, { isSystem: system });
    const shown = crontab === '-' ? 'stdin' : crontab;
    for (const note of notes.slice(0, MOST_TOLD)) context.warn(problemText(shown, note));
    if (notes.length > MOST_TOLD) context.warn(`and ${notes.length - MOST_TOLD} more`);
    if (entries === 0)
      context.warn(`no line of ${shown} calls backup-minio.sh: the schedule is empty`);
    await context.output.document({
      json: { entries, text: schedule, notes },
      human: (page) => page.text(schedule.trimEnd()),
    });
    return notes.length > 0 || entries === 0 ? 'partial' : undefined;
  },
});

async function textOf(context: CommandContext, crontab: string): Promise<string> {
  const hint = '`crontab -l | mangamotion schedule import -` reads that of this user';
  if (crontab === '-') return await readAll(context.stdin);
  const { bytes } = await readCrontab(path.resolve(context.cwd, crontab), {
    ...{ shown: crontab, hint, acceptsPipe: true },
  });
  return bytes.toString('utf8');
}

const MOST_CHARACTERS = 1024 * 1024;

async function readAll(stdin: Readable): Promise<string> {
  let text = '';
  for await (const chunk of stdin.setEncoding('utf8')) {
    text += String(chunk);
    if (text.length > MOST_CHARACTERS) {
      throw new MangamotionError('usage', 'the crontab is too large: over 1 MiB');
    }
  }
  return text;
}
