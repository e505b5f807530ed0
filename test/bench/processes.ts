import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Whole commands, timed from outside. */

export interface Timed {
  seconds: number;
  /** Peak resident memory in MiB; 0 where the system does not tell. */
  peakMib: number;
  /** User and system time of the process, up to 20 ms before its end; 0 where the system does not tell. */
  cpuSeconds: number;
  stdout: string;
}

export const program = fileURLToPath(new URL('../../bin/mangamotion.js', import.meta.url));
const POLL_MS = 20;

export async function timed(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): Promise<Timed> {
  // What the command before left in the page cache is not this one's to write.
  spawnSync('sync');
  const begin = performance.now();
  const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  let stdout = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  let [peakMib, cpuSeconds] = [0, 0];
  const poll = setInterval(() => {
    peakMib = Math.max(peakMib, peakOf(child.pid));
    cpuSeconds = Math.max(cpuSeconds, cpuOf(child.pid));
  }, POLL_MS);
  const [status] = (await once(child, 'exit')) as [number | null];
  const seconds = (performance.now() - begin) / 1000;
  clearInterval(poll);
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${String(status)}`);
  return { seconds, peakMib, cpuSeconds, stdout };
}

export function mangamotion(env: NodeJS.ProcessEnv, ...args: string[]): Promise<Timed> {
  return timed(process.execPath, [program, ...args], env);
}

/** In MiB. The kernel keeps the peak, so a look now and then is enough. */
export function peakOf(pid: number | undefined): number {
  try {
    const status = readFileSync(`/proc/${String(pid)}/status`, 'utf8');
    return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}

/** In seconds: the kernel counts in hundredths. */
function cpuOf(pid: number | undefined): number {
  try {
    const stat = readFileSync(`/proc/${String(pid)}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) / 100;
  } catch {
    return 0;
  }
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
