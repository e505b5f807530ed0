import { EventEmitter } from 'node:events';
import process from 'node:process';
import { Readable, Writable } from 'node:stream';
import { catalog } from '../../src/cli/catalog.js';
import { main } from '../../src/cli/program.js';
import { runMain, world, type Outcome as TextOutcome } from '../unit/cli/world.js';

/** The program in this process: what a command does, where the process is not the point. */

export interface Outcome {
  /** Absent where a signal ended it, which only a process of its own can show. */
  exitCode?: number | undefined;
  stdout: string;
  stderr: string;
}

/** A pipe that keeps what is written into it. Bytes: a character may come in two chunks. */
class CapturedPipe extends Writable {
  readonly #chunks: Buffer[] = [];

  get text(): string {
    return Buffer.concat(this.#chunks).toString('utf8');
  }

  override _write(chunk: Buffer, _encoding: string, callback: () => void): void {
    this.#chunks.push(Buffer.from(chunk));
    callback();
  }
}

class NoSignals extends EventEmitter {
  exit(status: number): void {
    throw new Error(`the program wants to end this process with ${status}`);
  }
}

/**
 * Runs a command line as a shell would, without a terminal and in an environment of its own. Never
 * rejects. It has no process: what needs one (signals, memory, a program of another version of
 * Node.js) goes through `mangamotion` in test/e2e/run.ts.
 */
export async function runHere(
  args: readonly string[],
  options: { cwd?: string | undefined; env?: Record<string, string> } = {},
): Promise<Outcome> {
  const [stdout, stderr] = [new CapturedPipe(), new CapturedPipe()];
  const exitCode = await main(
    args,
    {
      ...{ stdin: Readable.from([]), stdout, stderr, signals: new NoSignals() },
      env: { PATH: process.env.PATH ?? '', ...options.env },
      cwd: options.cwd ?? process.cwd(),
      now: () => new Date(),
    },
    catalog,
  );
  return { exitCode, stdout: stdout.text, stderr: stderr.text };
}

/** The same at a time of the caller's; on a terminal where it has columns. */
export function runAt(
  now: string,
  args: readonly string[],
  options: { env: Record<string, string>; columns?: number; cwd?: string },
): Promise<TextOutcome> {
  return runMain(args, catalog, world({ ...options, now: () => new Date(now) }));
}
