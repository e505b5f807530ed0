import { randomUUID } from 'node:crypto';
import type { ScheduledEntry } from '../crontab/entry.js';
import type { Child } from '../run/firing-record.js';
import { unrunRecord } from '../run/firing-record.js';
import type { RunRecord } from '../state/record.js';
import type { EntryState, PendingFiring, ScheduleState } from '../state/state.js';
import { STATE_VERSION } from '../state/state.js';
import type { WaitingFiring } from './admission.js';
import { admit } from './admission.js';
import { dueFirings, summariseMissed } from './due.js';
import type { TrackedEntry } from './entry-table.js';
import { EntryTable } from './entry-table.js';
import { Launcher } from './launcher.js';
import { Ledger } from './ledger.js';
import type { EngineParts } from './parts.js';
import type { QueuedFiring } from './queue.js';
import { FiringQueue, endRun, firingOf, pendingOf } from './queue.js';
import { Records } from './records.js';
import { recoverFiring } from './recovery.js';

/**
 * If the clock is set back by more than this, the old time is taken to be wrong. Debian's cron has the
 * same limit.
 */
const CORRECTION_MS = 3 * 3_600_000;
const WRITE_AGAIN_MS = 1_000;

/**
 * Runs the schedule: a firing that is due is queued, and starts as soon as it may. Each firing gets one
 * record. The engine has no timer: its caller calls `tick` at `wakeAtMs`, or at any other time.
 */
export class Engine {
  readonly #parts: EngineParts;
  readonly #entries = new EntryTable();
  readonly #queue = new FiringQueue();
  readonly #ledger: Ledger;
  readonly #records: Records;
  readonly #launcher: Launcher;
  /** Firings of a dead daemon, which a single run must not change. */
  #foreign: PendingFiring[] = [];
  #lastTickMs = -Infinity;

