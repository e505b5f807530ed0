import { randomUUID } from 'node:crypto';
import { countOfMissed } from './missed.js';
import type { EngineParts } from './engine-parts.js';
import type { Child } from '../run/firing-record.js';
import type { Run, Waiting } from './firing.js';
import { endRun, firingOf, pendingOf } from './firing.js';
import { ranRecord, unrunRecord } from '../run/firing-record.js';
import { Ledger } from './ledger.js';
import { startLongTimer } from '../run/long-timer.js';
import type { WaitingFiring } from './plan.js';
import type { ScheduledEntry } from '../crontab/entry.js';
import { LATE_MS, admit, dueFirings, nextToStart } from './plan.js';
import { Roster } from './roster.js';
import type { Slot } from './slot.js';
import type { RunRecord } from '../state/record.js';
import type { EntryState, PendingFiring, ScheduleState } from '../state/state.js';
import { STATE_VERSION } from '../state/state.js';

/** What was set back by more than this was wrong before; as Debian's cron has it. */
const CORRECTION_MS = 3 * 3_600_000;
const CLAIM_AGAIN_MS = 5_000;
const WRITE_AGAIN_MS = 1_000;

/**
 * The running schedule: what is due waits, and is begun as soon as it may be. Each firing comes to one
 * record. It knows no timer: whoever drives it calls `tick`, at `wakeAtMs` or whenever else.
 */
export class Engine {
  readonly #parts: EngineParts;
  readonly #ledger: Ledger;
  readonly #atRest = new Set<() => void>();
  /** Who waits for the record of a run of its own. */
  readonly #awaited = new Map<string, (record: RunRecord) => void>();
  readonly #roster = new Roster();
  /** What a dead daemon left that is not ours to take up. */
  #foreign: PendingFiring[] = [];
  #waiting: Waiting[] = [];
  readonly #running = new Map<string, Run>();
  #lastTickMs = -Infinity;
  #isStopping = false;
  #isClaimable = true;

  constructor(parts: EngineParts) {
    this.#parts = parts;
    this.#ledger = new Ledger(parts.store, parts.log, (outbox) => this.#stateWith(outbox));
  }

  get runningCount(): number {
    return this.#running.size;
  }

  get waitingCount(): number {
    return this.#waiting.length;
  }

