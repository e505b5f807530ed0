import { randomUUID } from 'node:crypto';
import { open } from 'node:fs/promises';
import path from 'node:path';
import type { ProxySettings } from '../../config/proxy.js';
import type { Secret } from '../../config/secret.js';
import type { ScheduledEntry } from '../crontab/entry.js';
import type { RunNotifier } from '../engine/runs.js';
import type { DaemonLog } from '../log.js';
import type { PendingFiring, RunRecord } from '../state/record.js';
import { hasRun } from '../state/record.js';
import type { EntryState } from '../state/state.js';
import { runHook } from './hooks.js';
import type { ScheduleMetrics } from './metrics.js';
import { Pings } from './pings.js';

interface NotifierParts {
  /** The absolute path of the state folder. */
  folder: string;
  cwd: string;
  log: DaemonLog;
  pingUrl: Secret | undefined;
  /** For pings and hooks that are URLs. */
  proxies?: ProxySettings | undefined;
}

const TAIL_BYTES = 4096;

/** Notifies the log, the metrics, the monitoring service and the hooks of runs. */
export class Notifier implements RunNotifier {
  readonly #parts: NotifierParts;
  readonly #metrics: ScheduleMetrics | undefined;
  readonly #pings: Pings | undefined;
  readonly #runIds = new Map<string, string>();
  readonly #hooks = new Set<Promise<void>>();
  readonly #giveUp = new AbortController();

  /** `metrics` is `undefined` where they are not served. */
  constructor(parts: NotifierParts, metrics: ScheduleMetrics | undefined) {
    const { pingUrl, log, proxies } = parts;
    this.#parts = parts;
    this.#metrics = metrics;
    this.#pings = pingUrl && new Pings({ url: pingUrl, log, proxies });
  }

  started({ id, name, due_at, trigger, log_file }: PendingFiring): void {
    this.#parts.log.info({ entry: name, due_at, trigger, log_file }, 'begins');
    this.#metrics?.started(name);
    const runId = randomUUID();
    this.#runIds.set(id, runId);
    this.#pings?.start(name, runId);
  }

  recorded(
    record: RunRecord,
    entry: ScheduledEntry | undefined,
    state: EntryState | undefined,
  ): void {
    this.#log(record);
    const { id, name, exit_code: exitCode } = record;
    this.#metrics?.ended(record, state?.last_success_at ?? null);
    const runId = this.#runIds.get(id) ?? randomUUID();
    this.#runIds.delete(id);
    if (!hasRun(record)) return;
    this.#pings?.end(name, exitCode, runId);
    const hook = exitCode === 0 ? entry?.onSuccess : entry?.onFailure;
    if (hook !== undefined) this.#hook(hook, record, entry?.passEnv ?? []);
  }

  /** Resolves when all pings and hooks have ended; those that go on after `limitMs` are given up. */
  async idle(limitMs: number): Promise<void> {
    const timer = setTimeout(() => this.#giveUp.abort(), limitMs);
    await Promise.all([this.#pings?.idle(limitMs), ...this.#hooks]);
    clearTimeout(timer);
  }

  #hook(hook: string, record: RunRecord, passEnv: readonly string[]): void {
    const { folder, cwd, log, proxies } = this.#parts;
    const logFile = record.log_file === null ? null : path.join(folder, record.log_file);
    const running = (async () => {
      const logTail = logFile === null ? undefined : await tailOf(logFile);
      const shown = { ...record, log_file: logFile };
      const { signal } = this.#giveUp;
      await runHook({ hook, record: shown, logTail, signal, log, cwd, passEnv, proxies });
    })().finally(() => this.#hooks.delete(running));
    this.#hooks.add(running);
  }

  #log(record: RunRecord): void {
    const { log } = this.#parts;
    const { name: entry, due_at, result, trigger, count, exit_code, bytes, log_file } = record;
    const why = record.reason === null ? {} : { reason: record.reason };
    if (!hasRun(record)) {
      log.warn({ entry, due_at, ...(count > 1 && { count }), ...why }, result);
      return;
    }
    const seconds = secondsOf(record);
    const fields = { entry, due_at, trigger, exit_code, seconds, bytes, log_file, ...why };
    if (exit_code === 0) log.info(fields, 'done');
    else log.error(fields, 'failed');
  }
}

function secondsOf({ started_at, finished_at }: RunRecord): number | null {
  if (started_at === null || finished_at === null) return null;
  return (Date.parse(finished_at) - Date.parse(started_at)) / 1000;
}

async function tailOf(file: string): Promise<string | undefined> {
  try {
    const handle = await open(file, 'r');
    try {
      const { size } = await handle.stat();
      const length = Math.min(size, TAIL_BYTES);
      const { buffer } = await handle.read(Buffer.alloc(length), 0, length, size - length);
      return buffer.toString('utf8');
    } finally {
      await handle.close();
    }
  } catch {
    // The hook runs without it: the log may be gone, or the disk full.
    return undefined;
  }
}
