import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { processEnvironment, withoutSecrets } from '../../config/environment.js';
import { redact, secretsOf } from '../../config/redact.js';
import { messageOf } from '../../errors.js';
import { signalGroup } from '../run/process-group.js';
import type { RunRecord } from '../state/record.js';

export interface HookCommand {
  hook: string;
  record: RunRecord;
  /** What it reads on stdin. */
  body: string;
  signal: AbortSignal;
  cwd: string;
  /** The secret settings that the command has in its environment. */
  passEnv: readonly string[];
  timing: { commandMs: number; graceMs: number };
}

/** The number of bytes of its output that are logged. */
const MOST_BYTES = 4096;
/** More bytes are kept for redaction, so that no part of a secret remains at the beginning. */
const KEPT_BYTES = 4 * MOST_BYTES;
const POLL_EVERY_MS = 50;
const LAST_OUTPUT_MS = 200;

/**
 * Runs a command line in a process group of its own, which is ended as a whole. The command has ended
 * when its output has: a process that it leaves behind with an output elsewhere may stay. Never rejects.
 */
export async function runHookCommand({
  hook,
  record,
  body,
  signal,
  cwd,
  passEnv,
  timing: { commandMs, graceMs },
}: HookCommand): Promise<{ problem: string | undefined; output: string }> {
  const tail = new Tail();
  const stop = new AbortController();
  const isStopped = (): boolean => stop.signal.aborted;
  const onAbort = (): void => stop.abort('there was no time for it');
  signal.addEventListener('abort', onAbort, { once: true });
  const late = `it took longer than ${commandMs / 1000} s`;
  const timer = setTimeout(() => stop.abort(late), commandMs);
  try {
    const env = { ...withoutSecrets(processEnvironment(), passEnv), ...variablesOf(record) };
    const child = execa('/bin/sh', ['-c', hook], {
      ...{ cwd, env, extendEnv: false, input: body },
      ...{ detached: true, all: true, buffer: false, reject: false },
    });
    child.all.on('data', (chunk: Buffer) => tail.add(chunk));
    child.all.on('error', () => undefined);
    await Promise.race([child, once(stop.signal, 'abort')]);
    if (!isStopped()) return { problem: problemOf(await child), output: shown(tail) };
    if (child.pid !== undefined) await endGroup(child.pid, graceMs);
    // A process that has left the group may hold the output open for ever.
    await Promise.race([child, sleep(LAST_OUTPUT_MS)]);
    for (const stream of [child.all, child.stdout, child.stderr, child.stdin]) stream.destroy();
    child.unref();
    return { problem: String(stop.signal.reason), output: shown(tail) };
  } catch (error) {
    return { problem: messageOf(error), output: shown(tail) };
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
  }
}

function variablesOf(record: RunRecord): Record<string, string> {
  return {
    MANGAMOTION_ENTRY: record.name,
    MANGAMOTION_RESULT: record.result,
    MANGAMOTION_EXIT_CODE: String(record.exit_code ?? ''),
    MANGAMOTION_DUE_AT: record.due_at,
    MANGAMOTION_STARTED_AT: record.started_at ?? '',
    MANGAMOTION_FINISHED_AT: record.finished_at ?? '',
    MANGAMOTION_LOG_FILE: record.log_file ?? '',
    MANGAMOTION_REASON: record.reason ?? '',
  };
}

function problemOf(result: {
  failed: boolean;
  exitCode?: number | undefined;
  signal?: string | undefined;
  code?: string | undefined;
}): string | undefined {
  if (!result.failed) return undefined;
  if (result.exitCode !== undefined) return `exit status ${result.exitCode}`;
  if (result.signal !== undefined) return `${result.signal} ended it`;
  return `it could not be started (${result.code ?? 'for an unknown reason'})`;
}

/** Sends SIGTERM to all processes of the group, and later SIGKILL to those that are left. */
async function endGroup(pid: number, graceMs: number): Promise<void> {
  const deadline = performance.now() + graceMs;
  signalGroup(pid, 'SIGTERM');
  while (signalGroup(pid, 0) && performance.now() < deadline) await sleep(POLL_EVERY_MS);
  signalGroup(pid, 'SIGKILL');
}

/** A command may print its environment, and the log is read by others. */
function shown(tail: Tail): string {
  return lastBytes(redact(tail.text(), secretsOf(processEnvironment())), MOST_BYTES);
}

/** Keeps the last bytes of an output, however long it is. */
class Tail {
  #bytes = Buffer.alloc(0);

  add(chunk: Uint8Array): void {
    // Each of the two creates a copy: a part of a larger buffer would keep all of it.
    const bytes = Buffer.concat([this.#bytes, chunk.subarray(-KEPT_BYTES)]);
    this.#bytes = Buffer.from(bytes.subarray(-KEPT_BYTES));
  }

  text(): string {
    return this.#bytes.toString('utf8');
  }
}

/** Returns the last bytes of a text, without a character that is cut in two. */
function lastBytes(text: string, mostBytes: number): string {
  const bytes = Buffer.from(text);
  let from = Math.max(0, bytes.length - mostBytes);
  while (from > 0 && ((bytes[from] ?? 0) & 0xc0) === 0x80) from++;
  return bytes.toString('utf8', from);
}
