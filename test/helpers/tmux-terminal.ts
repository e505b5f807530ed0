import { execFile } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { PROGRAM } from '../e2e/run.js';
import { removeAtExit } from './child-processes.js';

const execute = promisify(execFile);
const POLL_MS = 50;

/** A terminal on which a person sees the program: what stands on its screen, and what is typed. */
export interface TmuxTerminal {
  /** The lines of the screen, without spaces at their ends. */
  screen(): Promise<string>;
  /** Resolves to the screen when it is so; rejects with the last one after a while. */
  until(isSo: (screen: string) => boolean, what: string): Promise<string>;
  /** Names of keys as tmux has them: `C-c`. */
  type(keys: string): Promise<void>;
  resize(columns: number, rows: number): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Runs the built program on a terminal of its own, and then prints `status N`, so that it is seen
 * whether it gave back the screen that it found: there `before` stands.
 */
export async function openTerminal(
  args: readonly string[],
  {
    env,
    columns = 100,
    rows = 20,
    after = 'true',
  }: {
    env: Record<string, string>;
    columns?: number;
    rows?: number;
    /** A command of the shell for afterwards. */
    after?: string;
  },
): Promise<TmuxTerminal> {
  const folder = mkdtempSync(join(tmpdir(), 'mangamotion-tmux-'));
  const removeFolder = removeAtExit(folder);
  // A server of its own, without the settings of whoever runs the tests.
  const tmux = async (...words: string[]): Promise<string> => {
    const { stdout } = await execute('tmux', [
      '-f',
      '/dev/null',
      '-S',
      join(folder, 'socket'),
      ...words,
    ]);
    return stdout;
  };
  const settings = Object.entries(env).map(([name, value]) => quoted(`${name}=${value}`));
  const program = [process.execPath, PROGRAM, ...args].map(quoted).join(' ');
  const command = `echo before; env ${settings.join(' ')} ${program}; echo "status $?"; ${after}; sleep 600`;
  await tmux('new-session', '-d', '-s', 'test', '-x', String(columns), '-y', String(rows), command);
  const screen = async (): Promise<string> => {
    const text = await tmux('capture-pane', '-p', '-t', 'test');
    return text.replace(/\s+$/, '');
  };
  return {
    screen,
    until: async (isSo, what) => {
      const giveUpAtMs = performance.now() + 20_000;
      for (;;) {
        const text = await screen();
        if (isSo(text)) return text;
        if (performance.now() > giveUpAtMs) throw new Error(`never saw ${what}:\n${text}`);
        await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      }
    },
    type: async (keys) => {
      await tmux('send-keys', '-t', 'test', keys);
    },
    resize: async (newColumns, newRows) => {
      await tmux('resize-window', '-t', 'test', '-x', String(newColumns), '-y', String(newRows));
    },
    stop: async () => {
      await tmux('kill-server');
      removeFolder();
    },
  };
}

/** For a POSIX shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
