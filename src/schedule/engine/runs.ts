import { EventEmitter, once } from 'node:events';
import type { ScheduledEntry } from '../crontab/entry.js';
import type { DaemonLog } from '../log.js';
import type { Child } from '../run/child.js';
import { logPathOf } from '../run/run-log.js';
import type { PendingFiring, RunRecord } from '../state/record.js';
import { ranRecord, unrunRecord } from '../state/record.js';
import type { EntryState } from '../state/state.js';
import { startLongTimer } from '../timers.js';
import type { WaitingFiring } from './admission.js';
import { admit, nextToStart } from './admission.js';
import type { Claim, Lease } from './claims.js';
import { Claims } from './claims.js';
import { LATE_MS } from './due.js';
import type { Ledger } from './ledger.js';
import { WaitingLine } from './waiting-line.js';

/** Is notified of runs. Its methods return at once and never throw. */
export interface RunNotifier {
  started(firing: PendingFiring): void;
  /** `entry` is `undefined` where it was removed from the schedule meanwhile. */
  recorded(
    record: RunRecord,
    entry: ScheduledEntry | undefined,
    state: EntryState | undefined,
  ): void;
}

/** The parts that runs depend on. */
export interface RunsParts {
  now: () => Date;
  /** Returns a number from 0 up to, but not including, 1. */
  random: () => number;
  /** The most runs at once. */
  atOnce: number;
  /**
   * Starts the command of an entry. `logFile` is relative to the state folder. Never rejects: a command
   * that cannot be started counts as one that has ended.
   */
  startRun: (entry: ScheduledEntry, logFile: string) => Promise<Child>;
  /** `undefined` where no other daemon shares the schedule. */
  lease: Lease | undefined;
  /** `undefined` where nobody is notified. */
  notifier: RunNotifier | undefined;
  /** Called once for each firing. `entry` is `undefined` where it is not in the schedule. */
  record: (record: RunRecord, entry: ScheduledEntry | undefined) => void;
  ledger: Ledger;
  log: DaemonLog;
}

/** A firing whose run has started and not yet ended. */
interface ActiveRun {
  firing: PendingFiring;
  /** `undefined` where the entry is no longer in the schedule. */
  entry: ScheduledEntry | undefined;
  /** `undefined` while it is being started. */
  child: Child | undefined;
  /** The reason why the run must end as soon as it has started. */
  endReason: string | undefined;
}

const CLAIM_AGAIN_MS = 5_000;

/** Starts each firing that waits as soon as it may start, and follows its run to its record. */
export class Runs {
  readonly #parts: RunsParts;
  readonly #waiting = new WaitingLine();
  readonly #claims: Claims;
  readonly #running = new Set<ActiveRun>();
  /** Emits `end` when a run has ended and those that waited for it have started. */
  readonly #ends = new EventEmitter();
  #isStopping = false;

  constructor(parts: RunsParts) {
    this.#parts = parts;
    this.#claims = new Claims(parts.lease, parts.log);
  }

  get isStopping(): boolean {
    return this.#isStopping;
  }

  /** False while runs wait because Redis, which holds the claims, cannot be reached. */
  get canClaim(): boolean {
    return this.#claims.areAvailable;
  }

  get runningCount(): number {
    return this.#running.size;
  }

  get waitingCount(): number {
    return this.#waiting.all.length;
  }

  /**
   * The first time after now at which a waiting firing may start, in ms of Unix time; `Infinity` where
   * there is none. A firing that waits for a run is started when that run ends.
   */
  nextStartMs(nowMs: number): number {
    return this.#waiting.nextStartMs(nowMs);
  }

