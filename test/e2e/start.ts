import { spawn } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
import { PROGRAM } from './run.js';

/** The built program while it runs: for commands that last. */
export interface StartedProgram {
  pid: number | undefined;
  /** Resolves when stdout is so. */
  until(isSo: (stdout: string) => boolean): Promise<void>;
  /** Resolves when stderr is so. */
  untilError(isSo: (stderr: string) => boolean): Promise<void>;
  stopReading(): void;
  /** Resolves when it has ended by itself. */
  ended(): Promise<{ exitCode: number | null; stdout: string; stderr: string }>;
  end(signal: NodeJS.Signals): ReturnType<StartedProgram['ended']>;
}

const GIVE_UP_MS = 25_000;

export function startProgram(args: readonly string[], env: Record<string, string>): StartedProgram {
  const child = spawn(process.execPath, [PROGRAM, ...args], {
    env: { PATH: process.env.PATH ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const closed = once(child, 'close') as Promise<[number | null]>;
  const waitFor = async (isSo: () => boolean): Promise<void> => {
    const giveUpAtMs = performance.now() + GIVE_UP_MS;
    while (!isSo()) {
      if (performance.now() > giveUpAtMs || child.exitCode !== null) {
        child.kill('SIGKILL');
        throw new Error(`it never came to that:\n${stdout}\n${stderr}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  const ended = async () => {
    const [exitCode] = await closed;
    return { exitCode, stdout, stderr };
  };
  return {
    pid: child.pid,
    until: (isSo) => waitFor(() => isSo(stdout)),
    untilError: (isSo) => waitFor(() => isSo(stderr)),
    stopReading: () => child.stdout.destroy(),
    ended,
    end: (signal) => {
      child.kill(signal);
      return ended();
    },
  };
}
