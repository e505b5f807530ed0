import path from 'node:path';
import { beginRun } from '../../../schedule/run/child.js';
import { runDaemon } from '../../../schedule/daemon.js';
import { daemonId } from '../../../schedule/state/daemon-id.js';
import type { Engine } from '../../../schedule/engine/engine.js';
import type { Endpoint } from '../../../schedule/notify/endpoint.js';
import { Lease } from '../../../schedule/lease.js';
import type { ListenAddress } from '../../../schedule/notify/listen.js';
import { Telling } from '../../../schedule/notify/notifier.js';
import type { CommandContext } from '../../argv/command.js';
import { openDaemonLog } from './daemon-log.js';
import { loadSchedule } from './file.js';
import { thisProgram } from './program.js';

export interface Serving {
  file: string;
  /** Absolute, of the state. */
  folder: string;
  graceMs: number;
  atOnce: number;
  usesLease: boolean;
  listen: ListenAddress | undefined;
}

/** A schedule that has not been looked at for so long is not running. */
const DEAD_AFTER_MS = 30_000;
/** For pings and hooks, when all runs have ended. */
const TELLING_MS = 10_000;

/** The daemon with all that it is handed. Resolves when it was told to end. */
export async function serveSchedule(context: CommandContext, serving: Serving): Promise<void> {
  const { cwd, now, signal } = context;
  const { folder, file, listen } = serving;
  const { schedule } = await context.config();
  const log = openDaemonLog(context);
  const lease = serving.usesLease
    ? new Lease({ connect: context.connectRedis, holder: () => daemonId(folder) })
    : undefined;
  const { pingUrl } = schedule;
  const hasLease = lease !== undefined;
  const metrics = listen === undefined ? undefined : await newMetrics();
  const telling = new Telling({ folder, cwd, log, metrics, pingUrl, hasLease });
  const program = thisProgram(context);
  const life = new Life(hasLease);
  const endpoint = listen === undefined ? undefined : await openEndpoint(listen, telling, life);
  try {
    await runDaemon({
      ...{ now, signal, log, folder, atOnce: serving.atOnce, graceMs: serving.graceMs },
      random: Math.random,
      file: path.resolve(cwd, file),
      load: () => loadSchedule(context, file),
      begin: (entry, logFile) => beginRun(entry, logFile, { program, cwd, log }),
      claim: lease === undefined ? undefined : (name, dueMs) => lease.claim(name, dueMs),
      onHangup: context.onHangup,
      onReady: (engine) => {
        life.engine = engine;
        telling.ready(engine);
      },
      onLoaded: (entries, isAgain) => {
        telling.loaded(entries, isAgain ? now() : undefined);
        if (isAgain) return;
        const at = endpoint === undefined ? {} : { port: endpoint.port };
        log.info({ entries: entries.length, state: folder, ...at }, 'the schedule runs');
      },
      onRefused: () => telling.refused(now()),
      onTick: () => life.ticked(),
      onStarted: (firing, entry) => telling.started(firing, entry),
      onRecord: (record, entry, state) => telling.recorded(record, entry, state),
    });
    await telling.idle(TELLING_MS);
    log.info({}, 'the schedule has ended');
  } finally {
    await endpoint?.close();
    await lease?.close();
  }
}

/** What the probes ask for. */
class Life {
  engine: Engine | undefined;
  readonly #hasLease: boolean;
  #tickedAtMs = performance.now();

  constructor(hasLease: boolean) {
    this.#hasLease = hasLease;
  }

  ticked(): void {
    this.#tickedAtMs = performance.now();
  }

  health() {
    const silentMs = performance.now() - this.#tickedAtMs;
    const reason = `the schedule was not looked at for ${Math.round(silentMs / 1000)} s`;
    return silentMs < DEAD_AFTER_MS ? { ok: true } : { ok: false, reason };
  }

  ready() {
    if (this.engine === undefined) return { ok: false, reason: 'the schedule is not loaded yet' };
    const isHeldUp = this.#hasLease && !this.engine.canClaim;
    return isHeldUp
      ? { ok: false, reason: 'Redis cannot be reached: no run begins until it can' }
      : this.health();
  }
}

async function newMetrics() {
  const { ScheduleMetrics } = await import('../../../schedule/notify/metrics.js');
  return new ScheduleMetrics();
}

async function openEndpoint(
  address: ListenAddress,
  telling: Telling,
  life: Life,
): Promise<Endpoint> {
  const { openEndpoint: open } = await import('../../../schedule/notify/endpoint.js');
  return await open({
    ...address,
    metrics: () => telling.metricsText(),
    health: () => life.health(),
    ready: () => life.ready(),
  });
}
