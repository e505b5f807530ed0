import type { EngineParts } from '../../../../src/schedule/engine/engine.js';
import { Engine } from '../../../../src/schedule/engine/engine.js';
import type { Child } from '../../../../src/schedule/run/child.js';
import type { ScheduledEntry } from '../../../../src/schedule/crontab/entry.js';
import { parseCrontab } from '../../../../src/schedule/crontab/crontab.js';
import type { PendingFiring, RunEnd, RunRecord } from '../../../../src/schedule/state/record.js';
import type { ScheduleState } from '../../../../src/schedule/state/state.js';

/** The entries of a crontab as the command hands them to the daemon: full backups go first. */
export function entriesOf(text: string, zone = 'UTC'): ScheduledEntry[] {
  const { entries, problems } = parseCrontab(text, { zone, now: new Date('2026-01-01T00:00:00Z') });
  if (problems.length > 0) throw new Error(JSON.stringify(problems));
  return entries.map((entry) => ({
    ...entry,
    destination: entry.argv[0] === 'backup' ? entry.argv[2] : undefined,
    rank: ['full', 'incremental'].indexOf(entry.argv[1] ?? ''),
  }));
}

const DONE: RunEnd = { exit_code: 0, reason: null, bytes: null, archive_bytes: null };

interface FakeRun {
  name: string;
  endsAtMs: number;
  finish: (end?: Partial<RunEnd>) => void;
}

export interface FakeWorldOptions extends Partial<
  Pick<EngineParts, 'atOnce' | 'lease' | 'random'>
> {
  now: string;
  /** How long a run takes, by the name of its entry; for ever where it is not said. */
  takesMs?: Record<string, number>;
}

/** A clock that is set by hand, runs that end by it, and a disk that can fail. */
export class FakeWorld {
  nowMs: number;
  readonly records: RunRecord[] = [];
  readonly started: string[] = [];
  readonly ended: string[] = [];
  readonly told: string[] = [];
  running: FakeRun[] = [];
  /** As it would be found after a crash. */
  saved: ScheduleState | undefined;
  diskFails = false;
  mostAtOnce = 0;
  engine: Engine;
  readonly #options: FakeWorldOptions;
  readonly #ids = new Set<string>();

  constructor(options: FakeWorldOptions) {
    this.#options = options;
    this.nowMs = Date.parse(options.now);
    this.engine = this.#newEngine();
  }

  begin(entries: readonly ScheduledEntry[]): void {
    this.engine.resume(entries, undefined, () => undefined);
  }

  /** As after a kill -9: what the state on the disk says is all that is known. */
  restart(
    entries: readonly ScheduledEntry[],
    alive: (firing: PendingFiring) => Child | undefined = () => undefined,
  ): void {
    this.running = [];
    this.engine = this.#newEngine();
    this.engine.resume(entries, structuredClone(this.saved), alive);
  }

  async at(time: string): Promise<void> {
    this.nowMs = Date.parse(time);
    await this.tick();
  }

  async tick(): Promise<void> {
    for (;;) {
      const due = this.running.filter(({ endsAtMs }) => endsAtMs <= this.nowMs);
      if (due.length === 0) break;
      due.sort((a, b) => a.endsAtMs - b.endsAtMs)[0]?.finish();
      await settle();
    }
    await this.engine.tick();
    await settle();
  }

  /** Through all that happens up to a time, from one firing or end to the next. */
  async until(time: string, entries: readonly ScheduledEntry[]): Promise<void> {
    const untilMs = Date.parse(time);
    for (;;) {
      const next = [
        ...entries.map(({ name }) => this.engine.nextOf(name)?.getTime() ?? Infinity),
        ...this.running.map(({ endsAtMs }) => endsAtMs),
      ].reduce((a, b) => Math.min(a, b), Infinity);
      if (next >= untilMs) break;
      this.nowMs = Math.max(next, this.nowMs);
      await this.tick();
    }
    this.nowMs = untilMs;
  }

  finish(name: string, end: Partial<RunEnd> = {}): Promise<void> {
    this.running.find((run) => run.name === name)?.finish(end);
    return settle();
  }

  results(): string[] {
    return this.records.map(({ name, due_at, result, trigger, count }) =>
      [
        ...[name, due_at.slice(0, 16), result],
        ...(trigger === 'cron' ? [] : [trigger]),
        ...(count === 1 ? [] : [`x ${count}`]),
      ].join(' '),
    );
  }

  #newEngine(): Engine {
    const { atOnce = 4, lease, random = () => 0 } = this.#options;
    const engine: Engine = new Engine({
      ...{ atOnce, lease, random, now: () => new Date(this.nowMs) },
      startRun: (entry) => Promise.resolve(this.#start(entry)),
      store: {
        save: (state) => {
          if (this.diskFails) return Promise.reject(new Error('no space left'));
          this.saved = state;
          return Promise.resolve();
        },
        append: (records) => {
          // What a daemon that was killed still has to say comes from nobody.
          if (engine !== this.engine) return Promise.resolve();
          // As the history does: a write that was tried again is told once.
          this.records.push(...records.filter(({ id }) => !this.#ids.has(id)));
          for (const { id } of records) this.#ids.add(id);
          return Promise.resolve();
        },
      },
      log: {
        info: (_fields, message) => this.told.push(message),
        warn: (_fields, message) => this.told.push(message),
        error: (_fields, message) => this.told.push(message),
      },
      notifier: undefined,
    });
    return engine;
  }

  #start(entry: ScheduledEntry): Child {
    const { name } = entry;
    this.started.push(`${name} ${new Date(this.nowMs).toISOString().slice(0, 16)}`);
    let finish: (end?: Partial<RunEnd>) => void = () => undefined;
    const ended = new Promise<RunEnd>((resolve) => {
      finish = (end) => {
        this.running = this.running.filter((other) => other !== run);
        this.ended.push(name);
        resolve({ ...DONE, ...end });
      };
    });
    const takesMs = this.#options.takesMs?.[name] ?? Infinity;
    const run: FakeRun = { name, endsAtMs: this.nowMs + takesMs, finish };
    this.running.push(run);
    this.mostAtOnce = Math.max(this.mostAtOnce, this.running.length);
    return { process: null, ended, end: (reason) => finish({ exit_code: 143, reason }) };
  }
}

/** Lets all that waits for nothing but itself come to its end. */
export async function settle(): Promise<void> {
  for (let round = 0; round < 5; round++) await new Promise(setImmediate);
}
