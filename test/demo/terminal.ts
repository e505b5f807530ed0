import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { wrapped } from '../../src/cli/output/cut.js';

/** The terminal of the demo: what is said on it, and the commands that run on it, one at a time. */

/** So long a command has, after Ctrl-C, to end what it is doing. */
const GRACE_MS = 10_000;

let running: ChildProcess | undefined;

function columns(): number {
  return process.stdout.isTTY ? process.stdout.columns : 80;
}

export function say(text: string, style: 'heading' | 'plain' = 'plain'): void {
  const lines = wrapped(text, columns()).join('\n');
  console.log(style === 'plain' ? lines : `\n\u001b[1m${lines}\u001b[0m`);
}

/** The command line as a person would type it; a long one goes on below. */
export function showCommand(line: string): void {
  const [first = '', ...more] = wrapped(line, columns() - 4);
  console.log(`\n$ ${[first, ...more.map((rest) => `    ${rest}`)].join(' \\\n')}`);
}

/** Starts a command on this terminal; `ended` resolves to its exit status. */
export function start(
  command: string,
  args: readonly string[],
  options: { env: NodeJS.ProcessEnv; cwd: string },
): { child: ChildProcess; ended: Promise<number | null> } {
  const child = spawn(command, args, { stdio: 'inherit', ...options });
  running = child;
  const ended = once(child, 'exit').then(([status]) => {
    running = undefined;
    return status as number | null;
  });
  return { child, ended };
}

/**
 * Rejects at the first signal, after the command that runs then has ended: it may be writing. The
 * second signal ends the demo at once.
 */
export async function interruption(): Promise<never> {
  const signal = await new Promise<NodeJS.Signals>((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(name, () => {
        resolve(name);
        process.once(name, () => process.exit(1));
      });
    }
  });
  const child = running;
  if (child !== undefined) {
    const exited = once(child, 'exit');
    // Ctrl-C reaches it by itself.
    if (signal !== 'SIGINT') child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), GRACE_MS);
    await exited;
    clearTimeout(timer);
  }
  throw new Interrupted(`ended by ${signal}`);
}

export class Interrupted extends Error {}
