import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { hasRun } from '../../src/schedule/state/record.js';
import { removeAtExit } from '../helpers/child-processes.js';
import { TestDaemon } from '../helpers/daemon.js';
import type { Row } from './measurements.js';
import { median, peakOf } from './processes.js';

const IDLE_MS = 60_000;
const ENTRIES = 1000;
const AT_ONCE = 4;
const FIRINGS = 30;
/** A command that needs no server, and takes no longer than the start of Node.js. */
const COMMAND = 'completion bash';
const TICKS_PER_SECOND = 100;

const bareProcess = fileURLToPath(new URL('schedule-bare.js', import.meta.url));

/** What the daemon costs while nothing is due, how late it is, and whether it loses a run. */
export async function measureSchedule(): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), 'mangamotion-bench-schedule-'));
  removeAtExit(folder);
  return [...(await idle(folder)), ...(await lateness(folder)), ...(await manyAtOnce(folder))];
}

async function idle(folder: string): Promise<Row[]> {
  const daemon = new TestDaemon(join(folder, 'idle'));
  daemon.write('0 0 1 1 * backup full /mnt/backup\n0 1 1 1 * backup incremental /mnt/backup');
  await daemon.start('--listen', '127.0.0.1:0');
  const bare = spawn(process.execPath, [bareProcess], { stdio: 'ignore' });
  await delay(IDLE_MS);
  const [peak, ours, theirs] = [peakOf(daemon.pid), cpuOf(daemon.pid), cpuOf(bare.pid ?? 0)];
  await daemon.stop();
  bare.kill();
  await once(bare, 'exit');
  return [
    { what: 'peak memory of the idle daemon', value: `${peak.toFixed(0)} MiB`, bound: '< 80 MB' },
    {
      what: 'its CPU in its first minute : a process that loads the same libraries, and waits',
      value: `${(ours / theirs).toFixed(2)} (${ours.toFixed(2)} s)`,
      bound: '≤ 1.5',
    },
  ];
}

async function lateness(folder: string): Promise<Row[]> {
  const daemon = new TestDaemon(join(folder, 'late'));
  daemon.write(`# name=each overlap=wait\n*/2 * * * * * ${COMMAND}`);
  await daemon.start();
  await daemon.until(async () => (await daemon.history()).length >= FIRINGS, 180_000);
  await daemon.stop();
  const late = (await daemon.history())
    .filter(hasRun)
    .map(({ due_at, started_at }) => Date.parse(started_at ?? '') - Date.parse(due_at));
  return [
    { what: 'a firing begins late by, at the median', value: `${median(late)} ms`, bound: '< 1 s' },
  ];
}

async function manyAtOnce(folder: string): Promise<Row[]> {
  const daemon = new TestDaemon(join(folder, 'many'));
  const due = new Date(Date.now() + 30_000);
  const time = `${due.getUTCSeconds()} ${due.getUTCMinutes()} ${due.getUTCHours()} * * *`;
  const lines = Array.from({ length: ENTRIES }, (_none, at) => `# name=e${at}\n${time} ${COMMAND}`);
  daemon.write(`CRON_TZ=UTC\n${lines.join('\n')}\n`);
  await daemon.start('--max-running', String(AT_ONCE));
  await daemon.until(async () => (await daemon.history()).length >= ENTRIES, 900_000);
  const peak = peakOf(daemon.pid);
  await daemon.stop();
  const records = await daemon.history();
  const good = new Set(records.filter(({ exit_code }) => exit_code === 0).map(({ name }) => name));
  const ends = records.map(({ finished_at }) => Date.parse(finished_at ?? ''));
  const seconds = (Math.max(...ends) - due.getTime()) / 1000;
  return [
    {
      what: `of ${ENTRIES} entries due in one second, ${AT_ONCE} at once, have run`,
      value: `${good.size} (${seconds.toFixed(0)} s, daemon at most ${peak.toFixed(0)} MiB)`,
      bound: 'all',
    },
  ];
}

/** Seconds, of user and system. */
function cpuOf(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}
