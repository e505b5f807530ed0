import { realpathSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { processEnvironment } from '../../../config/environment.js';
import { MangamotionError } from '../../../errors.js';
import type { SmallFile } from '../../../files/bounded.js';
import { readSmallFile } from '../../../files/bounded.js';
import { errnoOf, explainFileError } from '../../../files/errors.js';
import type { Crontab } from '../../../schedule/crontab/crontab.js';
import { checkCrontab } from '../../../schedule/crontab/check.js';
import type { Problem, Remark } from '../../../schedule/crontab/entry.js';
import { isZone, zoneOfTz } from '../../../schedule/crontab/zone.js';
import type { LoadedSchedule } from '../../../schedule/daemon.js';
import { writableByOthers } from '../../../schedule/trust.js';
import type { CommandContext } from '../../argv/command.js';
import { countOf } from '../../output/units.js';
import { missingDestination, validateCommand, withDestination } from './validate.js';

export const DEFAULT_FILE = 'mangamotion.crontab';

export const FILE_OPTION = {
  value: 'path',
  description: 'the schedule file',
  default: DEFAULT_FILE,
  complete: 'file',
} as const;

/** A schedule has hundreds of lines, not millions. */
const MOST_BYTES = 1024 * 1024;

/** Long enough for a command that prints a crontab: `--file <(…)`. */
const PIPE_MS = 10_000;

/** Where CRON_TZ does not say: the zone of this machine, or that of TZ. */
export function systemZone(): string {
  return zoneInForce(new Date()).zone;
}

const LOCAL_TIME = '/etc/localtime';

/** The zone that TZ names; where it names none, the zone of JavaScript, and what is wrong with TZ. */
function zoneInForce(now: Date): { zone: string; problem: string | undefined } {
  const { TZ: tz } = processEnvironment();
  const known = tz === undefined ? undefined : zoneOfTz(tz === `:${LOCAL_TIME}` ? localTime() : tz);
  if (known !== undefined) return { zone: known, problem: undefined };
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions() as { timeZone?: string };
  const zone = timeZone !== undefined && isZone(timeZone) ? timeZone : zoneOfOffset(now);
  if (tz === undefined) return { zone, problem: undefined };
  const problem =
    `TZ=${JSON.stringify(tz)} is not the name of a time zone, such as Europe/Berlin: ` +
    `times are read as ${zone}`;
  return { zone, problem };
}

function localTime(): string {
  try {
    return realpathSync(LOCAL_TIME);
  } catch {
    return LOCAL_TIME;
  }
}

/** A rule such as `UTC+2` has given JavaScript an offset without a name. */
function zoneOfOffset(now: Date): string {
  const behindUtcHours = now.getTimezoneOffset() / 60;
  const zone = `Etc/GMT${behindUtcHours < 0 ? '' : '+'}${behindUtcHours}`;
  return behindUtcHours !== 0 && isZone(zone) ? zone : 'UTC';
}

interface ReadOptions {
  /** Whether the file may be a pipe, such as `<(…)`. A daemon reads it again, which a pipe cannot do. */
  acceptsPipe: boolean;
}

interface ScheduleRead extends Crontab {
  /** Why others can change the file; `undefined` where they cannot. */
  openTo: string | undefined;
  /** What is wrong with the zone of entries that name none; `undefined` where nothing is. */
  zoneProblem: string | undefined;
}

/** Reads and checks the file, whatever is in it. Rejects with `not_found` where there is none. */
export async function readSchedule(
  context: CommandContext,
  file: string,
  { acceptsPipe }: ReadOptions = { acceptsPipe: true },
): Promise<ScheduleRead> {
  const { bytes, stats } = await readCrontab(path.resolve(context.cwd, file), {
    shown: file,
    hint: '`mangamotion schedule init` creates one; --file selects another',
    acceptsPipe,
  });
  const now = context.now();
  const { zone, problem: zoneProblem } = zoneInForce(now);
  const crontab = await checkCrontab(bytes.toString('utf8'), {
    ...{ zone, zoneProblem, now },
    validate: (argv) => validateCommand(argv, context.catalog),
    inspect: (entry) => missingDestination(entry, context),
  });
  const ourUid = process.geteuid?.();
  const openTo =
    stats.isFile() && ourUid !== undefined ? writableByOthers(stats, ourUid) : undefined;
  if (openTo === undefined) return { ...crontab, openTo, zoneProblem };
  const message = `${openTo}, and so decide what runs: \`chown\` and \`chmod go-w\` end that`;
  const remark: Remark = { line: 1, column: 1, message, severity: 'mistake' };
  return { ...crontab, remarks: [remark, ...crontab.remarks], openTo, zoneProblem };
}

/** The same where it is to be used: rejects with `configuration`, and all mistakes, where it has any. */
export async function readGoodSchedule(
  context: CommandContext,
  file: string,
  options?: ReadOptions,
): Promise<ScheduleRead> {
  const crontab = await readSchedule(context, file, options);
  const { problems } = crontab;
  if (problems.length === 0) return crontab;
  const list = problems.map((problem) => `\n  - ${problemText(file, problem)}`).join('');
  throw new MangamotionError('configuration', `${countOf(problems.length, 'mistake')}:${list}`, {
    hint: 'fix them, then run `mangamotion schedule check`',
  });
}

/** The entries of such a file, ready to run, and what the log should say of the file. */
export async function loadSchedule(context: CommandContext, file: string): Promise<LoadedSchedule> {
  const { entries, remarks, openTo } = await readGoodSchedule(context, file, {
    acceptsPipe: false,
  });
  return {
    entries: await Promise.all(entries.map((entry) => withDestination(entry, context))),
    remarks: remarks.map((remark) => problemText(file, remark)),
    openTo,
  };
}

/** `mangamotion.crontab:3:7: …`, as compilers tell it. */
export function problemText(file: string, { line, column, message }: Problem): string {
  return `${file}:${line}:${column}: ${message}`;
}

/** Rejects with `not_found`, and the hint, or with `usage` for what cannot be read as such a file. */
export async function readCrontab(
  file: string,
  { shown, hint, acceptsPipe }: ReadOptions & { shown: string; hint: string },
): Promise<SmallFile> {
  try {
    const limits = { mostBytes: MOST_BYTES, ...(acceptsPipe && { pipeMs: PIPE_MS }) };
    return await readSmallFile(file, limits);
  } catch (cause) {
    if (errnoOf(cause) === 'ENOENT') {
      throw new MangamotionError('not_found', `there is no file ${shown}`, { hint, cause });
    }
    const { why } = explainFileError(cause, 'read');
    throw new MangamotionError('usage', `cannot read ${shown}: ${why}`, { cause });
  }
}
