import { Counter, Gauge, Registry } from 'prom-client';
import type { RunRecord } from '../state/record.js';
import { hasRun, runRecord } from '../state/record.js';

const PREFIX = 'mangamotion_schedule_';
/** The value of `_last_exit_code` if a run had no exit code. */
const NO_EXIT_CODE = -1;
const RESULTS = runRecord.entries.result.options;

/** Holds the state of the daemon for Prometheus. It does work only at a change or a scrape. */
export class ScheduleMetrics {
  readonly #registry = new Registry();
  readonly #names = new Set<string>();

  readonly #lastSuccess = this.#perEntry(
    'last_success_timestamp_seconds',
    'When the last run that succeeded ended, since the epoch.',
  );
  readonly #lastRun = this.#perEntry(
    'last_run_timestamp_seconds',
    'When the last run ended, whatever its result, since the epoch.',
  );
  readonly #lastDuration = this.#perEntry(
    'last_duration_seconds',
    'How long the last run that ended took.',
  );
  readonly #lastBytes = this.#perEntry(
    'last_bytes',
    'Bytes of the objects that the last finished run reported; absent where it reported none.',
  );
  readonly #lastExitCode = this.#perEntry(
    'last_exit_code',
    `Exit code of the last run that ended; ${NO_EXIT_CODE} where a signal ended it or it could not start.`,
  );
  readonly #next = this.#perEntry(
    'next_run_timestamp_seconds',
    'When the entry is due next, since the epoch; absent where it never is.',
  );
  readonly #running = this.#perEntry('running', 'Whether a run is under way.');
  readonly #firings = new Counter({
    name: `${PREFIX}firings_total`,
    help: 'Firings since the daemon started, by result.',
    labelNames: ['entry', 'result'] as const,
    registers: [this.#registry],
  });
  readonly #entries = this.#gauge('entries', 'Entries of the schedule.');
  readonly #waiting = this.#gauge('waiting', 'Firings that are due and wait for something to end.');
  // A metric without labels starts at 0, which would set off an alert before it is set.
  #leaseAvailable: Gauge | undefined;
  #reloadOk: Gauge | undefined;
  #lastReload: Gauge | undefined;

  constructor() {
    this.#ofProcess();
  }

  /** Sets the entries of the schedule, and removes the metrics of others. */
  setEntries(names: readonly string[]): void {
    const kept = new Set(names);
    for (const name of this.#names) {
      if (!kept.has(name)) this.#forget(name);
    }
    for (const name of kept) {
      if (this.#names.has(name)) continue;
      this.#names.add(name);
      this.#running.set({ entry: name }, 0);
      // The counter starts at 0, so that the first failure shows as an increase.
      for (const result of RESULTS) this.#firings.inc({ entry: name, result }, 0);
    }
    this.#entries.set(kept.size);
  }

  started(name: string): void {
    if (this.#names.has(name)) this.#running.set({ entry: name }, 1);
  }

  /** A firing has come to its end, whether or not it ran. */
  ended(record: RunRecord, lastSuccessAt: string | null): void {
    // The metrics of an entry that was removed during its run must not reappear.
    if (!this.#names.has(record.name)) return;
    this.#firings.inc({ entry: record.name, result: record.result }, record.count);
    if (hasRun(record)) this.#running.set({ entry: record.name }, 0);
    this.remembered(record.name, record, lastSuccessAt);
  }

  /** Shows the last run that an earlier daemon recorded, without counting it. */
  remembered(name: string, lastRun: RunRecord | null, lastSuccessAt: string | null): void {
    if (!this.#names.has(name)) return;
    const entry = { entry: name };
    if (lastSuccessAt !== null) this.#lastSuccess.set(entry, secondsOf(lastSuccessAt));
    if (lastRun === null || !hasRun(lastRun)) return;
    const { started_at: startedAt, finished_at: finishedAt, bytes } = lastRun;
    this.#lastExitCode.set(entry, lastRun.exit_code ?? NO_EXIT_CODE);
    if (bytes === null) this.#lastBytes.remove(entry);
    else this.#lastBytes.set(entry, bytes);
    if (finishedAt === null) return;
    this.#lastRun.set(entry, secondsOf(finishedAt));
    if (startedAt === null) this.#lastDuration.remove(entry);
    else {
      // A clock that was set back in between must not make it negative.
      const seconds = (Date.parse(finishedAt) - Date.parse(startedAt)) / 1000;
      this.#lastDuration.set(entry, Math.max(0, seconds));
    }
  }

  next(name: string, at: Date | undefined): void {
    if (at === undefined) this.#next.remove({ entry: name });
    else if (this.#names.has(name)) this.#next.set({ entry: name }, at.getTime() / 1000);
  }

  waiting(count: number): void {
    this.#waiting.set(count);
  }

  /** Reports whether the lease is available. Call it only for a daemon that shares its schedule. */
  lease(isAvailable: boolean): void {
    this.#leaseAvailable ??= this.#gauge(
      'lease_available',
      'Whether the lease can be requested: 0 while its server does not answer.',
    );
    this.#leaseAvailable.set(isAvailable ? 1 : 0);
  }

  /** Records that the file was read; after a failure the old schedule stays in use. */
  reloaded(isOk: boolean, at: Date): void {
    this.#reloadOk ??= this.#gauge(
      'reload_ok',
      'Whether the schedule file was valid when last read.',
    );
    this.#reloadOk.set(isOk ? 1 : 0);
    if (!isOk) return;
    this.#lastReload ??= this.#gauge(
      'last_reload_timestamp_seconds',
      'When the schedule in use was read, since the epoch.',
    );
    this.#lastReload.set(at.getTime() / 1000);
  }

  /** Resolves to the metrics in the text format of Prometheus. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }

  #forget(name: string): void {
    this.#names.delete(name);
    const entry = { entry: name };
    for (const gauge of [this.#lastSuccess, this.#lastRun, this.#lastDuration, this.#lastBytes]) {
      gauge.remove(entry);
    }
    for (const gauge of [this.#lastExitCode, this.#next, this.#running]) gauge.remove(entry);
    for (const result of RESULTS) this.#firings.remove({ ...entry, result });
  }

  #perEntry(name: string, help: string): Gauge<'entry'> {
    const labelNames = ['entry'] as const;
    return new Gauge({ name: PREFIX + name, help, labelNames, registers: [this.#registry] });
  }

  #gauge(name: string, help: string): Gauge {
    return new Gauge({ name: PREFIX + name, help, registers: [this.#registry] });
  }

  /** prom-client's own default metrics are not used: they run a timer a hundred times a second. */
  #ofProcess(): void {
    const registers = [this.#registry];
    new Gauge({
      name: 'process_resident_memory_bytes',
      help: 'Resident memory size in bytes.',
      registers,
      collect() {
        this.set(process.memoryUsage.rss());
      },
    });
    new Counter({
      name: 'process_cpu_seconds_total',
      help: 'Total user and system CPU time spent in seconds.',
      registers,
      collect() {
        const { user, system } = process.cpuUsage();
        this.reset();
        this.inc((user + system) / 1e6);
      },
    });
    const startedAt = Date.now() / 1000 - process.uptime();
    new Gauge({
      name: 'process_start_time_seconds',
      help: 'Start time of the process since unix epoch in seconds.',
      registers,
    }).set(startedAt);
  }
}

function secondsOf(instant: string): number {
  return Date.parse(instant) / 1000;
}
