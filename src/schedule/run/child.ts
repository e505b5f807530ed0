import path from 'node:path';
import type { Readable } from 'node:stream';
import { execa } from 'execa';
import * as v from 'valibot';
import { messageOf } from '../../errors.js';
import { describeChild, isKnownDead } from '../../lock/owner.js';
import type { LockOwner } from '../../lock/claim.js';
import type { Child, ChildEnd, Runner } from './firing-record.js';
import { Lines } from './lines.js';
import type { DaemonLog } from '../log.js';
import { startLongTimer } from './long-timer.js';
import type { ScheduledEntry } from '../crontab/entry.js';
import { RunLog } from './run-log.js';

export interface ChildParts {
  /** The program, and the arguments in front of those of the entry. */
  program: readonly [file: string, ...args: string[]];
  cwd: string;
  log: DaemonLog;
  /** From SIGTERM to SIGKILL. */
  killAfterMs?: number;
}

const KILL_AFTER_MS = 10_000;
/** An answer in JSON names what a backup holds, which is small. */
const LARGEST_ANSWER_BYTES = 4 * 1024 * 1024;
/** The maximum number of lines of a run in the log of the daemon; the log of the run has all. */
const MOST_LINES = 1000;
const TIMED_OUT = 'it took longer than its timeout';
const OWN_FORMAT = new Set(['--json', '--csv', '--raw-csv']);

const running = new Set<number>();

/** Ends the children that are left where the daemon exits without waiting. */
function killAllChildren(): void {
  for (const pid of running) killGroup(pid, 'SIGKILL');
}

/** Starts entries as child processes, each with a log in the state folder. */
export class ChildRunner implements Runner {
  readonly #stateFolder: string;
  readonly #parts: ChildParts;

  constructor(stateFolder: string, parts: ChildParts) {
    this.#stateFolder = stateFolder;
    this.#parts = parts;
  }

  async start(entry: ScheduledEntry, logFile: string): Promise<Child> {
    return await startChild(entry, path.join(this.#stateFolder, logFile), this.#parts);
  }
}

/**
 * Starts the command of an entry in a process group of its own, so that a signal to the daemon's group
 * does not end it. It has the environment of the daemon. Never rejects.
 */
export async function startChild(
  entry: ScheduledEntry,
  logFile: string,
  { program, cwd, log, killAfterMs = KILL_AFTER_MS }: ChildParts,
): Promise<Child> {
  const [file, ...args] = program;
  const asksForJson = !entry.argv.some((word) => OWN_FORMAT.has(word));
  const words = [...args, ...(asksForJson ? ['--json'] : []), ...entry.argv];
  const runLog = await RunLog.open(logFile);
  const subprocess = execa(file, words, {
    ...{ cwd, detached: true, reject: false, buffer: false },
    ...{ stdin: 'ignore', stdout: 'pipe', stderr: 'pipe' },
  });
  const { pid } = subprocess;
  if (pid !== undefined) track(pid);
  subprocess.once('exit', () => {
    // A process that it has started itself would hold its output open.
    if (pid !== undefined) killGroup(pid, 'SIGKILL');
  });
  const answer = new Answer();
  const linesOf = lineLogger(entry.name, log);
  const reading = Promise.all([
    drain(
      subprocess.stdout,
      runLog,
      asksForJson ? (chunk) => answer.add(chunk) : linesOf('stdout'),
    ),
    drain(subprocess.stderr, runLog, linesOf('stderr')),
  ]);
  const ending = new Ending(pid, killAfterMs);
  const stopTimer =
    entry.timeoutMs === undefined
      ? undefined
      : startLongTimer(() => ending.end(TIMED_OUT), entry.timeoutMs);
  const ended = (async (): Promise<ChildEnd> => {
    const [result] = await Promise.all([subprocess, reading]);
    stopTimer?.();
    ending.over();
    if (pid !== undefined) running.delete(pid);
    await runLog.close();
    if (runLog.failure !== undefined) {
      const reason = messageOf(runLog.failure);
      log.warn({ entry: entry.name, reason }, 'the log of the run could not be written');
    }
    const exitCode = result.exitCode ?? null;
    const { failure, ...sizes } = answer.read();
    const reason = ending.reason ?? reasonOf(result) ?? failure;
    return { exitCode, reason, ...sizes };
  })();
  const command = entry.argv.join(' ');
  return {
    process: pid === undefined ? null : await describeChild(pid, command),
    ended,
    end: (reason) => ending.end(reason),
  };
}

function track(pid: number): void {
  if (!process.listeners('exit').includes(killAllChildren)) process.on('exit', killAllChildren);
  running.add(pid);
}

const POLL_EVERY_MS = 1000;

/** Follows a run that an earlier daemon has started: its end is seen, its exit code is not. */
export function adoptRun(owner: LockOwner, observer: LockOwner): Child {
  const ending = new Ending(owner.pid, KILL_AFTER_MS);
  const ended = (async (): Promise<ChildEnd> => {
    while (!(await isKnownDead(owner, observer))) {
      await new Promise((resolve) => setTimeout(resolve, POLL_EVERY_MS));
    }
    ending.over();
    const reason = ending.reason ?? 'it outlived its daemon: how it ended is not known';
    return { exitCode: null, reason, bytes: null, archiveBytes: null };
  })();
  return { process: owner, ended, end: (reason) => ending.end(reason) };
}

/** Ends a process group with SIGTERM, and some seconds later with SIGKILL. */
class Ending {
  readonly #pid: number | undefined;
  readonly #killAfterMs: number;
  #reason: string | null = null;
  #timer: NodeJS.Timeout | undefined;

  constructor(pid: number | undefined, killAfterMs: number) {
    this.#pid = pid;
    this.#killAfterMs = killAfterMs;
  }

  /** Why the group was ended; `null` where it was not. */
  get reason(): string | null {
    return this.#reason;
  }

  end(reason: string): void {
    if (this.#reason !== null || this.#pid === undefined) return;
    const pid = this.#pid;
    this.#reason = reason;
    killGroup(pid, 'SIGTERM');
    this.#timer = setTimeout(() => {
      this.#reason = `${reason}, and did not end when it was signalled`;
      killGroup(pid, 'SIGKILL');
    }, this.#killAfterMs);
  }

  over(): void {
    clearTimeout(this.#timer);
  }
}

function killGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // It has ended already.
  }
}

async function drain(
  stream: Readable,
  runLog: RunLog,
  onChunk: { write: (chunk: Buffer) => void; end: () => void } | ((chunk: Buffer) => void),
): Promise<void> {
  const sink = typeof onChunk === 'function' ? { write: onChunk, end: () => undefined } : onChunk;
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      sink.write(chunk);
      await runLog.write(chunk);
    }
  } catch {
    // The pipe broke with the process, whose end is reported.
  }
  sink.end();
}