  constructor(parts: EngineParts) {
    this.#parts = parts;
    const ledger = new Ledger(parts.store, parts.log, (outbox) => this.#stateWith(outbox));
    const records = new Records(this.#entries, ledger, parts.notifier);
    this.#launcher = new Launcher({ ...parts, queue: this.#queue, ledger, records });
    this.#ledger = ledger;
    this.#records = records;
  }

  get runningCount(): number {
    return this.#queue.runningCount;
  }

  get waitingCount(): number {
    return this.#queue.waitingCount;
  }

  /** When `tick` has something to do next, in ms of Unix time; `undefined` where it never has. */
  get wakeAtMs(): number | undefined {
    const nowMs = this.#parts.now().getTime();
    if (this.#ledger.isBehind) return nowMs + WRITE_AGAIN_MS;
    const firstMs = Math.min(this.#entries.firstDueMs, this.#queue.nextStartMs(nowMs));
    return Number.isFinite(firstMs) ? firstMs : undefined;
  }

  /** False while runs wait because Redis, which holds the claims, cannot be reached. */
  get canClaim(): boolean {
    return this.#launcher.canClaim;
  }

  nextOf(name: string): Date | undefined {
    const ms = this.#entries.find(name)?.nextMs;
    return ms === undefined ? undefined : new Date(ms);
  }

  /** The names of all entries. */
  get names(): Iterable<string> {
    return this.#entries.names;
  }

  entryOf(name: string): ScheduledEntry | undefined {
    return this.#entries.find(name)?.entry;
  }

  stateOf(name: string): EntryState | undefined {
    return this.#entries.stateOf(name);
  }

  /**
   * Loads the schedule and the state of the last daemon. `alive` returns the run of a firing if it
   * outlived its daemon. A run that was cut off is made up for like a missed firing.
   */
  resume(
    entries: readonly ScheduledEntry[],
    saved: ScheduleState | undefined,
    alive: (firing: PendingFiring) => Child | undefined,
  ): void {
    const now = this.#parts.now();
    this.#entries.remember(saved?.entries ?? {});
    for (const record of saved?.outbox ?? []) this.#ledger.add(record);
    // The clock may have been set right while there was no daemon.
    if (saved !== undefined) this.#lastTickMs = Date.parse(saved.saved_at);
    this.#entries.replace(entries, now);
    for (const firing of saved?.pending ?? []) {
      const child = alive(firing);
      if (child === undefined) {
        this.#recover(firing, now);
        continue;
      }
      const run = this.#queue.adopt(firing, this.entryOf(firing.name), child);
      void this.#launcher.follow(run, child);
    }
    this.#ledger.changed();
  }

  /** Loads the schedule and the state for a single run, which leaves everything else unchanged. */
  borrow(entries: readonly ScheduledEntry[], saved: ScheduleState | undefined): void {
    this.#entries.remember(saved?.entries ?? {});
    this.#foreign = [...(saved?.pending ?? [])];
    for (const record of saved?.outbox ?? []) this.#ledger.add(record);
    this.#entries.borrow(entries, this.#parts.now());
  }

  /** Replaces the schedule. What runs or waits already goes on. */
  replace(entries: readonly ScheduledEntry[]): void {
    const names = new Set(entries.map(({ name }) => name));
    this.#entries.replace(entries, this.#parts.now());
    for (const firing of this.#queue.waiting) {
      firing.entry = this.entryOf(firing.entry.name) ?? firing.entry;
      if (names.has(firing.entry.name)) continue;
      this.#drop(firing, 'its entry was removed from the schedule');
    }
    this.#ledger.changed();
  }

  /** Queues all that has come due, and starts what may start. Resolves when that has started. */
  async tick(): Promise<void> {
    if (this.#launcher.isStopping) return;
    const nowMs = this.#parts.now().getTime();
    if (nowMs < this.#lastTickMs) this.#queue.shiftBack(this.#lastTickMs - nowMs);
    if (nowMs < this.#lastTickMs - CORRECTION_MS) this.#correctClock(nowMs);
    this.#lastTickMs = nowMs;
    for (const tracked of this.#entries.tracked) {
      if (tracked.nextMs !== undefined && tracked.nextMs <= nowMs) this.#queueDue(tracked, nowMs);
    }
    await this.#launcher.startReady();
  }

  /** Runs an entry now, whatever the clock says. Resolves to the record of the run. */
  async runNow(entry: ScheduledEntry, id: string = randomUUID()): Promise<RunRecord> {
    const recorded = this.#records.next(id);
    if (this.#launcher.isStopping) this.refuse({ id, name: entry.name }, 'the daemon is ending');
    else this.#offer(entry, { id, dueMs: this.#parts.now().getTime(), trigger: 'manual' });
    await this.#launcher.startReady();
    return await recorded;
  }

  /** Records a requested run that cannot be done. */
  refuse({ id, name }: { id: string; name: string }, reason: string): void {
    const firing = { ...firingOf(name, this.#parts.now()), id, trigger: 'manual' as const };
    this.#records.add(unrunRecord(firing, 'skipped', reason), undefined);
    void this.#ledger.flush();
  }

  /**
   * Starts no more runs. Resolves when all runs have ended; after `graceMs` they are ended. Waiting
   * firings stay in the state, for the next daemon.
   */
  async stop(graceMs: number): Promise<void> {
    this.#launcher.stopStarting();
    for (const firing of this.#queue.waiting) {
      if (firing.trigger === 'manual') this.#drop(firing, 'the daemon was stopped');
    }
    await this.#launcher.endRuns(graceMs);
    this.#ledger.changed();
    await this.#ledger.flush();
  }

  /** Resolves when nothing runs and nothing that may run waits. */
  async idle(): Promise<void> {
    await this.#queue.untilNothingRuns();
    await this.#ledger.flush();
  }

  #correctClock(nowMs: number): void {
    const message = 'the clock was set back by more than 3 hours: the schedule follows it';
    this.#parts.log.warn({}, message);
    this.#entries.setBack(nowMs);
    this.#ledger.changed();
  }

  #queueDue(tracked: TrackedEntry, nowMs: number): void {
    const { entry } = tracked;
    const { onTime, catchUp, missed } = dueFirings(entry, tracked.handledMs, nowMs);
    tracked.handledUntil(nowMs);
    this.#ledger.changed();
    for (const { at, count, reason } of summariseMissed(missed)) {
      const due = { ...firingOf(entry.name, at), trigger: 'cron' as const };
      this.#records.add(unrunRecord(due, 'missed', reason, count), entry);
    }
    for (const at of onTime) this.#offerDue(tracked, at.getTime(), 'cron');
    if (catchUp !== undefined) this.#offerDue(tracked, catchUp.getTime(), 'catch-up');
  }

  #offerDue(tracked: TrackedEntry, dueMs: number, trigger: 'cron' | 'catch-up'): void {
    if (tracked.hasStarted(dueMs)) return;
    tracked.started(dueMs);
    const { id } = firingOf(tracked.entry.name, new Date(dueMs));
    this.#offer(tracked.entry, { id, dueMs, trigger });
  }

  /** Queues a firing unless the overlap rule of its entry says otherwise. */
  #offer(entry: ScheduledEntry, due: Pick<WaitingFiring, 'id' | 'dueMs' | 'trigger'>): void {
    const earlier = this.#queue.waitingOf(entry.name);
    const running = this.#queue.runsOf(entry.name);
    const admission = admit(entry, {
      isRunning: running.length > 0,
      isWaiting: earlier.length > 0,
    });
    if (admission.kind === 'skip') {
      const at = new Date(due.dueMs);
      const firing = { ...firingOf(entry.name, at), id: due.id, trigger: due.trigger };
      this.#records.add(unrunRecord(firing, 'skipped', admission.reason), entry);
      return;
    }
    if (admission.kind === 'replace') {
      for (const run of running) endRun(run, 'its next firing was due');
      for (const firing of earlier) this.#drop(firing, 'its next firing was due');
    }
    const jitterMs = due.trigger === 'cron' ? Math.floor(this.#parts.random() * entry.jitterMs) : 0;
    this.#queue.add({ ...due, entry, notBeforeMs: due.dueMs + jitterMs, waited: false });
    this.#ledger.changed();
  }

  #drop(firing: QueuedFiring, reason: string): void {
    this.#queue.remove(firing);
    this.#records.add(unrunRecord(pendingOf(firing), 'skipped', reason), firing.entry);
  }

  #recover(firing: PendingFiring, now: Date): void {
    const tracked = this.#entries.find(firing.name);
    const recovery = recoverFiring(firing, tracked, now);
    if (recovery.kind === 'record') this.#records.add(recovery.record, tracked?.entry);
    else this.#offer(recovery.entry, recovery.due);
  }

  #stateWith(outbox: readonly RunRecord[]): ScheduleState {
    return {
      version: STATE_VERSION,
      saved_at: this.#parts.now().toISOString(),
      entries: this.#entries.states(),
      pending: [...this.#foreign, ...this.#queue.pending()],
      outbox: [...outbox],
    };
  }
}
