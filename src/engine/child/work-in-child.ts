import { type ChildProcess, fork } from 'node:child_process';
import { MangamotionError, messageOf } from '../../errors.js';
import type { WorkDone, WorkHooks, WorkerJob } from '../../workers/work.js';
import { type FromChild, type FromParent, readFromChild } from './messages.js';

/** A program of Node.js that works on one shard and speaks by the messages of `messages.ts`. */
export interface WorkProgram {
  script: string;
  args: readonly string[];
  execArgv: readonly string[];
  cwd: string;
}

export interface ChildOptions extends WorkHooks {
  /** For tests. */
  killAfterMs?: number;
}

/** From the request to end to SIGKILL. */
const KILL_AFTER_MS = 10_000;
/** A process that begins opens the store and the destination after it is ready. */
const READY_WITHIN_MS = 60_000;
/** What is kept of its stderr, which it uses only when it crashes. */
const STDERR_CHARACTERS = 2_000;

const ERROR = /^(?:\w*Error\b|FATAL)/;

/** Ends what is left where this process exits without waiting. */
const running = new Set<ChildProcess>();
function killAll(): void {
  for (const child of running) child.kill('SIGKILL');
}

/**
 * Works on a shard in a process of its own: whatever that does with its event loop, this process goes on to
 * renew the lock of the job. Rejects with the error of the child; with `internal` if it crashed; and with
 * the reason of the signal once the child has ended.
 */
export async function workInChild(
  { script, args, execArgv, cwd }: WorkProgram,
  job: WorkerJob,
  { signal, onProgress, warn, killAfterMs = KILL_AFTER_MS }: ChildOptions,
): Promise<WorkDone> {
  signal.throwIfAborted();
  const child = fork(script, args, {
    ...{ cwd, execArgv: [...execArgv] },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    // Ctrl-C is for this process, which lets the child end in peace.
    detached: true,
  });
  if (!process.listeners('exit').includes(killAll)) process.on('exit', killAll);
  running.add(child);
  const stderr = tailOf(child);
  let timer: NodeJS.Timeout | undefined;
  const killIn = (ms: number) => {
    clearTimeout(timer);
    timer = setTimeout(() => child.kill('SIGKILL'), ms);
  };
  const end = () => {
    send(child, { kind: 'end' });
    killIn(killAfterMs);
  };
  let outcome: FromChild | undefined;
  const garbled = { count: 0 };
  child.on('message', (raw) => {
    const message = readFromChild(raw);
    switch (message?.kind) {
      case 'ready':
        clearTimeout(timer);
        if (signal.aborted) end();
        else send(child, { kind: 'job', job });
        break;
      case 'progress':
        onProgress({ objects: message.objects, bytes: message.bytes });
        break;
      case 'warning':
        warn(message.line);
        break;
      case 'done':
      case 'failed':
        outcome = message;
        // It has nothing more to do.
        killIn(killAfterMs);
        break;
      case undefined:
        garbled.count += 1;
        break;
    }
  });
  killIn(READY_WITHIN_MS);
  signal.addEventListener('abort', end, { once: true });
  try {
    const how = await ended(child);
    if (outcome?.kind === 'done') return outcome.done;
    signal.throwIfAborted();
    if (outcome?.kind === 'failed') {
      const { code, message, hint } = outcome;
      throw new MangamotionError(code, message, { hint: hint ?? undefined });
    }
    const last = stderr();
    const why = last === '' ? '' : `: ${last}`;
    const told = garbled.count > 0 ? ', after a message that cannot be read' : '';
    throw new MangamotionError(
      'internal',
      `the process that worked on the shard ${how}${told}${why}`,
    );
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', end);
    running.delete(child);
  }
}

/** Resolves to how the process has ended, in words. */
function ended(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('error', (error) => {
      // Also that of a message that could not be sent: then it ends by itself.
      if (child.pid === undefined) resolve(`could not be started (${messageOf(error)})`);
    });
    // After its last message and the end of its stderr.
    child.once('close', (status, signal) =>
      resolve(signal === null ? `ended with ${status}` : `was ended by a signal (${signal})`),
    );
  });
}

function send(child: ChildProcess, message: FromParent): void {
  if (!child.connected) return;
  child.send(message, () => undefined);
}

/** Returns a function that returns the last error that the process wrote to stderr, or its last line. */
function tailOf(child: ChildProcess): () => string {
  let text = '';
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    text = (text + chunk).slice(-STDERR_CHARACTERS);
  });
  return () => {
    const lines = text.split('\n').map((line) => line.trim());
    // The stack and the version of Node.js follow the error.
    return (
      lines.findLast((line) => ERROR.test(line)) ?? lines.findLast((line) => line !== '') ?? ''
    );
  };
}
