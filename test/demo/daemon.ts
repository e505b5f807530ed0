import { once } from 'node:events';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ownFolderOf } from '../../src/schedule/state/own-folder.js';

const LONGEST_MS = 60_000;

/** Runs a command that lasts on this terminal, until its schedule has run something; then SIGTERM. */
export async function runDaemon(
  [program, ...args]: readonly [program: string, ...args: string[]],
  { env, stateFolder }: { env: NodeJS.ProcessEnv; stateFolder: string },
): Promise<void> {
  const daemon = spawn(process.execPath, [program, ...args], { stdio: 'inherit', env });
  const exited = once(daemon, 'exit') as Promise<[number | null]>;
  const giveUpAtMs = performance.now() + LONGEST_MS;
  const hasRun = () => existsSync(join(ownFolderOf(stateFolder), 'history.ndjson'));
  while (!hasRun() && daemon.exitCode === null && performance.now() < giveUpAtMs) await sleep(100);
  daemon.kill('SIGTERM');
  const [status] = await exited;
  if (!hasRun()) throw new Error('the daemon has run nothing');
  if (status !== 0) throw new Error(`the daemon ended with ${String(status)}`);
}
