import path from 'node:path';
import { isMangamotionError, messageOf } from '../errors.js';
import { describeOwner } from '../lock/owner.js';
import { appendHistory } from './state/history.js';
import { writeState } from './state/state-file.js';
import type { EngineParts } from './engine/engine-parts.js';
import type { Child } from './run/firing-record.js';
import { Engine } from './engine/engine.js';
import { adoptRun } from './run/child.js';
import { HeldFolder } from './state/held-folder.js';
import { logPathOf } from './run/log-path.js';
import { openState, stillRunning } from './engine/open-state.js';
import type { ScheduledEntry } from './crontab/entry.js';
import type { RunRequest } from './state/requests.js';
import { takeRequests, watchRequests } from './state/requests.js';
import { lockStateFolder } from './state/state-lock.js';
import { Ticker } from './engine/ticker.js';
import { watchFolder } from './state/watch-folder.js';
import { WatchedFile } from './state/watched-file.js';

export interface DaemonParts extends Pick<
  EngineParts,
  'now' | 'random' | 'claim' | 'onStarted' | 'onRecord' | 'atOnce' | 'log'
> {
  /** Absolute, of the state. */
  folder: string;
  /** Absolute, of the schedule. */
  file: string;
  /** Reads the schedule. Rejects, with all its mistakes, where it has any. */
  load: () => Promise<ScheduledEntry[]>;
  begin: (entry: ScheduledEntry, logFile: string) => Promise<Child>;
  /** Ends the daemon. */
  signal: AbortSignal;
  /** Calls whenever the schedule is to be read again. */
  onHangup: (listener: () => void) => void;
  /** How long runs may go on when the daemon is to end. */
  graceMs: number;
  /** Told when it runs, of each schedule that is taken up, and of each that was not. */
  onReady: (engine: Engine) => void;
  onLoaded: (entries: readonly ScheduledEntry[], isAgain: boolean) => void;
  onRefused: (error: unknown) => void;
  onTick: () => void;
}

/** A file that was just changed may be only half written. */
const SETTLES_MS = 500;

/**
 * Runs the schedule until it is told to end. Rejects where the schedule has mistakes, with `locked`
 * where the state folder has another daemon, and where it loses that folder to one.
 */
export async function runDaemon(parts: DaemonParts): Promise<void> {
  const { folder, log, signal } = parts;
  const entries = await parts.load();
  const watched = await WatchedFile.open(parts.file);
  const held = await HeldFolder.take(() => lockStateFolder(folder, 'schedule', signal), log);
  try {
    const engine = await openEngine(parts, entries);
    parts.onReady(engine);
    parts.onLoaded(entries, false);
    let isHangup = false;
    const lost = new AbortController();
    const ticker = new Ticker(parts.now, async () => {
      try {
        await held.keep();
        const isAsked = isHangup;
        isHangup = false;
        if ((await watched.hasChanged()) || isAsked) await reload(engine, parts);
        await engine.tick();
        for (const request of await takeRequests(folder)) runRequest(engine, request, parts.now());
        parts.onTick();
      } catch (error) {
        if (isMangamotionError(error, 'locked')) lost.abort(error);
        else log.error({ reason: messageOf(error) }, 'the schedule goes on after a failure');
      }
      return watched.isSettling ? parts.now().getTime() + SETTLES_MS : engine.wakeAtMs;
    });
    parts.onHangup(() => {
      isHangup = true;
      ticker.wake();
    });
    const unwatch = [
      await watchRequests(folder, () => ticker.wake()),
      watchFolder(path.dirname(parts.file), (name) => {
        if (name === path.basename(parts.file)) ticker.wake();
      }),
    ];
    await ended(AbortSignal.any([signal, lost.signal]));
    for (const end of unwatch) end();
    ticker.stop();
    const running = engine.runningCount;
    if (running > 0)
      log.info({ running, grace_seconds: parts.graceMs / 1000 }, 'waiting for runs to end');
    await engine.stop(lost.signal.aborted ? 0 : parts.graceMs);
    lost.signal.throwIfAborted();
  } finally {
    await held.release();
  }
}

async function openEngine(parts: DaemonParts, entries: readonly ScheduledEntry[]): Promise<Engine> {
  const { folder, log, now } = parts;
  const left = await openState(folder, entries, { now: now(), log });
  const observer = await describeOwner('schedule');
  const alive = await stillRunning(left, observer);
  const engine = new Engine({ ...parts, ...enginePlaces(parts) });
  engine.resume(entries, left, ({ id }) => {
    const owner = alive.get(id);
    return owner === undefined ? undefined : adoptRun(owner, observer);
  });
  return engine;
}

/** What an engine keeps, and where in the state folder. */
export function enginePlaces({ folder, begin }: Pick<DaemonParts, 'folder' | 'begin'>) {
  return {
    store: {
      save: (state) => writeState(folder, state),
      append: (records) => appendHistory(folder, records),
    },
    logFileFor: ({ name }, startedAt) => logPathOf(name, startedAt),
    begin: (entry, logFile) => begin(entry, path.join(folder, logFile)),
  } satisfies Partial<EngineParts>;
}

/** A schedule with mistakes changes nothing. */
async function reload(engine: Engine, { load, log, onLoaded, onRefused }: DaemonParts) {
  try {
    const entries = await load();
    engine.replace(entries);
    onLoaded(entries, true);
    log.info({ entries: entries.length }, 'the schedule was read again');
  } catch (error) {
    onRefused(error);
    log.error(
      { reason: messageOf(error) },
      'the schedule on the disk is broken: the old one runs on',
    );
  }
}

/** Whoever asked so long ago is gone. */
const MOST_AGE_MS = 60_000;

function runRequest(engine: Engine, { id, name, askedAt }: RunRequest, now: Date): void {
  const entry = engine.entryOf(name);
  const isOld = now.getTime() - Date.parse(askedAt) > MOST_AGE_MS;
  if (isOld) engine.refuse({ id, name }, 'it was asked for too long ago');
  else if (entry === undefined) engine.refuse({ id, name }, 'the daemon has no such entry');
  else void engine.runNow(entry, id);
}

async function ended(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
