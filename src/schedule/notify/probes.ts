import type { ScheduledEntry } from '../crontab/entry.js';
import type { Engine } from '../engine/engine.js';
import { NO_REDIS } from '../engine/claims.js';
import type { Health, ProbeSource } from './endpoint.js';
import type { ScheduleMetrics } from './metrics.js';

/** A daemon that has completed no cycle for this long counts as dead. */
const DEAD_AFTER_MS = 30_000;

interface ProbeOptions {
  hasLease: boolean;
  moreMetrics?: (() => Promise<string>) | undefined;
}

/** Decides the answers to /healthz, /readyz and /metrics. */
export class Probes implements ProbeSource {
  readonly #metrics: ScheduleMetrics | undefined;
  readonly #moreMetrics: () => Promise<string>;
  readonly #hasLease: boolean;
  #engine: Engine | undefined;
  #cycleEndedAtMs = performance.now();

  /** `metrics` is `undefined` where nothing is served. */
  constructor(
    metrics: ScheduleMetrics | undefined,
    { hasLease, moreMetrics = () => Promise.resolve('') }: ProbeOptions,
  ) {
    this.#metrics = metrics;
    this.#moreMetrics = moreMetrics;
    this.#hasLease = hasLease;
  }

  engineStarted(engine: Engine, entries: readonly ScheduledEntry[]): void {
    this.#engine = engine;
    this.#setEntries(entries);
  }

  reloaded(entries: readonly ScheduledEntry[], at: Date): void {
    this.#setEntries(entries);
    this.#metrics?.reloaded(true, at);
  }

  reloadFailed(at: Date): void {
    this.#metrics?.reloaded(false, at);
  }

  cycleEnded(): void {
    this.#cycleEndedAtMs = performance.now();
  }

  health(): Health {
    const silentMs = performance.now() - this.#cycleEndedAtMs;
    const reason = `the schedule has not been checked for ${Math.round(silentMs / 1000)} s`;
    return silentMs < DEAD_AFTER_MS ? { ok: true } : { ok: false, reason };
  }

  ready(): Health {
    if (this.#engine === undefined) return { ok: false, reason: 'the schedule is not loaded yet' };
    const isHeldUp = this.#hasLease && !this.#engine.canClaim;
    return isHeldUp ? { ok: false, reason: NO_REDIS } : this.health();
  }

  async metrics(): Promise<string> {
    const [engine, metrics] = [this.#engine, this.#metrics];
    if (metrics === undefined) return '';
    if (engine !== undefined) {
      for (const name of engine.names) metrics.next(name, engine.nextOf(name));
      metrics.waiting(engine.waitingCount);
      if (this.#hasLease) metrics.lease(engine.canClaim);
    }
    // Records of drills that cannot be read must not hide the metrics of the schedule.
    const more = await this.#moreMetrics().catch(() => '');
    return (await metrics.text()) + more;
  }

  #setEntries(entries: readonly ScheduledEntry[]): void {
    this.#metrics?.setEntries(entries.map(({ name }) => name));
    for (const { name } of entries) {
      const state = this.#engine?.stateOf(name);
      if (state === undefined) continue;
      this.#metrics?.remembered(name, state.last_run, state.last_success_at);
    }
  }
}