  /** Queues a firing unless the overlap rule of its entry says otherwise. */
  offer(entry: ScheduledEntry, firing: PendingFiring): void {
    const { random, record, ledger } = this.#parts;
    const waiting = this.#waiting.of(entry.name);
    const running = [...this.#running].filter((run) => run.firing.name === entry.name);
    const isRunning = running.length > 0;
    const admission = admit(entry, { isRunning, isWaiting: waiting.length > 0 });
    if (admission.kind === 'skip') {
      record(unrunRecord(firing, 'skipped', admission.reason), entry);
      return;
    }
    if (admission.kind === 'replace') {
      const reason = 'its next firing was due';
      for (const run of running) endRun(run, reason);
      for (const earlier of waiting) this.#drop(earlier, reason);
    }
    const jitterMs = firing.trigger === 'cron' ? Math.floor(random() * entry.jitterMs) : 0;
    this.#waiting.add(firing, entry, Date.parse(firing.due_at) + jitterMs);
    ledger.changed();
  }

  /** Follows a run that an earlier daemon has started. */
  adopt(firing: PendingFiring, entry: ScheduledEntry | undefined, child: Child): void {
    const run = { firing, entry, child, endReason: undefined };
    this.#running.add(run);
    void this.#follow(run, child);
  }

  /** Gives waiting firings the entries of a new schedule, and drops those whose entry left it. */
  replaceEntries(entryOf: (name: string) => ScheduledEntry | undefined): void {
    for (const waiting of this.#waiting.all) {
      const entry = entryOf(waiting.entry.name);
      if (entry === undefined) this.#drop(waiting, 'its entry was removed from the schedule');
      else waiting.entry = entry;
    }
  }

  /**
   * Call this when the clock was set back: a firing waits for its original delay, not until the old time
   * returns.
   */
  shiftBack(setBackMs: number): void {
    this.#waiting.shiftBack(setBackMs);
  }

  /** Starts all that may start before it waits for anything. */
  async startReady(): Promise<void> {
    const { ledger, atOnce, now } = this.#parts;
    await ledger.flush();
    if (this.#isStopping) return;
    const nowMs = now().getTime();
    for (;;) {
      const next = nextToStart(this.#waiting.all, [...this.#running], { atOnce, nowMs });
      if (next === undefined) break;
      this.#waiting.remove(next);
      void this.#run(next);
    }
    this.#waiting.markLate(nowMs);
  }

  /**
   * Starts no more runs. Resolves when all runs have ended; after `graceMs` they are ended. Waiting
   * firings stay in the state, for the next daemon.
   */
  async stop(graceMs: number): Promise<void> {
    this.#isStopping = true;
    const reason = 'the daemon was stopped';
    for (const waiting of this.#waiting.all) {
      if (waiting.firing.trigger === 'manual') this.#drop(waiting, reason);
    }
    const stopTimer = startLongTimer(() => {
      for (const run of this.#running) endRun(run, reason);
    }, graceMs);
    await this.untilNothingRuns();
    stopTimer();
  }

  async untilNothingRuns(): Promise<void> {
    while (this.#running.size > 0) await once(this.#ends, 'end');
  }

  /** Returns all firings in the form of the saved state: the runs, then the waiting ones. */
  pending(): PendingFiring[] {
    return [...this.#running, ...this.#waiting.all].map(({ firing }) => firing);
  }

  async #run(waiting: WaitingFiring): Promise<void> {
    const { ledger, startRun, notifier, now } = this.#parts;
    const { firing, entry } = waiting;
    const run: ActiveRun = { firing, entry, child: undefined, endReason: undefined };
    this.#running.add(run);
    const claim = await this.#claims.claim(firing);
    if (claim.kind !== 'ours') {
      this.#setAside(waiting, claim);
      await this.#end(run);
      return;
    }
    const startedAt = now();
    const log_file = logPathOf(entry.name, startedAt);
    run.firing = { ...firing, started_at: startedAt.toISOString(), log_file };
    ledger.changed();
    await ledger.flush();
    const child = await startRun(entry, log_file);
    notifier?.started(run.firing);
    await this.#follow(run, child);
  }

  /** Records a firing that another daemon runs. One that could not be claimed waits again, or is missed. */
  #setAside({ firing, entry }: WaitingFiring, claim: Claim): void {
    const { now, record } = this.#parts;
    const nowMs = now().getTime();
    if (claim.kind === 'taken') {
      record(unrunRecord(firing, 'skipped', `${claim.by} runs it`), entry);
    } else if (entry.catchup === 'none' && nowMs - Date.parse(firing.due_at) > LATE_MS) {
      record(unrunRecord(firing, 'missed', 'Redis could not be reached'), entry);
    } else {
      this.#waiting.add({ ...firing, waited: true }, entry, nowMs + CLAIM_AGAIN_MS);
    }
  }

  /** Waits for the end of a run, and records it. */
  async #follow(run: ActiveRun, child: Child): Promise<void> {
    const { ledger, record, now } = this.#parts;
    run.child = child;
    run.firing = { ...run.firing, process: child.process };
    ledger.changed();
    void ledger.flush();
    if (run.endReason !== undefined) child.end(run.endReason);
    const end = await child.ended;
    record(ranRecord(run.firing, end, now()), run.entry);
    await this.#end(run);
  }

  async #end(run: ActiveRun): Promise<void> {
    this.#running.delete(run);
    await this.startReady();
    this.#ends.emit('end');
  }

  #drop(waiting: WaitingFiring, reason: string): void {
    this.#waiting.remove(waiting);
    this.#parts.record(unrunRecord(waiting.firing, 'skipped', reason), waiting.entry);
  }
}

/** Ends a run, even one that is still being started. */
function endRun(run: ActiveRun, reason: string): void {
  if (run.child === undefined) run.endReason = reason;
  else run.child.end(reason);
}
