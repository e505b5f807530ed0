import { spawn } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { PROGRAM } from '../e2e/run.js';

/**
 * Runs the built program on a pseudo terminal, as a person does, through `script` (bsdutils, which
 * every Debian has). Types the answer when `question` has appeared. The output is what the terminal
 * got, stdout and stderr in one.
 */
export async function runOnTerminal(
  args: readonly string[],
  options: {
    env: Record<string, string>;
    cwd: string;
    question: string;
    answer: () => Promise<string>;
  },
): Promise<{ exitCode: number | null; output: string }> {
  const { env, cwd, question, answer } = options;
  const command = [process.execPath, PROGRAM, ...args].map(quoted).join(' ');
  const child = spawn('script', ['--quiet', '--return', '--command', command, '/dev/null'], {
    cwd,
    env: { PATH: process.env.PATH ?? '', TERM: 'xterm', NO_COLOR: '1', ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let output = '';
  let isAnswered = false;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
    if (isAnswered || !output.includes(question)) return;
    isAnswered = true;
    // Stays open: at its end `script` would send an end of file.
    void answer().then((line) => child.stdin.write(`${line}\n`));
  });
  const [exitCode] = (await once(child, 'close')) as [number | null];
  return { exitCode, output };
}

/** For a POSIX shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/**
 * Runs the built program on a pseudo terminal of this size, and of `laterSize` once it has written
 * `seen`. Sends SIGTERM a second later.
 */
export async function terminateOnTerminal(
  args: readonly string[],
  options: {
    env: Record<string, string>;
    size: readonly [columns: number, rows: number];
    laterSize?: readonly [columns: number, rows: number];
    seen: string;
  },
): Promise<{ exitCode: number | null; output: string }> {
  const { env, size, laterSize, seen } = options;
  const resize = ([columns, rows]: readonly [number, number]) =>
    `stty cols ${columns} rows ${rows}`;
  const program = [process.execPath, PROGRAM, ...args].map(quoted).join(' ');
  const later = laterSize === undefined ? '' : `(read go; ${resize(laterSize)}; kill -WINCH $$) & `;
  const command = `${resize(size)}; echo "pid $$"; ${later}exec ${program}`;
  const child = spawn('script', ['--quiet', '--return', '--command', command, '/dev/null'], {
    env: { PATH: process.env.PATH ?? '', TERM: 'xterm', NO_COLOR: '1', SHELL: '/bin/sh', ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const exited = once(child, 'close') as Promise<[number | null]>;
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  const giveUp = setTimeout(() => child.kill('SIGKILL'), 30_000);
  while (!output.includes(seen) && child.exitCode === null) await sleep(20);
  if (laterSize !== undefined) child.stdin.write('go\n');
  await sleep(1000);
  process.kill(Number(/pid (\d+)/.exec(output)?.[1]), 'SIGTERM');
  const [exitCode] = await exited;
  clearTimeout(giveUp);
  return { exitCode, output };
}
