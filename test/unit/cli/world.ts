import { EventEmitter } from 'node:events';
import { Writable } from 'node:stream';
import type { Catalog, Command } from '../../../src/cli/argv/command.js';
import type { Host } from '../../../src/cli/host.js';
import { main } from '../../../src/cli/program.js';

/** A stream that keeps what is written; a terminal where it is given a width. */
export class CapturedStream extends Writable {
  text = '';
  readonly isTTY: boolean;
  readonly columns?: number;

  constructor(columns?: number) {
    super({ decodeStrings: false });
    this.isTTY = columns !== undefined;
    if (columns !== undefined) this.columns = columns;
  }

  override _write(chunk: string, _encoding: string, callback: () => void): void {
    this.text += chunk;
    callback();
  }

  // What ora calls on a terminal.
  cursorTo(): boolean {
    return this.write('\u001b[1G');
  }

  clearLine(): boolean {
    return this.write('\u001b[2K');
  }

  moveCursor(): boolean {
    return true;
  }
}

/** Signals that a test sends; `exits` tells which statuses the process would have ended with. */
class FakeSignals extends EventEmitter {
  readonly exits: number[] = [];

  exit(status: number): void {
    this.exits.push(status);
  }
}

export interface World extends Host {
  stdout: CapturedStream;
  stderr: CapturedStream;
  signals: FakeSignals;
}

const NOW = new Date('2024-01-15T02:00:00Z');

export function world(options: Partial<Host> & { columns?: number } = {}): World {
  const { columns, ...rest } = options;
  return {
    env: {},
    cwd: '/nowhere',
    now: () => NOW,
    ...rest,
    stdout: new CapturedStream(columns),
    stderr: new CapturedStream(columns),
    signals: new FakeSignals(),
  };
}

/** A catalog of one command `backup test`, made of the given parts. */
export function catalogOf(parts: Partial<Command>, path = ['backup', 'test']): Catalog {
  const command: Command = {
    description: 'A command of the tests.',
    arguments: {},
    options: {},
    changes: 'nothing',
    usesStore: false,
    printsRows: false,
    endsWith: [],
    examples: {},
    run: () => Promise.resolve(undefined),
    ...parts,
  };
  const entry = { path, summary: 'do a test', load: () => Promise.resolve(command) };
  return { commands: [entry], groups: {} };
}

export interface Outcome {
  status: number;
  stdout: string;
  stderr: string;
}

/** Runs a command line in-process. */
export async function runMain(
  argv: readonly string[],
  catalog: Catalog,
  host: World = world(),
): Promise<Outcome> {
  const status = await main(argv, host, catalog);
  return { status, stdout: host.stdout.text, stderr: host.stderr.text };
}
