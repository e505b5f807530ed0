import { randomUUID } from 'node:crypto';
import type { ScheduledEntry } from '../crontab/entry.js';
import type { Child } from '../run/child.js';
import type { PendingFiring, RunRecord } from '../state/record.js';
import { newFiring, unrunRecord } from '../state/record.js';
import type { EntryState, ScheduleState } from '../state/state.js';
import { emptyState } from '../state/state.js';
import { dueFirings, summariseMissed } from './due.js';
import type { TrackedEntry } from './entry-table.js';
import { EntryTable, markHandled } from './entry-table.js';
import type { LedgerStore } from './ledger.js';
import { Ledger } from './ledger.js';
import { isMadeUpFor, lostRecord } from './recovery.js';
import type { RunsParts } from './runs.js';
import { Runs } from './runs.js';

export interface EngineParts extends Omit<RunsParts, 'ledger' | 'record'> {
  store: LedgerStore;
}

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
  readonly #ledger: Ledger;
  readonly #runs: Runs;
  readonly #awaited = new Map<string, (record: RunRecord) => void>();
  /** Firings of a dead daemon, which a single run must not change. */
  #foreign: PendingFiring[] = [];
  #lastTickMs = -Infinity;

  constructor(parts: EngineParts) {
    this.#parts = parts;
    this.#ledger = new Ledger(parts.store, parts.log, (outbox) => ({
      ...emptyState(parts.now()),
      entries: this.#entries.states(),
      pending: [...this.#foreign, ...this.#runs.pending()],
      outbox,
    }));
    const record: RunsParts['record'] = (one, entry) => this.#record(one, entry);
    this.#runs = new Runs({ ...parts, ledger: this.#ledger, record });
  }

  get runningCount(): number {
    return this.#runs.runningCount;
  }

  get waitingCount(): number {
    return this.#runs.waitingCount;
  }

  /** When `tick` has something to do next, in ms of Unix time; `undefined` where it never has. */
  get wakeAtMs(): number | undefined {
    const nowMs = this.#parts.now().getTime();
    if (this.#ledger.isBehind) return nowMs + WRITE_AGAIN_MS;
    const firstMs = Math.min(this.#entries.firstDueMs, this.#runs.nextStartMs(nowMs));
    return Number.isFinite(firstMs) ? firstMs : undefined;
  }

  /** False while runs wait because Redis, which holds the claims, cannot be reached. */
  get canClaim(): boolean {
    return this.#runs.canClaim;
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
    this.#remember(saved);
    // The clock may have been set right while there was no daemon.
    if (saved !== undefined) this.#lastTickMs = Date.parse(saved.saved_at);
    this.#entries.replace(entries, now);
    for (const firing of saved?.pending ?? []) {
      const tracked = this.#entries.find(firing.name);
      const child = alive(firing);
      if (child !== undefined) this.#runs.adopt(firing, tracked?.entry, child);
      else if (tracked !== undefined && isMadeUpFor(firing, tracked, now)) {
        const due = new Date(firing.due_at);
        this.#runs.offer(tracked.entry, newFiring(firing.name, due, 'catch-up', firing.id));
      } else this.#record(lostRecord(firing), tracked?.entry);
    }
    this.#ledger.changed();
  }

  /** Loads the schedule and the state for a single run, which leaves everything else unchanged. */
  borrow(entries: readonly ScheduledEntry[], saved: ScheduleState | undefined): void {
    this.#remember(saved);
    this.#foreign = saved?.pending ?? [];
    this.#entries.borrow(entries, this.#parts.now());
  }

  /** Replaces the schedule. What runs or waits already goes on. */
  replace(entries: readonly ScheduledEntry[]): void {
    this.#entries.replace(entries, this.#parts.now());
    this.#runs.replaceEntries((name) => this.entryOf(name));
    this.#ledger.changed();
  }

  /** Queues all that has come due, and starts what may start. Resolves when that has started. */
  async tick(): Promise<void> {
    if (this.#runs.isStopping) return;
    const nowMs = this.#parts.now().getTime();
    if (nowMs < this.#lastTickMs) this.#runs.shiftBack(this.#lastTickMs - nowMs);
    if (nowMs < this.#lastTickMs - CORRECTION_MS) this.#correctClock(nowMs);
    this.#lastTickMs = nowMs;
    for (const tracked of this.#entries.tracked) {
      if (tracked.nextMs !== undefined && tracked.nextMs <= nowMs) this.#queueDue(tracked, nowMs);
    }
    await this.#runs.startReady();
  }

  /** Runs an entry now, whatever the clock says. Resolves to the record of the run. */
  async runNow(entry: ScheduledEntry, id: string = randomUUID()): Promise<RunRecord> {
    const recorded = new Promise<RunRecord>((resolve) => this.#awaited.set(id, resolve));
    if (this.#runs.isStopping) this.refuse({ id, name: entry.name }, 'the daemon is ending');
    else this.#runs.offer(entry, newFiring(entry.name, this.#parts.now(), 'manual', id));
    await this.#runs.startReady();
    return await recorded;
  }

  /** Records a requested run that cannot be done. */
  refuse({ id, name }: { id: string; name: string }, reason: string): void {
    const firing = newFiring(name, this.#parts.now(), 'manual', id);
    this.#record(unrunRecord(firing, 'skipped', reason), undefined);
    void this.#ledger.flush();
  }

  /**
   * Starts no more runs. Resolves when all runs have ended; after `graceMs` they are ended. Waiting
   * firings stay in the state, for the next daemon.
   */
  async stop(graceMs: number): Promise<void> {
    await this.#runs.stop(graceMs);
    this.#ledger.changed();
    await this.#ledger.flush();
  }

  /** Resolves when nothing runs and nothing that may run waits. */
  async idle(): Promise<void> {
    await this.#runs.untilNothingRuns();
    await this.#ledger.flush();
  }

  #remember(saved: ScheduleState | undefined): void {
    this.#entries.remember(saved?.entries ?? {});
    for (const record of saved?.outbox ?? []) this.#ledger.add(record);
  }

  #correctClock(nowMs: number): void {
    const message = 'the clock was set back by more than 3 hours: the schedule follows it';
    this.#parts.log.warn({}, message);
    this.#entries.setBack(nowMs);
    this.#ledger.changed();
  }

  #queueDue(tracked: TrackedEntry, nowMs: number): void {
    const { entry, state } = tracked;
    const handledMs = Date.parse(state.handled_until);
    const { onTime, catchUp, missed } = dueFirings(entry, handledMs, nowMs);
    markHandled(tracked, nowMs);
    this.#ledger.changed();
    const summary = summariseMissed(missed);
    if (summary !== undefined) {
      const { at, count, reason } = summary;
      const firing = newFiring(entry.name, at, 'cron');
      this.#record(unrunRecord(firing, 'missed', reason, count), entry);
    }
    for (const at of onTime) this.#offerDue(tracked, newFiring(entry.name, at, 'cron'));
    if (catchUp !== undefined) this.#offerDue(tracked, newFiring(entry.name, catchUp, 'catch-up'));
  }

  #offerDue(tracked: TrackedEntry, firing: PendingFiring): void {
    // It was started already, before the clock was set back.
    if (tracked.state.last_started_due === firing.due_at) return;
    tracked.state = { ...tracked.state, last_started_due: firing.due_at };
    this.#runs.offer(tracked.entry, firing);
  }

  /** Passes a record on to all who need it: the entry, the disk, the notifier, and who waits for it. */
  #record(firing: RunRecord, entry: ScheduledEntry | undefined): void {
    const record = entry === undefined ? firing : { ...firing, zone: entry.timing.zone };
    this.#entries.recorded(record);
    this.#ledger.add(record);
    this.#parts.notifier?.recorded(record, entry, this.#entries.stateOf(record.name));
    this.#awaited.get(record.id)?.(record);
    this.#awaited.delete(record.id);
  }
}
