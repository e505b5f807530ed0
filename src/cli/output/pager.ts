import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Environment } from '../../config/environment.js';
import { isSecretVariable } from '../../config/variables.js';

/** What less is told where nobody says otherwise, as git does: quit if it fits, colours, no clearing. */
const LESS = 'FRX';

/** The exit status of a shell that finds no such command. */
const NOT_FOUND = 127;

/** Nothing is said of a less that is not installed: the text is then printed. */
const DEFAULT_PAGER = 'command -v less >/dev/null || exit 127; exec less -R';

/** The command line of the pager; `undefined` where the text is to be printed as it is. */
export function pagerOf({ PAGER, TERM }: Environment): string | undefined {
  if (TERM === 'dumb' || PAGER === '' || PAGER === 'cat') return undefined;
  return PAGER ?? DEFAULT_PAGER;
}

/**
 * Shows a text in the pager, on the terminal of this process. Resolves to whether there was such a
 * pager, after the reader has left it.
 */
export async function showInPager(
  command: string,
  text: string,
  env: Environment,
): Promise<boolean> {
  const kept = Object.entries(env).filter(([name]) => !isSecretVariable(name));
  const child = spawn('/bin/sh', ['-c', command], {
    stdio: ['pipe', 'inherit', 'inherit'],
    env: { LESS, ...Object.fromEntries(kept) },
  });
  const exited = once(child, 'exit') as Promise<[number | null]>;
  // A reader who leaves before the end closes the pipe.
  child.stdin.on('error', () => undefined);
  child.stdin.end(text);
  try {
    const [status] = await exited;
    return status !== NOT_FOUND;
  } catch {
    // There is no shell.
    return false;
  }
}
