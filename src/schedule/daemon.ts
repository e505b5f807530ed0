import { once } from 'node:events';
import path from 'node:path';
import type { ProxySettings } from '../config/proxy.js';
import type { Secret } from '../config/secret.js';
import { MangamotionError, isMangamotionError, messageOf } from '../errors.js';
import { describeOwner } from '../lock/owner.js';
import type { ScheduledEntry } from './crontab/entry.js';
import { Engine } from './engine/engine.js';
import { openState, stillRunning } from './engine/recovery.js';
import type { RedisConnect } from './lease.js';
import { RedisLease, daemonId } from './lease.js';
import type { ListenAddress } from './notify/listen.js';
import { Notifier } from './notify/notifier.js';
import { Probes } from './notify/probes.js';
import type { ChildParts } from './run/child.js';
import { adoptRun, startChild } from './run/child.js';
import type { RunRequest } from './state/requests.js';
import { ownFolderOf } from './state/own-folder.js';
import { takeRequests, watchRequests } from './state/requests.js';
import { StateFolder } from './state/state-folder.js';
import { WatchedFile, watchFolder } from './state/watched-file.js';
import { warnOfSurroundings } from './surroundings.js';
import { Ticker } from './timers.js';

export interface DaemonOptions extends ChildParts {
  /** The absolute path of the state folder. */
  folder: string;
  /** The absolute path of the schedule. */
  file: string;
  /** Reads the schedule. Rejects, with all its mistakes, where it has any that keep it from running. */
  load: () => Promise<LoadedSchedule>;
  now: () => Date;
  /** Ends the daemon. */
  signal: AbortSignal;
  /** Calls the listener whenever the schedule must be read again. */
  onHangup: (listener: () => void) => void;
  /** How long runs may go on when the daemon ends. */
  graceMs: number;
  /** The most runs at once. */
  atOnce: number;
  /** Connects to the Redis in which firings are claimed; `undefined` where the daemon is alone. */
  connectRedis: RedisConnect | undefined;
  /** The address at which probes are served; `undefined` for none. */
  listen: ListenAddress | undefined;
  pingUrl: Secret | undefined;
  /** Resolves to metrics of others, in the text format of Prometheus, to be served with ours. */
  moreMetrics?: (() => Promise<string>) | undefined;
  /** For pings and hooks. */
  proxies?: ProxySettings | undefined;
}

export interface LoadedSchedule {
  entries: ScheduledEntry[];
  /** What `schedule check` would report, for the log. */
  remarks: readonly string[];
  /** Why others than root and this user can change the file; `undefined` where they cannot. */
  openTo: string | undefined;
}

/** The parts of a daemon that has opened its state. */
interface Daemon {
  options: DaemonOptions;
  state: StateFolder;
  schedule: WatchedFile;
  engine: Engine;
  probes: Probes;
}

/** How long pings and hooks may go on when all runs have ended. */
const NOTIFY_MS = 10_000;
/** The pause before a changed file is read again: it may be half written. */
const SETTLES_MS = 500;

/**
 * Runs the schedule until the signal is aborted. Rejects if the schedule has mistakes, with `usage` if
 * it cannot listen at the address, and with `locked` if another daemon holds the state folder or takes it
 * later.
 */
export async function runDaemon(options: DaemonOptions): Promise<void> {
  const { folder, log, connectRedis: connect, listen, signal } = options;
  const lease = connect && new RedisLease({ connect, holder: () => daemonId(ownFolderOf(folder)) });
  // The code of the metrics and of the server takes memory.
  const metrics = listen && new (await import('./notify/metrics.js')).ScheduleMetrics();
  const notifier = new Notifier(options, metrics);
  const probes = new Probes(metrics, {
    hasLease: lease !== undefined,
    moreMetrics: options.moreMetrics,
  });
  const endpoint =
    listen && (await (await import('./notify/endpoint.js')).openEndpoint(listen, probes));
  try {
    const { entries, remarks } = await options.load();
    warnOf(remarks, options);
    const schedule = await WatchedFile.open(options.file);
    const state = await StateFolder.lock(folder, 'schedule', { log, signal });
    try {
      const engine = await startEngine(entries, { options, state, lease, notifier });
      probes.engineStarted(engine, entries);
      const at = endpoint && { port: endpoint.port };
      log.info({ entries: entries.length, state: folder, ...at }, 'the schedule runs');
      await warnOfSurroundings({ folder, atOnce: options.atOnce, log });
      const lost = await runCycles({ options, state, schedule, engine, probes });
      await stopEngine(engine, options, lost);
      lost.throwIfAborted();
    } finally {
      await state.release();
    }
    await notifier.idle(NOTIFY_MS);
    log.info({}, 'the schedule has ended');
  } finally {
    await endpoint?.close();
    await lease?.close();
  }
}

