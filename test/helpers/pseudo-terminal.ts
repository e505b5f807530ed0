import { spawn } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
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
