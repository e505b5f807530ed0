import path from 'node:path';
import { durationMs } from '../../../duration.js';
import { MangamotionError } from '../../../errors.js';
import { parseListen } from '../../../schedule/notify/listen.js';
import { defineCommand } from '../../argv/command.js';
import { wholeNumber } from '../../values/count.js';
import { FILE_OPTION, loadSchedule } from './file.js';
import { thisProgram } from './program.js';
import { STATE_OPTION, stateFolderOf } from './state-folder.js';

const DEFAULT_AT_ONCE = 4;
const DEFAULT_GRACE_MS = 60_000;

export const scheduleDaemon = defineCommand({
  description:
    'Run the schedule daemon, in place of cron. It runs each entry when it is due, as a child ' +
    'process with its own log, and catches up on missed runs once. SIGHUP or a change to ' +
    'the file reloads the schedule; SIGTERM waits for current runs.',
  arguments: {},
  options: {
    file: FILE_OPTION,
    stateDir: STATE_OPTION,
    grace: {
      value: 'time',
      description: 'how long to wait for current runs at shutdown (default: 60s)',
      parse: readTime,
    },
    maxRunning: {
      value: 'count',
      description: 'the maximum number of parallel runs',
      parse: wholeNumber(1, 4),
      default: DEFAULT_AT_ONCE,
    },
    lease: {
      value: 'where',
      description:
        'claim each run here, so that only one of several daemons runs it; needs REDIS_URL',
      choices: ['redis'],
    },
    listen: {
      value: 'address',
      description: 'serve /healthz, /readyz and /metrics at this address, such as 127.0.0.1:9464',
      parse: parseListen,
    },
  },
  changes: 'always',
  usesStore: true,
  printsRows: false,
  staysOnHangup: true,
  endsInItsOwnTime: true,
  endsWith: ['not_found', 'unreachable', 'locked'],
  examples: {
    'mangamotion schedule': 'run the schedule in mangamotion.crontab',
    'mangamotion schedule --file /etc/mangamotion.crontab --listen 127.0.0.1:9464':
      'run another schedule, with metrics',
    'mangamotion schedule --lease redis': 'run on each of two machines',
  },
  async run(context, _arguments, options) {
    const { cwd, now, signal, onHangup } = context;
    const { file, stateDir, grace, maxRunning, lease, listen } = options;
    const { openDaemonLog } = await import('./daemon-log.js');
    const log = openDaemonLog(context);
    context.logTo(log);
    const { schedule, proxies } = await context.config();
    const folder = stateFolderOf(context, stateDir);
    const { runDaemon } = await import('../../../schedule/daemon.js');
    await runDaemon({
      ...{ cwd, now, signal, onHangup, listen, atOnce: maxRunning },
      folder,
      file: path.resolve(cwd, file),
      load: () => loadSchedule(context, file),
      program: thisProgram(context),
      log,
      graceMs: grace ?? DEFAULT_GRACE_MS,
      connectRedis: lease === 'redis' ? context.connectRedis : undefined,
      pingUrl: schedule.pingUrl,
      moreMetrics: async () => {
        const { readRecords, recordsFolderOf } = await import('../../../drill/records.js');
        const { drillMetrics } = await import('../../../drill/metrics.js');
        return await drillMetrics((await readRecords(recordsFolderOf(folder))).records);
      },
      proxies,
    });
    return undefined;
  },
});

function readTime(text: string): number {
  const ms = durationMs(text);
  if (ms === undefined) throw new MangamotionError('usage', 'must be a time such as 60s or 5m');
  return ms;
}
