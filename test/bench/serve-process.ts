import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { removeAtExit } from '../helpers/child-processes.js';

/** A server that was started for the benchmark. Its log goes to a file, as that of a service does. */
export interface MeasuredServer {
  port: number;
  pid: number;
  stop: () => Promise<void>;
}

const program = fileURLToPath(new URL('../../bin/mangamotion.js', import.meta.url));
const STARTS_WITHIN_MS = 30_000;

/** `mangamotion serve` without an object store, on a free port of loopback. */
export function startServe(
  redisUrl: string,
  args: readonly string[] = [],
  env: NodeJS.ProcessEnv = { MINIO_ACCESS_KEY: '', S3_ACCESS_KEY: '' },
): Promise<MeasuredServer> {
  return startProcess([program, 'serve', '--listen', '127.0.0.1:0', ...args], {
    ...env,
    REDIS_URL: redisUrl,
  });
}

/** Starts Node.js with the arguments; resolves when the program has printed `"port":` and a number. */
export async function startProcess(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<MeasuredServer> {
  const folder = mkdtempSync(join(tmpdir(), 'mangamotion-bench-log-'));
  const removeFolder = removeAtExit(folder);
  const file = join(folder, 'log');
  const log = openSync(file, 'a');
  const child = spawn(process.execPath, args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) {
      const exited = once(child, 'exit');
      child.kill();
      await exited;
    }
    removeFolder();
  };
  const giveUpAtMs = performance.now() + STARTS_WITHIN_MS;
  for (;;) {
    const port = /"port":(\d+)/.exec(readFileSync(file, 'utf8'))?.[1];
    if (port !== undefined) return { port: Number(port), pid: child.pid ?? 0, stop };
    if (child.exitCode !== null || performance.now() > giveUpAtMs) {
      await stop();
      throw new Error(`${args.join(' ')} does not listen`);
    }
    await delay(50);
  }
}