interface EngineDependencies {
  options: DaemonOptions;
  state: StateFolder;
  lease: RedisLease | undefined;
  notifier: Notifier;
}

/** Starts the engine from the saved state, and adopts runs that outlived the last daemon. */
async function startEngine(
  entries: readonly ScheduledEntry[],
  { options, state, lease, notifier }: EngineDependencies,
): Promise<Engine> {
  const { folder, atOnce, now, log } = options;
  const saved = await openState(ownFolderOf(folder), entries, { now: now(), log });
  const observer = await describeOwner('schedule');
  const alive = await stillRunning(saved, observer);
  const engine = new Engine({
    ...{ now, random: Math.random, atOnce, log, lease, store: state, notifier },
    startRun: (entry, logFile) => startChild(entry, path.join(folder, logFile), options),
  });
  engine.resume(entries, saved, ({ id }) => {
    const owner = alive.get(id);
    return owner && adoptRun(owner, observer);
  });
  return engine;
}

/**
 * Repeats the cycle whenever something is due, has changed or was requested, until the daemon must end.
 * Resolves to a signal that is aborted if another daemon took the state folder.
 */
async function runCycles(daemon: Daemon): Promise<AbortSignal> {
  const { options, schedule, engine } = daemon;
  const { file, folder, log, now, signal } = options;
  const lost = new AbortController();
  let isHangup = false;
  const ticker = new Ticker(now, async () => {
    const mustReload = isHangup;
    isHangup = false;
    try {
      await runCycle(daemon, mustReload);
    } catch (error) {
      if (isMangamotionError(error, 'locked')) lost.abort(error);
      else log.error({ reason: messageOf(error) }, 'the schedule goes on after a failure');
    }
    return schedule.isSettling ? now().getTime() + SETTLES_MS : engine.wakeAtMs;
  });
  options.onHangup(() => {
    isHangup = true;
    ticker.wake();
  });
  const unwatch = [
    await watchRequests(ownFolderOf(folder), () => ticker.wake()),
    watchFolder(path.dirname(file), (name) => {
      if (name === path.basename(file)) ticker.wake();
    }),
  ];
  const end = AbortSignal.any([signal, lost.signal]);
  if (!end.aborted) await once(end, 'abort');
  for (const stop of unwatch) stop();
  ticker.stop();
  return lost.signal;
}

/** One cycle of the daemon. Rejects with `locked` where another daemon took the state folder. */
async function runCycle(daemon: Daemon, mustReload: boolean): Promise<void> {
  const { options, state, schedule, engine, probes } = daemon;
  await state.keepLock();
  if ((await schedule.hasChanged()) || mustReload) await reload(daemon);
  await engine.tick();
  for (const request of await takeRequests(ownFolderOf(options.folder)))
    runRequest(engine, request, options.now());
  probes.cycleEnded();
}

function warnOf(remarks: readonly string[], { log }: Pick<DaemonOptions, 'log'>): void {
  for (const remark of remarks) log.warn({}, remark);
}

/** Replaces the schedule. A schedule with mistakes is ignored. */
async function reload({ options, engine, probes }: Daemon): Promise<void> {
  const { load, log, now } = options;
  try {
    const { entries, remarks, openTo } = await load();
    // A file that was in use before is only warned of: an upgrade must not stop backups. To take up what
    // somebody else may have written is another thing.
    if (openTo !== undefined) throw new MangamotionError('refused', openTo);
    warnOf(remarks, options);
    engine.replace(entries);
    probes.reloaded(entries, now());
    log.info({ entries: entries.length }, 'the schedule was reloaded');
  } catch (error) {
    probes.reloadFailed(now());
    log.error(
      { reason: messageOf(error) },
      isMangamotionError(error, 'refused')
        ? 'the schedule on the disk is not read: the old one stays in use'
        : 'the schedule on the disk has mistakes: the old one stays in use',
    );
  }
}

/** Older requests are dropped: nobody waits for them any more. */
const REQUEST_AGE_MS = 60_000;

function runRequest(engine: Engine, { id, name, requestedAt }: RunRequest, now: Date): void {
  const entry = engine.entryOf(name);
  const isOld = now.getTime() - Date.parse(requestedAt) > REQUEST_AGE_MS;
  if (isOld) engine.refuse({ id, name }, 'it was requested too long ago');
  else if (entry === undefined) engine.refuse({ id, name }, 'the daemon has no such entry');
  else void engine.runNow(entry, id);
}

/** Waits for runs to end; if another daemon took the folder, ends them at once. */
async function stopEngine(
  engine: Engine,
  { graceMs, log }: DaemonOptions,
  lost: AbortSignal,
): Promise<void> {
  const running = engine.runningCount;
  if (running > 0) log.info({ running, grace_seconds: graceMs / 1000 }, 'waiting for runs to end');
  await engine.stop(lost.aborted ? 0 : graceMs);
}