  /** When `tick` has something to do next, in ms of Unix time; `undefined` where it never has. */
  get wakeAtMs(): number | undefined {
    const nowMs = this.#parts.now().getTime();
    if (this.#ledger.isBehind) return nowMs + WRITE_AGAIN_MS;
    // What waits for a run to end is begun when that ends.
    const later = this.#waiting.map(({ notBeforeMs }) => notBeforeMs).filter((ms) => ms > nowMs);
    const firstMs = later.reduce((a, b) => Math.min(a, b), this.#roster.firstDueMs);
    return Number.isFinite(firstMs) ? firstMs : undefined;
  }

  /** False while runs wait for the server of the claims. */
  get canClaim(): boolean {
    return this.#isClaimable;
  }

  nextOf(name: string): Date | undefined {
    const ms = this.#roster.slotOf(name)?.nextMs;
    return ms === undefined ? undefined : new Date(ms);
  }

  /** Of all entries. */
  get names(): Iterable<string> {
    return this.#roster.names;
  }

  entryOf(name: string): ScheduledEntry | undefined {
    return this.#roster.slotOf(name)?.entry;
  }

  stateOf(name: string): EntryState | undefined {
    return this.#roster.stateOf(name);
  }

  /**
   * Takes up the schedule, and what the daemon before has left: `alive` gives a run that goes on
   * without it, or nothing where it has ended. What was cut off is made up for like a missed firing.
   */
  resume(
    entries: readonly ScheduledEntry[],
    left: ScheduleState | undefined,
    alive: (firing: PendingFiring) => Child | undefined,
  ): void {
    const now = this.#parts.now();
    this.#roster.remember(left?.entries ?? {});
    for (const record of left?.outbox ?? []) this.#ledger.add(record);
    // The clock may have been set right while there was no daemon.
    if (left !== undefined) this.#lastTickMs = Date.parse(left.saved_at);
    this.#roster.take(entries, now);
    for (const firing of left?.pending ?? []) {
      const child = alive(firing);
      if (child === undefined) this.#resumeFiring(firing, now);
      else this.#adopt(firing, child);
    }
    this.#ledger.changed();
  }

  /** The same for a single run beside the schedule: what else there is stays as it is. */
  borrow(entries: readonly ScheduledEntry[], left: ScheduleState | undefined): void {
    this.#roster.remember(left?.entries ?? {});
    this.#foreign = [...(left?.pending ?? [])];
    for (const record of left?.outbox ?? []) this.#ledger.add(record);
    this.#roster.borrow(entries, this.#parts.now());
  }

  /** Another schedule in place of the one that runs. What runs or waits already goes on. */
  replace(entries: readonly ScheduledEntry[]): void {
    const names = new Set(entries.map(({ name }) => name));
    this.#roster.take(entries, this.#parts.now());
    for (const firing of this.#waiting) {
      firing.entry = this.entryOf(firing.entry.name) ?? firing.entry;
      if (names.has(firing.entry.name)) continue;
      this.#drop(firing, 'skipped', 'its entry was taken out of the schedule');
    }
    this.#ledger.changed();
  }

  /** Deals with all that has come due, and begins what may begin. Resolves when it is begun. */
  async tick(): Promise<void> {
    if (this.#isStopping) return;
    const nowMs = this.#parts.now().getTime();
    if (nowMs < this.#lastTickMs) this.#waitingAlong(this.#lastTickMs - nowMs);
    if (nowMs < this.#lastTickMs - CORRECTION_MS) this.#setBack(nowMs);
    this.#lastTickMs = nowMs;
    for (const slot of this.#roster.slots) {
      if (slot.nextMs !== undefined && slot.nextMs <= nowMs) this.#comeDue(slot, nowMs);
    }
    await this.#settle();
  }

  /** A run of its own, whatever the clock says. Resolves to what became of it. */
  async runNow(entry: ScheduledEntry, id: string = randomUUID()): Promise<RunRecord> {
    const recorded = new Promise<RunRecord>((resolve) => this.#awaited.set(id, resolve));
    if (this.#isStopping) this.refuse({ id, name: entry.name }, 'the daemon is ending');
    else this.#offer(entry, { id, dueMs: this.#parts.now().getTime(), trigger: 'manual' });
    await this.#settle();
    return await recorded;
  }

  /** Records a run that was asked for and cannot be. */
  refuse({ id, name }: { id: string; name: string }, reason: string): void {
    const firing = { ...firingOf(name, this.#parts.now()), id, trigger: 'manual' as const };
    this.#record(unrunRecord(firing, 'skipped', reason), undefined);
    void this.#ledger.flush();
  }

  /**
   * Begins nothing more. Resolves when all that runs has ended, which is made to after `graceMs`. What
   * waits stays in the state, for the next daemon.
   */
  async stop(graceMs: number): Promise<void> {
    this.#isStopping = true;
    for (const firing of [...this.#waiting]) {
      if (firing.trigger === 'manual') this.#drop(firing, 'skipped', 'the daemon was stopped');
    }
    const stopTimer = startLongTimer(() => this.#endAll('the daemon was stopped'), graceMs);
    while (this.#running.size > 0) {
      await new Promise<void>((resolve) => this.#atRest.add(resolve));
    }
    stopTimer();
    this.#ledger.changed();
    await this.#ledger.flush();
  }

  /** Resolves when nothing runs and nothing that may run waits. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) {
      await new Promise<void>((resolve) => this.#atRest.add(resolve));
    }
    await this.#ledger.flush();
  }

  #endAll(reason: string): void {
    for (const run of this.#running.values()) endRun(run, reason);
  }

  /** What waits for a time waits as long as it was to, and not for that time to come again. */
  #waitingAlong(setBackMs: number): void {
    for (const firing of this.#waiting) firing.notBeforeMs -= setBackMs;
  }

  #setBack(nowMs: number): void {
    this.#parts.log.warn(
      {},
      'the clock was set back by more than 3 hours: the schedule goes by it',
    );
    this.#roster.setBack(nowMs);
    this.#ledger.changed();
  }

  #comeDue(slot: Slot, nowMs: number): void {
    const { entry } = slot;
    const { onTime, catchUp, missed } = dueFirings(entry, slot.handledMs, nowMs);
    slot.handledUntil(nowMs);
    this.#ledger.changed();
    this.#missed(entry, missed);
    for (const at of onTime) this.#offerDue(slot, at.getTime(), 'cron');
    if (catchUp !== undefined) this.#offerDue(slot, catchUp.getTime(), 'catch-up');
  }

  #missed(entry: ScheduledEntry, missed: readonly Date[]): void {
    for (const { at, count, reason } of countOfMissed(missed)) {
      const due = { ...firingOf(entry.name, at), trigger: 'cron' as const };
      this.#record(unrunRecord(due, 'missed', reason, count), entry);
    }
  }

  #offerDue(slot: Slot, dueMs: number, trigger: 'cron' | 'catch-up'): void {
    if (slot.hasBegun(dueMs)) return;
    slot.begins(dueMs);
    const { id } = firingOf(slot.entry.name, new Date(dueMs));
    this.#offer(slot.entry, { id, dueMs, trigger });
  }

  #offer(entry: ScheduledEntry, due: Pick<WaitingFiring, 'id' | 'dueMs' | 'trigger'>): void {
    const earlier = this.#waiting.filter((other) => other.entry.name === entry.name);
    const running = [...this.#running.values()].filter(({ name }) => name === entry.name);
    const admission = admit(entry, {
      isRunning: running.length > 0,
      isWaiting: earlier.length > 0,
    });
    if (admission.kind === 'skip') {
      const at = new Date(due.dueMs);
      const firing = { ...firingOf(entry.name, at), id: due.id, trigger: due.trigger };
      this.#record(unrunRecord(firing, 'skipped', admission.reason), entry);
      return;
    }
    if (admission.kind === 'replace') {
      for (const run of running) endRun(run, 'the next firing of it was due');
      for (const firing of earlier) this.#drop(firing, 'skipped', 'the next firing of it was due');
    }
    const jitterMs = due.trigger === 'cron' ? Math.floor(this.#parts.random() * entry.jitterMs) : 0;
    this.#waiting.push({ ...due, entry, notBeforeMs: due.dueMs + jitterMs, waited: false });
    this.#ledger.changed();
  }

  #drop(firing: Waiting, result: 'skipped' | 'missed', reason: string): void {
    this.#waiting = this.#waiting.filter((other) => other !== firing);
    this.#record(unrunRecord(pendingOf(firing), result, reason), firing.entry);
  }

  /** All that may begin is begun before anything is waited for. */
  async #settle(): Promise<void> {
    await this.#ledger.flush();
    if (this.#isStopping) return;
    const nowMs = this.#parts.now().getTime();
    for (;;) {
      const limits = { atOnce: this.#parts.atOnce, nowMs };
      const next = nextToStart(this.#waiting, [...this.#running.values()], limits);
      if (next === undefined) break;
      void this.#run(next as Waiting);
    }
    for (const firing of this.#waiting) firing.waited ||= firing.notBeforeMs <= nowMs;
  }

  async #run(waiting: Waiting): Promise<void> {
    const { entry } = waiting;
    this.#waiting = this.#waiting.filter((other) => other !== waiting);
    const run: Run = {
      ...{ entry, name: entry.name, destination: entry.destination },
      ...{ firing: pendingOf(waiting), child: undefined, endReason: undefined },
    };
    this.#running.set(waiting.id, run);
    if (!(await this.#isOurs(waiting))) {
      this.#running.delete(waiting.id);
      await this.#settle();
      this.#rested();
      return;
    }
    const startedAt = this.#parts.now();
    const logFile = this.#parts.logFileFor(entry, startedAt);
    run.firing = { ...run.firing, started_at: startedAt.toISOString(), log_file: logFile };
    this.#ledger.changed();
    await this.#ledger.flush();
    const child = await this.#parts.begin(entry, logFile);
    this.#parts.onStarted(run.firing, entry);
    await this.#follow(run, child);
  }

  async #follow(run: Run, child: Child): Promise<void> {
    run.child = child;
    run.firing = { ...run.firing, process: child.process };
    this.#ledger.changed();
    void this.#ledger.flush();
    if (run.endReason !== undefined) child.end(run.endReason);
    const end = await child.ended;
    this.#running.delete(run.firing.id);
    this.#record(ranRecord(run.firing, end, this.#parts.now()), run.entry);
    await this.#settle();
    this.#rested();
  }

  /** Whether the firing is ours to run; where it is not, that is recorded, or it waits on. */
  async #isOurs(waiting: Waiting): Promise<boolean> {
    const { claim, log } = this.#parts;
    if (claim === undefined || waiting.trigger === 'manual') return true;
    const claimed = await claim(waiting.entry.name, waiting.dueMs);
    if (claimed.kind === 'ours') {
      this.#isClaimable = true;
      return true;
    }
    if (claimed.kind === 'taken') {
      this.#isClaimable = true;
      const reason = `${claimed.by} runs it`;
      this.#record(unrunRecord(pendingOf(waiting), 'skipped', reason), waiting.entry);
      return false;
    }
    if (this.#isClaimable) log.error({}, 'Redis cannot be reached: no run begins until it can');
    this.#isClaimable = false;
    const nowMs = this.#parts.now().getTime();
    if (waiting.entry.catchup === 'none' && nowMs - waiting.dueMs > LATE_MS) {
      const reason = 'Redis could not be reached';
      this.#record(unrunRecord(pendingOf(waiting), 'missed', reason), waiting.entry);
    } else {
      this.#waiting.push({ ...waiting, waited: true, notBeforeMs: nowMs + CLAIM_AGAIN_MS });
    }
    return false;
  }

  /** What a daemon that died had begun, or was to begin. */
  #resumeFiring(firing: PendingFiring, now: Date): void {
    const slot = this.#roster.slotOf(firing.name);
    const isNewerDue = slot?.nextMs !== undefined && slot.nextMs <= now.getTime();
    const isMadeUpFor = slot?.entry.catchup === 'once' && !isNewerDue;
    if (slot !== undefined && isMadeUpFor && firing.trigger !== 'manual') {
      const dueMs = Date.parse(firing.due_at);
      this.#offer(slot.entry, { id: firing.id, dueMs, trigger: 'catch-up' });
      return;
    }
    const cutOff = 'it was cut off: the daemon ended before it';
    const end = { exitCode: null, reason: cutOff, bytes: null, archiveBytes: null };
    const record =
      firing.started_at === null
        ? unrunRecord(firing, 'missed', 'the daemon ended before it began')
        : ranRecord(firing, end, null);
    this.#record(record, slot?.entry);
  }

  /** A run that outlived the daemon that began it. */
  #adopt(firing: PendingFiring, child: Child): void {
    const entry = this.entryOf(firing.name);
    const run: Run = {
      ...{ entry, name: firing.name, destination: entry?.destination, firing },
      ...{ child, endReason: undefined },
    };
    this.#running.set(firing.id, run);
    void this.#follow(run, child);
  }

  #record(record: RunRecord, entry: ScheduledEntry | undefined): void {
    this.#roster.ended(record);
    this.#ledger.add(record);
    this.#parts.onRecord(record, entry, this.#roster.stateOf(record.name));
    this.#awaited.get(record.id)?.(record);
    this.#awaited.delete(record.id);
  }

  #rested(): void {
    for (const resolve of this.#atRest) resolve();
    this.#atRest.clear();
  }

  #stateWith(outbox: readonly RunRecord[]): ScheduleState {
    const running = [...this.#running.values()].map(({ firing }) => firing);
    return {
      version: STATE_VERSION,
      saved_at: this.#parts.now().toISOString(),
      entries: this.#roster.states(),
      pending: [...this.#foreign, ...running, ...this.#waiting.map(pendingOf)],
      outbox: [...outbox],
    };
  }
}