function lineLogger(entry: string, log: DaemonLog): (stream: 'stdout' | 'stderr') => Lines {
  let lines = 0;
  return (stream) =>
    new Lines((line) => {
      lines++;
      if (lines <= MOST_LINES) log.info({ entry, stream }, line);
      if (lines === MOST_LINES) log.info({ entry }, 'further output is only in the log of the run');
    });
}

const answerSchema = v.object({
  bytes: v.optional(v.number()),
  archive_bytes: v.optional(v.number()),
  error: v.optional(v.object({ message: v.string() })),
});

/** What a command prints with --json. */
class Answer {
  #chunks: Buffer[] = [];
  #sizeBytes = 0;

  add(chunk: Buffer): void {
    this.#sizeBytes += chunk.length;
    if (this.#sizeBytes <= LARGEST_ANSWER_BYTES) this.#chunks.push(chunk);
    else this.#chunks = [];
  }

  /** Returns what a record needs from the answer; nothing from any other text. */
  read(): { bytes: number | null; archiveBytes: number | null; failure: string | null } {
    const { bytes, archive_bytes: archiveBytes, error } = this.#parse();
    return {
      bytes: sizeOf(bytes),
      archiveBytes: sizeOf(archiveBytes),
      failure: error?.message ?? null,
    };
  }

  #parse(): Partial<v.InferOutput<typeof answerSchema>> {
    try {
      const text = Buffer.concat(this.#chunks).toString('utf8');
      const result = v.safeParse(answerSchema, JSON.parse(text));
      return result.success ? result.output : {};
    } catch {
      return {};
    }
  }
}

function sizeOf(value: unknown): number | null {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : null;
}

interface Result {
  exitCode?: number | undefined;
  signal?: string | undefined;
  cause?: unknown;
}

function reasonOf({ exitCode, signal, cause }: Result): string | null {
  if (exitCode !== undefined) return null;
  if (signal !== undefined) return `a signal ended it (${signal})`;
  return `it could not be started: ${messageOf(cause)}`;
}
