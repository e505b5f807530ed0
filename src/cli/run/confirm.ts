import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { type Host, canAsk } from '../host.js';
import { visibleLines } from '../output/terminal-text.js';

/**
 * Asks a yes-or-no question on the terminal; resolves to `undefined` where there is none to ask on.
 * Anything but `y` or `yes` is no. Rejects with the signal's reason when that aborts.
 */
export async function confirm(
  host: Host,
  question: string,
  signal: AbortSignal,
): Promise<boolean | undefined> {
  const { stdin, stderr } = host;
  if (stdin === undefined || !canAsk(host)) return undefined;
  // Not a terminal of its own: the shell's keeps its settings, and Ctrl-C stays a signal.
  const lines = createInterface({ input: stdin, terminal: false });
  try {
    stderr.write(`${visibleLines(question)} [y/N] `);
    const [answer] = (await Promise.race([
      once(lines, 'line', { signal }),
      once(lines, 'close', { signal }).then(() => ['']),
    ])) as [string];
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    lines.close();
    stdin.pause();
  }
}
