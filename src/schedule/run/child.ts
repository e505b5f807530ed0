import type { Readable } from 'node:stream';
import { execa } from 'execa';
import * as v from 'valibot';
import { messageOf } from '../../errors.js';
import { errnoOf, explainFileError } from '../../files/errors.js';
import type { LockOwner } from '../../lock/claim.js';
import { describeChild, isKnownDead } from '../../lock/owner.js';
import type { ScheduledEntry } from '../crontab/entry.js';
import type { DaemonLog } from '../log.js';
import type { RunEnd } from '../state/record.js';
import { startLongTimer } from '../timers.js';
import { lineLogger } from './lines.js';
import { ProcessGroup, signalGroup } from './process-group.js';
import { RunLog } from './run-log.js';

/** A run that is under way. */
export interface Child {
  /** `null` where it could not be started. */
  process: LockOwner | null;
  /** Never rejects. */
  ended: Promise<RunEnd>;
  /** Ends it; the reason goes into its record. Can be called again. */
  end(reason: string): void;
}

export interface ChildParts {
  /** The program, and the arguments in front of those of the entry. */
  program: readonly [file: string, ...args: string[]];
  cwd: string;
  log: DaemonLog;
  /** For tests. */
  killAfterMs?: number;
}

const OWN_FORMAT = new Set(['--json', '--csv', '--raw-csv']);

/**
 * Starts the command of an entry in a process group of its own, so that a signal to the daemon's group
 * does not end it. It has the environment of the daemon. Never rejects: a command that cannot be started
 * counts as one that has ended.
 */
export async function startChild(
  entry: ScheduledEntry,
  logFile: string,
  { program: [file, ...args], cwd, log, killAfterMs }: ChildParts,
): Promise<Child> {
  const answersInJson = !entry.argv.some((word) => OWN_FORMAT.has(word));
  const words = [...args, ...(answersInJson ? ['--json'] : []), ...entry.argv];
  const runLog = await RunLog.open(logFile);
  const subprocess = execa(file, words, {
    ...{ cwd, detached: true, reject: false, buffer: false },
    ...{ stdin: 'ignore', stdout: 'pipe', stderr: 'pipe' },
  });
  const { pid } = subprocess;
  if (pid !== undefined) killAtExit(pid);
  subprocess.once('exit', () => {
    // A process that it has started itself would hold its output open.
    if (pid !== undefined) signalGroup(pid, 'SIGKILL');
  });
  const answer = new Answer();
  const linesOf = lineLogger(entry.name, log);
  const reading = [
    drain(subprocess.stdout, runLog, answersInJson ? answer : linesOf('stdout')),
    drain(subprocess.stderr, runLog, linesOf('stderr')),
  ];
  const group = new ProcessGroup(pid, killAfterMs);
  const stopTimer =
    entry.timeoutMs === undefined
      ? undefined
      : startLongTimer(() => group.end('it took longer than its timeout'), entry.timeoutMs);
  const ended = (async (): Promise<RunEnd> => {
    const [result] = await Promise.all([subprocess, ...reading]);
    stopTimer?.();
    group.hasEnded();
    if (pid !== undefined) running.delete(pid);
    await runLog.close();
    if (runLog.failure !== undefined) {
      const reason = messageOf(runLog.failure);
      log.warn({ entry: entry.name, reason }, 'the log of the run could not be written');
    }
    const { error, ...sizes } = answer.read();
    const reason = group.endReason ?? reasonOf(result) ?? error?.message ?? null;
    return { exit_code: result.exitCode ?? null, reason, ...sizes };
  })();
  return {
    process: pid === undefined ? null : await describeChild(pid, entry.argv.join(' ')),
    ended,
    end: (reason) => group.end(reason),
  };
}

const running = new Set<number>();

/** Ends the children that are left where the daemon exits without waiting. */
function killAllChildren(): void {
  for (const pid of running) signalGroup(pid, 'SIGKILL');
}

function killAtExit(pid: number): void {
  if (!process.listeners('exit').includes(killAllChildren)) process.on('exit', killAllChildren);
  running.add(pid);
}

const POLL_EVERY_MS = 1000;

/** Follows a run that an earlier daemon has started: its end is seen, its exit code is not. */
export function adoptRun(owner: LockOwner, observer: LockOwner): Child {
  const group = new ProcessGroup(owner.pid);
  const ended = (async (): Promise<RunEnd> => {
    while (!(await isKnownDead(owner, observer))) {
      await new Promise((resolve) => setTimeout(resolve, POLL_EVERY_MS));
    }
    group.hasEnded();
    const reason = group.endReason ?? 'it outlived its daemon: how it ended is not known';
    return { exit_code: null, reason, bytes: null, archive_bytes: null };
  })();
  return { process: owner, ended, end: (reason) => group.end(reason) };
}

async function drain(
  stream: Readable,
  runLog: RunLog,
  sink: { write: (chunk: Buffer) => void; end?: () => void },
): Promise<void> {
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      sink.write(chunk);
      await runLog.write(chunk);
    }
  } catch {
    // The pipe broke with the process, whose end is reported.
  }
  sink.end?.();
}

/** The JSON that a command prints names what a backup holds, which is small. */
const LARGEST_ANSWER_BYTES = 4 * 1024 * 1024;

const size = v.nullable(v.pipe(v.number(), v.safeInteger(), v.minValue(0)));
const answerSchema = v.object({
  bytes: v.optional(v.fallback(size, null), null),
  archive_bytes: v.optional(v.fallback(size, null), null),
  copied_bytes: v.optional(v.fallback(size, null)),
  error: v.optional(v.object({ message: v.string() })),
});
const noAnswer = { bytes: null, archive_bytes: null };
const jsonAnswer = v.fallback(v.pipe(v.string(), v.parseJson(), answerSchema), noAnswer);

/** Collects what a command prints with --json. */
class Answer {
  #chunks: Buffer[] = [];
  #sizeBytes = 0;

  write(chunk: Buffer): void {
    this.#sizeBytes += chunk.length;
    if (this.#sizeBytes <= LARGEST_ANSWER_BYTES) this.#chunks.push(chunk);
    else this.#chunks = [];
  }

  /** Returns what a record needs from the answer; nothing from any other text. */
  read(): v.InferOutput<typeof answerSchema> {
    return v.parse(jsonAnswer, Buffer.concat(this.#chunks).toString('utf8'));
  }
}

interface Result {
  exitCode?: number | undefined;
  signal?: string | undefined;
  cause?: unknown;
}

function reasonOf({ exitCode, signal, cause }: Result): string | null {
  if (exitCode !== undefined) return null;
  if (signal !== undefined) return `a signal ended it (${signal})`;
  const isLimit = ['EMFILE', 'ENFILE'].includes(errnoOf(cause) ?? '');
  return `it could not be started: ${isLimit ? explainFileError(cause).why : messageOf(cause)}`;
}
