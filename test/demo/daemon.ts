import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ownFolderOf } from '../../src/schedule/state/own-folder.js';
import { start } from './terminal.js';

const LONGEST_MS = 60_000;

/** Runs a command that lasts on this terminal, until its schedule has run something; then SIGTERM. */
export async function runDaemon(
  words: readonly string[],
  { stateFolder, ...options }: { env: NodeJS.ProcessEnv; cwd: string; stateFolder: string },
): Promise<void> {
  const { child: daemon, ended } = start(process.execPath, words, options);
  const giveUpAtMs = performance.now() + LONGEST_MS;
  const hasRun = () => existsSync(join(ownFolderOf(stateFolder), 'history.ndjson'));
  while (!hasRun() && daemon.exitCode === null && performance.now() < giveUpAtMs) await sleep(100);
  daemon.kill('SIGTERM');
  const status = await ended;
  if (!hasRun()) throw new Error('the daemon has run nothing');
  if (status !== 0) throw new Error(`the daemon ended with ${String(status)}`);
}
