import { Counter, Gauge, Registry } from 'prom-client';
import { addProcessMetrics } from './process-metrics.js';
import type { RunRecord } from '../state/record.js';
import { hasRun, runRecord } from '../state/record.js';

const PREFIX = 'mangamotion_schedule_';
/** The value of `_last_exit_code` if a run has no exit code. */
const NO_EXIT_CODE = -1;
const RESULTS = runRecord.entries.result.options;

/** The gauges with one value for each entry, and their help texts. */
const PER_ENTRY = {
  last_success_timestamp_seconds: 'When the last run that succeeded ended, since the epoch.',
  last_run_timestamp_seconds: 'When the last run ended, whatever its result, since the epoch.',
  last_duration_seconds: 'How long the last run that ended took.',
  last_bytes:
    'Bytes that the last finished run copied into its archive; absent where it reported none.',
  last_archive_bytes:
    'Bytes of the archive that the last finished run made; absent where it reported none.',
  last_exit_code: `Exit code of the last run that ended; ${NO_EXIT_CODE} where it has none, for example because a signal ended it.`,
  next_run_timestamp_seconds:
    'When the entry is due next, since the epoch; absent where it never is.',
  running: 'Whether a run is under way.',
};

/** The gauges with one value for the daemon. */
const OVERALL = {
  entries: 'Entries of the schedule.',
  waiting: 'Firings that are due and have not started.',
  lease_available: 'Whether firings can be claimed: 0 while Redis does not answer.',
  reload_ok: 'Whether the schedule file was valid when it was last read again.',
  last_reload_timestamp_seconds:
    'When the schedule in use was read, since the epoch; absent where it was read only at the start.',
};

/** Holds the state of the daemon for Prometheus. */
export class ScheduleMetrics {
  readonly #registry = new Registry();
  /** The entries of the schedule: a run of an entry that was removed must not bring its metrics back. */
  readonly #names = new Set<string>();
  readonly #perEntry = new Map(
    Object.entries(PER_ENTRY).map(([name, help]) => [name, this.#gauge(name, help, ['entry'])]),
  );
  readonly #overall = new Map<string, Gauge>();
  readonly #firings = new Counter({
    name: `${PREFIX}firings_total`,
    help: 'Firings since the daemon started, by result.',
    labelNames: ['entry', 'result'] as const,
    registers: [this.#registry],
  });

  constructor() {
    this.#set('entries', 0);
    this.#set('waiting', 0);
    addProcessMetrics(this.#registry);
  }

  /** Sets the entries of the schedule, and removes the metrics of others. */
  setEntries(names: readonly string[]): void {
    const kept = new Set(names);
    for (const entry of this.#names) {
      if (kept.has(entry)) continue;
      this.#names.delete(entry);
      for (const gauge of this.#perEntry.values()) gauge.remove({ entry });
      for (const result of RESULTS) this.#firings.remove({ entry, result });
    }
    for (const entry of kept) {
      if (this.#names.has(entry)) continue;
      this.#names.add(entry);
      this.#setFor(entry, 'running', 0);
      // The counter starts at 0, so that the first failure shows as an increase.
      for (const result of RESULTS) this.#firings.inc({ entry, result }, 0);
    }
    this.#set('entries', kept.size);
  }

  started(name: string): void {
    this.#setFor(name, 'running', 1);
  }

  /** Counts a firing that is over, whether or not it ran, and shows its run. */
  ended(record: RunRecord, lastSuccessAt: string | null): void {
    const { name, result, count } = record;
    if (!this.#names.has(name)) return;
    this.#firings.inc({ entry: name, result }, count);
    if (hasRun(record)) this.#setFor(name, 'running', 0);
    this.remembered(name, record, lastSuccessAt);
  }

  /** Shows the last run, without counting it. */
  remembered(name: string, lastRun: RunRecord | null, lastSuccessAt: string | null): void {
    if (lastSuccessAt !== null) {
      this.#setFor(name, 'last_success_timestamp_seconds', Date.parse(lastSuccessAt) / 1000);
    }
    if (lastRun === null || !hasRun(lastRun)) return;
    const { started_at, finished_at, exit_code, archive_bytes, copied_bytes } = lastRun;
    this.#setFor(name, 'last_exit_code', exit_code ?? NO_EXIT_CODE);
    this.#setFor(name, 'last_bytes', copied_bytes ?? undefined);
    this.#setFor(name, 'last_archive_bytes', archive_bytes ?? undefined);
    if (finished_at === null) return;
    const finishedMs = Date.parse(finished_at);
    this.#setFor(name, 'last_run_timestamp_seconds', finishedMs / 1000);
    const tookMs = started_at === null ? undefined : finishedMs - Date.parse(started_at);
    // A clock that was set back in between must not make it negative.
    const seconds = tookMs === undefined ? undefined : Math.max(0, tookMs / 1000);
    this.#setFor(name, 'last_duration_seconds', seconds);
  }

  next(name: string, at: Date | undefined): void {
    this.#setFor(name, 'next_run_timestamp_seconds', at && at.getTime() / 1000);
  }

  waiting(count: number): void {
    this.#set('waiting', count);
  }

  /** Reports whether firings can be claimed. Call it only for a daemon that shares its schedule. */
  lease(isAvailable: boolean): void {
    this.#set('lease_available', isAvailable ? 1 : 0);
  }

  /** Reports that the schedule file was read again; after a failure the old schedule stays in use. */
  reloaded(isOk: boolean, at: Date): void {
    this.#set('reload_ok', isOk ? 1 : 0);
    if (isOk) this.#set('last_reload_timestamp_seconds', at.getTime() / 1000);
  }

  /** Resolves to the metrics in the text format of Prometheus. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }

  /** Sets a gauge of an entry of the schedule; without a value, it is absent. */
  #setFor(entry: string, name: keyof typeof PER_ENTRY, value: number | undefined): void {
    if (value === undefined) this.#perEntry.get(name)?.remove({ entry });
    else if (this.#names.has(entry)) this.#perEntry.get(name)?.set({ entry }, value);
  }

  /** Creates the gauge at its first value: until then it would be 0, which would set off an alert. */
  #set(name: keyof typeof OVERALL, value: number): void {
    const gauge = this.#overall.get(name) ?? this.#gauge(name, OVERALL[name], []);
    this.#overall.set(name, gauge);
    gauge.set(value);
  }

  #gauge<Label extends string>(name: string, help: string, labelNames: Label[]): Gauge<Label> {
    return new Gauge({ name: PREFIX + name, help, labelNames, registers: [this.#registry] });
  }
}
