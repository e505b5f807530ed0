import type { Engine } from '../engine/engine.js';
import type { Health, ProbeSource } from './endpoint.js';
import type { Notifier } from './notifier.js';

/** A daemon that has completed no cycle for this long counts as dead. */
const DEAD_AFTER_MS = 30_000;

/** Decides the answers to /healthz, /readyz and /metrics. */
export class Probes implements ProbeSource {
  readonly #notifier: Notifier;
  readonly #hasLease: boolean;
  #engine: Engine | undefined;
  #cycleEndedAtMs = performance.now();

  constructor(notifier: Notifier, { hasLease }: { hasLease: boolean }) {
    this.#notifier = notifier;
    this.#hasLease = hasLease;
  }

  engineStarted(engine: Engine): void {
    this.#engine = engine;
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
    return isHeldUp
      ? { ok: false, reason: 'Redis cannot be reached: no run starts until it can' }
      : this.health();
  }

  async metrics(): Promise<string> {
    return await this.#notifier.metricsText();
  }
}
