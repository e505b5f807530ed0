import path from 'node:path';
import { beginRun } from '../../../schedule/daemon/child.js';
import { runDaemon } from '../../../schedule/daemon/daemon.js';
import { daemonId } from '../../../schedule/daemon/daemon-id.js';
import { Lease } from '../../../schedule/daemon/lease.js';
import type { CommandContext } from '../../context.js';
import { openDaemonLog } from './daemon-log.js';
import { loadSchedule } from './file.js';
import { thisProgram } from './program.js';

interface Serving {
  file: string;
  /** Absolute, of the state. */
  folder: string;
  graceMs: number;
  atOnce: number;
  usesLease: boolean;
  listen: string | undefined;
}

/** The daemon with all that it is handed. Resolves when it was told to end. */
export async function serveSchedule(context: CommandContext, serving: Serving): Promise<void> {
  const { cwd, now, signal } = context;
  const log = openDaemonLog(context);
  const lease = serving.usesLease
    ? new Lease({ connect: context.connectRedis, holder: () => daemonId(serving.folder) })
    : undefined;
  const program = thisProgram(context);
  try {
    await runDaemon({
      ...{ now, signal, log, folder: serving.folder },
      ...{ atOnce: serving.atOnce, graceMs: serving.graceMs },
      random: Math.random,
      file: path.resolve(cwd, serving.file),
      load: () => loadSchedule(context, serving.file),
      begin: (entry, logFile) => beginRun(entry, logFile, { program, cwd, log }),
      claim: lease === undefined ? undefined : (name, dueMs) => lease.claim(name, dueMs),
      onHangup: context.onHangup,
      onReady: () => undefined,
      onLoaded: () => undefined,
      onRefused: () => undefined,
      onTick: () => undefined,
      onStarted: () => undefined,
      onRecord: () => undefined,
    });
    log.info({}, 'ended');
  } finally {
    await lease?.close();
  }
}
