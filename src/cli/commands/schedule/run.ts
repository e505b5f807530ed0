import { randomUUID } from 'node:crypto';
import {
  type ErrorCode,
  MangamotionError,
  codeOfStatus,
  isMangamotionError,
} from '../../../errors.js';
import type { ScheduledEntry } from '../../../schedule/crontab/entry.js';
import type { RunRecord } from '../../../schedule/state/record.js';
import { hasRun } from '../../../schedule/state/record.js';
import { defineCommand } from '../../argv/command.js';
import type { CommandContext } from '../../argv/command.js';
import { FILE_OPTION, loadSchedule } from './file.js';
import { STATE_OPTION, stateFolderOf } from './state-folder.js';

export const scheduleRun = defineCommand({
  description:
    'Run an entry of the schedule now, as the daemon does: with its log, timeout and history. If ' +
    'a daemon is running, it does the work. The exit status is that of the command, or 8 if the ' +
    'run was skipped.',
  arguments: {
    name: {
      description: 'the name of the entry (see `mangamotion schedule next`)',
      complete: 'entry',
    },
  },
  options: { file: FILE_OPTION, stateDir: STATE_OPTION },
  changes: 'always',
  usesStore: true,
  printsRows: false,
  endsInItsOwnTime: true,
  endsWith: ['partial', 'not_found', 'damaged', 'unreachable', 'locked', 'refused'],
  examples: {
    'mangamotion schedule run hourly': 'run an entry before an upgrade',
    'mangamotion schedule run hourly --json | jq .log_file': 'find the log in a script',
  },
  async run(context, { name }, { file, stateDir }) {
    const folder = stateFolderOf(context, stateDir);
    const { entries } = await loadSchedule(context, file);
    const entry = entries.find((one) => one.name === name);
    if (entry === undefined) throw noSuchEntry(name, entries);
    context.progress.start(`running ${name}`);
    const record = await runOnce(context, { folder, entry, entries });
    context.progress.done();
    await context.output.document({
      json: record,
      human: (page) => {
        const [text, isGood] = outcomeText(record);
        page.text(`${isGood ? '✓' : '✕'} ${name}: ${text}`, isGood ? 'good' : 'bad');
        if (record.log_file !== null) page.text(`log: ${folder}/${record.log_file}`);
      },
    });
    return endOf(record);
  },
});

interface RequestedRun {
  folder: string;
  entry: ScheduledEntry;
  entries: readonly ScheduledEntry[];
}

/** Runs the entry here where there is no daemon, else has the daemon run it. */
async function runOnce(context: CommandContext, { folder, entry, entries }: RequestedRun) {
  const id = randomUUID();
  const { runAlone } = await import('../../../schedule/run-alone.js');
  const { thisProgram } = await import('./program.js');
  const { cwd, now, signal } = context;
  const program = thisProgram(context);
  const log = logTo(context);
  for (;;) {
    try {
      return await runAlone({ folder, entry, entries, id, program, cwd, now, signal, log });
    } catch (error) {
      if (!isMangamotionError(error, 'locked')) throw error;
      const { requestRun } = await import('../../../schedule/state/requests.js');
      const { requestsFolderOf } = await import('../../../schedule/state/recorded.js');
      const asked = await requestsFolderOf(folder, { now: now(), signal });
      const record = await requestRun({ folder: asked, name: entry.name, id, now, signal });
      // The daemon has ended meanwhile.
      if (record !== undefined) return record;
    }
  }
}

/** Sends the log of the run to stderr. */
function logTo({ progress, warn }: CommandContext) {
  return {
    info: (_fields: object, message: string) => progress.note(message),
    warn: (_fields: object, message: string) => warn(message),
    error: (_fields: object, message: string) => warn(message),
  };
}

function noSuchEntry(name: string, entries: readonly ScheduledEntry[]): MangamotionError {
  const names = entries.map((entry) => entry.name).join(', ');
  return new MangamotionError('not_found', `the schedule has no entry ${name}`, {
    hint: `there are ${names}`,
  });
}

function outcomeText(record: RunRecord): [text: string, isGood: boolean] {
  const { result, exit_code: exitCode, reason } = record;
  if (!hasRun(record)) return [`${result}: ${reason ?? ''}`, false];
  if (exitCode === 0) return ['done', true];
  const why = reason === null ? '' : `: ${reason}`;
  return [`ended with exit status ${exitCode ?? 'unknown'}${why}`, false];
}

function endOf(record: RunRecord): ErrorCode | undefined {
  return hasRun(record) ? codeOfStatus(record.exit_code) : 'refused';
}
