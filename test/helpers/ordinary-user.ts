import process from 'node:process';
import { execa } from 'execa';
import { PROGRAM } from '../e2e/run.js';
import type { Outcome } from './cli.js';

/** Root writes into any folder; without that right it is as any other user. */
export function asOrdinaryUser(
  args: readonly string[],
  { env, cwd }: { env: Record<string, string>; cwd?: string },
): Promise<Outcome> {
  const without = ['--bounding-set=-dac_override,-dac_read_search', '--inh-caps=-all'];
  const program = [process.execPath, PROGRAM, ...args];
  const [command = '', ...rest] =
    process.getuid?.() === 0 ? ['setpriv', ...without, ...program] : program;
  return execa(command, rest, {
    env: { PATH: process.env.PATH ?? '', ...env },
    extendEnv: false,
    reject: false,
    stripFinalNewline: false,
    ...(cwd !== undefined && { cwd }),
  });
}
