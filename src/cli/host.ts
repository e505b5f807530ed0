import type { Readable, Writable } from 'node:stream';

/** A stream as a program sees its stdout: a terminal, a pipe, a file, or a buffer in a test. */
export type OutputStream = Writable & { isTTY?: boolean; columns?: number; rows?: number };

/** What signals are heard on: `process`, or an emitter in a test. */
export interface SignalSource {
  on(name: NodeJS.Signals, listener: () => void): unknown;
  off(name: NodeJS.Signals, listener: () => void): unknown;
  /** Ends the process at once. */
  exit(status: number): void;
}

/** Where a person answers, if it is a terminal. */
type InputStream = Readable & { isTTY?: boolean };

/** The world as `main` is given it, so that tests run it in-process with a world of their own. */
export interface Host {
  /** Nobody is asked anything where it is absent. */
  stdin?: InputStream;
  stdout: OutputStream;
  stderr: OutputStream;
  env: Readonly<Record<string, string | undefined>>;
  /** Where relative paths begin. */
  cwd: string;
  signals: SignalSource;
  now: () => Date;
}

/** Whether there is a terminal to ask on. */
export function canAsk({ stdin, stderr }: Host): boolean {
  return stdin?.isTTY === true && stderr.isTTY === true;
}
