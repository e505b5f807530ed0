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
  /** Told of the first signal that asks a command to end. */
  onAskedToEnd?: () => void;
  now: () => Date;
}

/** What is assumed of a terminal that does not tell its size. */
const USUAL_SIZE = { columns: 80, rows: 24 } as const;

/**
 * The size of the terminal that a stream leads to, at this moment; `undefined` where there is none.
 * `script`, `docker exec` and some CI give a terminal of 0 columns and rows, or make one so later: to
 * divide by those would never end.
 */
export function terminalSize({
  isTTY,
  columns,
  rows,
}: OutputStream): { columns: number; rows: number } | undefined {
  if (isTTY !== true) return undefined;
  return {
    columns: isSize(columns) ? columns : USUAL_SIZE.columns,
    rows: isSize(rows) ? rows : USUAL_SIZE.rows,
  };
}

/** Whether something may be drawn over and over: on a terminal that knows how, and has a size. */
export function canAnimate({ isTTY, columns, rows }: OutputStream, env: Host['env']): boolean {
  return isTTY === true && env.TERM !== 'dumb' && columns !== 0 && rows !== 0;
}

function isSize(value: number | undefined): value is number {
  return value !== undefined && value > 0;
}

/** Whether there is a terminal to ask on. */
export function canAsk({ stdin, stderr }: Host): boolean {
  return stdin?.isTTY === true && stderr.isTTY === true;
}
