import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { MangamotionError } from '../../../errors.js';
import type { Crontab } from '../../../schedule/crontab/crontab.js';
import { checkCrontab } from '../../../schedule/crontab/crontab.js';
import type { ScheduledEntry } from '../../../schedule/crontab/entry.js';
import type { Problem } from '../../../schedule/crontab/entry.js';
import type { CommandContext } from '../../argv/command.js';
import { countOf } from '../../output/units.js';
import { validateCommand, withDestination } from './validate.js';

export const DEFAULT_FILE = 'mangamotion.crontab';

export const FILE_OPTION = {
  value: 'path',
  description: 'the schedule file',
  default: DEFAULT_FILE,
  complete: 'file',
} as const;

/** A schedule has hundreds of lines, not millions. */
const MOST_BYTES = 1024 * 1024;

/** Where CRON_TZ does not say: the zone of this machine, or that of TZ. */
export function systemZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/** Reads and checks the file, whatever is in it. Rejects with `not_found` where there is none. */
export async function readSchedule(context: CommandContext, file: string): Promise<Crontab> {
  const text = await readText(
    path.resolve(context.cwd, file),
    file,
    '`mangamotion schedule init` creates one; --file selects another',
  );
  return await checkCrontab(text, {
    zone: systemZone(),
    validate: (argv) => validateCommand(argv, context.catalog),
    now: context.now(),
  });
}

/** The same where it is to be used: rejects with `configuration`, and all mistakes, where it has any. */
export async function readGoodSchedule(context: CommandContext, file: string): Promise<Crontab> {
  const crontab = await readSchedule(context, file);
  const { problems } = crontab;
  if (problems.length === 0) return crontab;
  const list = problems.map((problem) => `\n  - ${problemText(file, problem)}`).join('');
  throw new MangamotionError('configuration', `${countOf(problems.length, 'mistake')}:${list}`, {
    hint: 'fix them, then run `mangamotion schedule check`',
  });
}

/** The entries of such a file, ready to run. */
export async function loadSchedule(
  context: CommandContext,
  file: string,
): Promise<ScheduledEntry[]> {
  const { entries } = await readGoodSchedule(context, file);
  return await Promise.all(entries.map((entry) => withDestination(entry, context)));
}

/** `mangamotion.crontab:3:7: …`, as compilers tell it. */
export function problemText(file: string, { line, column, message }: Problem): string {
  return `${file}:${line}:${column}: ${message}`;
}

/** Rejects with `not_found`, and the hint, or with `usage` for what cannot be read as such a file. */
export async function readText(file: string, shown: string, hint: string): Promise<string> {
  let bytes: Buffer;
  try {
    bytes = await readFile(file);
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
    if (code === 'ENOENT') {
      throw new MangamotionError('not_found', `there is no file ${shown}`, {
        hint,
        cause,
      });
    }
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new MangamotionError('usage', `cannot read ${shown}: ${reason}`, { cause });
  }
  if (bytes.length > MOST_BYTES) {
    throw new MangamotionError('usage', `${shown} is too large for a schedule: over 1 MiB`);
  }
  return bytes.toString('utf8');
}
