import type { Child } from '../run/firing-record.js';
import { ranRecord } from '../run/firing-record.js';
import { startLongTimer } from '../run/long-timer.js';
import { logPathOf } from '../run/run-log.js';
import { Claims } from './claims.js';
import type { Ledger } from './ledger.js';
import type { EngineParts } from './parts.js';
import type { ActiveRun, FiringQueue, QueuedFiring } from './queue.js';
import type { Records } from './records.js';

type LauncherParts = Pick<
  EngineParts,
  'now' | 'atOnce' | 'runner' | 'lease' | 'notifier' | 'log'
> & {
  queue: FiringQueue;
  ledger: Ledger;
  records: Records;
};

/** Starts the firings of the queue as soon as they may start, and follows each run to its record. */
export class Launcher {
  readonly #parts: LauncherParts;
  readonly #claims: Claims;
  #isStopping = false;

  constructor(parts: LauncherParts) {
    this.#parts = parts;
    this.#claims = new Claims(parts.lease, parts.log);
  }

  get isStopping(): boolean {
    return this.#isStopping;
  }

  /** False while runs wait because Redis, which holds the claims, cannot be reached. */
  get canClaim(): boolean {
    return this.#claims.isReachable;
  }

  /** Starts all that may start before it waits for anything. */
  async startReady(): Promise<void> {
    const { queue, ledger, atOnce, now } = this.#parts;
    await ledger.flush();
    if (this.#isStopping) return;
    const nowMs = now().getTime();
    for (;;) {
      const next = queue.startNext({ atOnce, nowMs });
      if (next === undefined) break;
      void this.#run(next.firing, next.run);
    }
    queue.markWaited(nowMs);
  }

  /** Waits for the end of a run, and records it. */
  async follow(run: ActiveRun, child: Child): Promise<void> {
    const { queue, ledger, records, now } = this.#parts;
    run.child = child;
    run.firing = { ...run.firing, process: child.process };
    ledger.changed();
    void ledger.flush();
    if (run.endReason !== undefined) child.end(run.endReason);
    const end = await child.ended;
    queue.removeRun(run);
    records.add(ranRecord(run.firing, end, now()), run.entry);
    await this.#startNext();
  }

  /** Starts nothing from now on. */
  stopStarting(): void {
    this.#isStopping = true;
  }

  /** Resolves when all runs have ended; after `graceMs` they are ended. */
  async endRuns(graceMs: number): Promise<void> {
    const { queue } = this.#parts;
    const stopTimer = startLongTimer(() => queue.endAll('the daemon was stopped'), graceMs);
    await queue.untilNothingRuns();
    stopTimer();
  }

  async #run(firing: QueuedFiring, run: ActiveRun): Promise<void> {
    const { queue, ledger, records, runner, notifier, now } = this.#parts;
    const { entry } = firing;
    const outcome = await this.#claims.claim(firing, now);
    if (outcome.kind !== 'run') {
      if (outcome.kind === 'record') records.add(outcome.record, entry);
      else queue.add({ ...firing, waited: true, notBeforeMs: outcome.atMs });
      queue.removeRun(run);
      await this.#startNext();
      return;
    }
    const startedAt = now();
    const logFile = logPathOf(entry.name, startedAt);
    run.firing = { ...run.firing, started_at: startedAt.toISOString(), log_file: logFile };
    ledger.changed();
    await ledger.flush();
    const child = await runner.start(entry, logFile);
    notifier?.started(run.firing, entry);
    await this.follow(run, child);
  }

  async #startNext(): Promise<void> {
    await this.startReady();
    this.#parts.queue.notifyEnd();
  }
}
