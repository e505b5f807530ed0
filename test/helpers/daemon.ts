import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { PROGRAM, mangamotion } from '../e2e/run.js';
import { ownFolderOf } from '../../src/schedule/state/own-folder.js';
import { readHistory } from '../../src/schedule/state/history.js';
import type { RunRecord } from '../../src/schedule/state/record.js';
import type { ScheduleState } from '../../src/schedule/state/state.js';

interface LogLine {
  level: string;
  message: string;
  entry?: string;
  reason?: string;
  port?: number;
}

/** The daemon of the built program, with a folder of its own for its schedule and its state. */
export class TestDaemon {
  readonly folder: string;
  readonly #env: Record<string, string>;
  #child: ReturnType<typeof spawn> | undefined;
  #closed: Promise<unknown> = Promise.resolve();
  log = '';
  /** A command that starts the daemon in its own place, such as prlimit with its options. */
  startedBy: readonly string[] = [];

  constructor(folder: string, env: Record<string, string> = {}) {
    mkdirSync(folder, { recursive: true });
    this.folder = folder;
    this.#env = { PATH: process.env.PATH ?? '', TZ: 'UTC', ...env };
  }

  /** What --state-dir names. */
  get stateFolder(): string {
    return join(this.folder, 'state');
  }

  /** The subfolder that has the state. */
  get state(): string {
    return ownFolderOf(this.stateFolder);
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** It has ended by itself because it was used wrong: nothing more is to be waited for. */
  get #hasRefused(): boolean {
    return this.#child?.exitCode === 2;
  }

  /** Lines of the log, as far as they are whole. */
  get lines(): LogLine[] {
    const whole = this.log.slice(0, this.log.lastIndexOf('\n') + 1);
    return whole
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as LogLine);
  }

  write(schedule: string): void {
    writeFileSync(join(this.folder, 'mangamotion.crontab'), schedule);
  }

  /** Resolves when it runs the schedule. */
  async start(...args: string[]): Promise<void> {
    this.begin(...args);
    await this.until(() => this.lines.some(({ message }) => message === 'the schedule runs'));
  }

  begin(...args: string[]): void {
    this.log = '';
    const words = ['schedule', '--state-dir', this.stateFolder, ...args];
    const [file = '', ...rest] = [...this.startedBy, process.execPath, PROGRAM, ...words];
    const child = spawn(file, rest, {
      ...{ cwd: this.folder, env: this.#env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const add = (text: Buffer) => {
      this.log += text.toString();
      appendFileSync(join(this.folder, 'log'), text);
    };
    child.stdout.on('data', add);
    child.stderr.on('data', add);
    this.#child = child;
    this.#closed = once(child, 'close');
  }

  signal(name: NodeJS.Signals): void {
    this.#child?.kill(name);
  }

  /** Resolves to the exit status, when its whole log is here too; to `null` where a signal ended it. */
  async ended(): Promise<number | null> {
    await this.#closed;
    return this.#child?.exitCode ?? null;
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    this.signal(signal);
    return await this.ended();
  }

  /** For the end of a test, whatever became of it. */
  async kill(): Promise<void> {
    this.signal('SIGCONT');
    this.signal('SIGKILL');
    await this.ended();
    for (const { process: owner } of this.savedState()?.pending ?? []) {
      if (owner !== null) killQuietly(-owner.pid);
    }
  }

  run(...args: string[]) {
    const [name = '', ...others] = args;
    return mangamotion(['schedule', name, '--state-dir', this.stateFolder, ...others], {
      ...{ cwd: this.folder, env: this.#env },
    });
  }

  /** Whether a run is under way, and the state on the disk says which process it is. */
  get hasBegun(): boolean {
    const [first] = this.savedState()?.pending ?? [];
    return first !== undefined && first.process !== null;
  }

  savedState(): ScheduleState | undefined {
    const file = join(this.state, 'state.json');
    return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as ScheduleState) : undefined;
  }

  /** The oldest first. */
  async history(): Promise<RunRecord[]> {
    return (await readHistory(this.state)).records.reverse();
  }

  /** Resolves when there are records that are so; to all. */
  async recorded(isSo: (records: RunRecord[]) => boolean): Promise<RunRecord[]> {
    let records: RunRecord[] = [];
    await this.until(async () => isSo((records = await this.history())));
    return records;
  }

  /** Resolves to the first line of the log that is so, when it is there. */
  async logged(isSo: (line: LogLine) => boolean): Promise<LogLine> {
    let line: LogLine | undefined;
    await this.until(() => (line = this.lines.find(isSo)) !== undefined);
    return line!;
  }

  async until(isSo: () => boolean | Promise<boolean>, withinMs = 40_000): Promise<void> {
    const giveUpAtMs = performance.now() + withinMs;
    while (!(await isSo())) {
      if (performance.now() > giveUpAtMs || this.#hasRefused) {
        const history = await this.history().then(JSON.stringify, String);
        throw new Error(`it never came to that:\n${this.log}\n${history}`);
      }
      await delay(50);
    }
  }
}

export function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It is gone already.
  }
}
