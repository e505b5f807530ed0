import { countOf } from '../../count-of.js';
import type { EntryStatus } from '../../schedule/reports.js';
import { hasFailed } from '../../schedule/state/record.js';
import { checkOf } from '../check.js';
import { type Finding, failure, ok, skipped, warning } from '../finding.js';
import type { ScheduleFacts, ScheduleFile } from './facts.js';

const check = checkOf<ScheduleFacts>();

export const scheduleChecks = [
  check('schedule.file', ['scheduleFile'], ({ scheduleFile }) => judgeFile(scheduleFile)),
  check('schedule.trust', ['scheduleFile'], ({ scheduleFile }) => {
    if (scheduleFile.kind !== 'read') return skipped('there is no schedule file to look at');
    const { file, schedule } = scheduleFile;
    if (schedule.openTo === undefined) return ok('nobody else can change the file');
    return failure(
      `others decide what runs: ${schedule.openTo}`,
      `chown root ${file} && chmod go-w ${file}`,
    );
  }),
  check('schedule.zone', ['scheduleFile'], ({ scheduleFile }) => {
    if (scheduleFile.kind !== 'read') return skipped('there is no schedule file to look at');
    const { zoneProblem, entries } = scheduleFile.schedule;
    if (zoneProblem !== undefined) {
      return warning(zoneProblem, 'set TZ to a name such as Europe/Berlin, or CRON_TZ in the file');
    }
    const zones = [...new Set(entries.map(({ timing }) => timing.zone))];
    return ok(`times are in ${zones.join(', ')}`);
  }),
  check('schedule.state', ['scheduleStatus'], ({ scheduleStatus: { state } }) => {
    if (state.kind === 'unusable') {
      return failure(
        `the state cannot be used: ${state.reason}`,
        'restart the daemon: it sets the file aside and begins anew',
      );
    }
    return ok(state.kind === 'none' ? 'no daemon has been there yet' : 'the state can be read');
  }),
  check('schedule.daemon', ['scheduleStatus'], ({ scheduleStatus: { daemon } }) =>
    daemon === null
      ? failure(
          'no daemon is running: nothing starts by itself',
          'systemctl start mangamotion; `mangamotion schedule unit systemd` makes the unit',
        )
      : ok(
          `a daemon is running: process ${daemon.pid} on ${daemon.host}`,
          `daemon on ${daemon.host}`,
        ),
  ),
  check('schedule.daemons', ['daemons', 'entries'], ({ daemons }) => {
    const [first, second] = daemons;
    if (first === undefined || second === undefined) return ok('not more than one daemon is known');
    return failure(
      `two daemons run: process ${first.pid} (${first.folder}) and ${second.pid} (${second.folder}): each entry runs twice`,
      `end one of them (kill ${second.pid}), or run both with --lease redis`,
    );
  }),
  check('schedule.overdue', ['neglected'], ({ neglected }) => {
    const [first] = neglected;
    if (first === undefined) return ok('nothing that came due waits');
    return failure(
      `${countOf(neglected.length, 'entry', 'entries')} came due and did not run, such as ${first}`,
      `restart the daemon; at once: mangamotion schedule run ${first}`,
    );
  }),
  check('schedule.failures', ['scheduleStatus'], ({ scheduleStatus: { entries } }) =>
    judgeRuns(entries),
  ),
  check('schedule.missed', ['scheduleStatus'], ({ scheduleStatus: { entries } }) => {
    const missed = entries.filter(({ last_run: run }) => run?.result === 'missed');
    const [first] = missed;
    if (first === undefined) return ok('no last run was missed');
    return warning(
      `the last run of ${first.name} was missed: ${first.last_run?.reason ?? 'no daemon ran'}`,
      `mangamotion schedule run ${first.name}`,
    );
  }),
  check('schedule.history', ['runs'], ({ runs }) => {
    if (runs === undefined) return skipped('no daemon has been there yet');
    if (runs.damaged > 0) {
      return warning(
        `${countOf(runs.damaged, 'line')} of the history cannot be read: the disk was full, or somebody wrote into it`,
        'mangamotion schedule history shows the others; the daemon goes on by itself',
      );
    }
    return ok(`${countOf(runs.records.length, 'run')} in the history`);
  }),
];

function judgeFile(scheduleFile: ScheduleFile): Finding {
  if (scheduleFile.kind === 'none') {
    return skipped(`there is no schedule file ${scheduleFile.file}`, 'mangamotion schedule init');
  }
  if (scheduleFile.kind === 'unread') {
    const { error } = scheduleFile;
    return failure(error.message, error.hint ?? 'name it with --file');
  }
  const { file, schedule } = scheduleFile;
  const { problems, remarks, entries } = schedule;
  const hint = `mangamotion schedule check --file ${file}`;
  const [problem] = problems;
  if (problem !== undefined) {
    return failure(`${file}:${problem.line}:${problem.column}: ${problem.message}`, hint);
  }
  const [remark] = remarks.filter(
    ({ message }) => message !== schedule.zoneProblem && !isAboutTrust(message, schedule.openTo),
  );
  if (remark !== undefined) {
    return warning(`${file}:${remark.line}:${remark.column}: ${remark.message}`, hint);
  }
  const count = countOf(entries.length, 'entry', 'entries');
  return ok(`${count}, no mistakes`, count);
}

/** Another check tells of it. */
function isAboutTrust(message: string, openTo: string | undefined): boolean {
  return openTo !== undefined && message.startsWith(openTo);
}

function judgeRuns(entries: readonly EntryStatus[]): Finding {
  const failed = entries.filter(({ last_run: run }) => run !== null && hasFailed(run));
  const [first] = failed;
  const run = first?.last_run ?? null;
  if (first === undefined || run === null) return ok('each last run succeeded');
  const { name } = first;
  const how = run.exit_code === null ? 'was cut off' : `ended with ${run.exit_code}`;
  const others = failed.length === 1 ? '' : ` (and ${failed.length - 1} more)`;
  const message = `the last run of ${name} ${how}${others}`;
  const hint = `mangamotion schedule history ${name} --failed shows its log`;
  // 3: finished, but in part.
  return failed.every(({ last_run: its }) => its?.exit_code === 3)
    ? warning(message, hint)
    : failure(message, hint);
}
