import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { acquireLock } from '../../src/lock/acquire.js';
import { FolderClaims } from '../../src/lock/folder-claims.js';
import { describeOwner } from '../../src/lock/owner.js';
import type { EntryStatus } from '../../src/schedule/reports.js';
import type { PendingFiring } from '../../src/schedule/state/record.js';
import { writeState } from '../../src/schedule/state/state.js';
import { temporaryFolder } from '../helpers/backups.js';
import { run, runJson, runJsonProcess, runProcess } from '../helpers/cli.js';
import { entryState, runRecord, scheduleState } from '../helpers/run-records.js';
import { PROGRAM } from './run.js';

const { folder, remove } = temporaryFolder();
afterAll(remove);

let cwd: string;
let state: string;
let tests = 0;
beforeEach(() => {
  cwd = join(folder, String(++tests));
  state = join(cwd, 'state');
  mkdirSync(state, { recursive: true });
  writeFileSync(
    join(cwd, 'mangamotion.crontab'),
    [
      ...['CRON_TZ=UTC', '# name=daily', '0 2 * * * backup full /mnt/a'],
      ...['# name=hourly', '0 * * * * backup incremental "/mnt/b c" --keep-days 3'],
    ].join('\n'),
  );
});

interface Answer {
  daemon: { pid: number; host: string; since: string } | null;
  entries: EntryStatus[];
}

const args = (...more: string[]) => ['schedule', 'status', '--state-dir', 'state', ...more];
const status = (...more: string[]) => run(args(...more), { cwd });
const statusOf = (...more: string[]) => runJson<Answer>(args(...more), { cwd });

const ago = (hours: number) => new Date(Date.now() - hours * 3_600_000).toISOString();
const succeeded = (hours: number) =>
  entryState({ last_run: runRecord(), last_success_at: ago(hours) });
const firing = (given: Partial<PendingFiring> = {}): PendingFiring => ({
  ...{ id: 'a', name: 'daily', due_at: ago(1), trigger: 'cron', started_at: ago(1) },
  ...{ waited: false, log_file: null, process: null, ...given },
});

async function asDaemon<T>(work: () => Promise<T>): Promise<T> {
  const { signal } = new AbortController();
  const owner = await describeOwner('schedule');
  const lock = await acquireLock(new FolderClaims(state), { owner, waitMs: 0, signal });
  try {
    return await work();
  } finally {
    await lock.release();
  }
}

describe('schedule status', () => {
  it('has a row for each entry before anything ran, and leaves the folder as it is', async () => {
    const { exitCode, answer } = await statusOf();
    expect({ exitCode, daemon: answer.daemon }).toEqual({ exitCode: 0, daemon: null });
    const nothing = {
      ...{ state: 'idle', running_since: null, last_run: null, last_success_at: null },
      overdue: null,
    };
    expect(answer.entries).toMatchObject([
      { name: 'daily', command: 'backup full /mnt/a', ...nothing },
      { name: 'hourly', command: "backup incremental '/mnt/b c' --keep-days 3", ...nothing },
    ]);
    expect(answer.entries[0]?.next_at).toMatch(/T02:00:00\.000Z$/);
    expect(readdirSync(state)).toEqual([]);
    const { stdout } = await status();
    expect(stdout).toContain('✕ no daemon is running');
    expect(stdout).toContain(`${state} has no runs yet`);
  });

  it('is the same where the folder of the state is not there', async () => {
    const { exitCode, answer } = await runJson<Answer>(
      ['schedule', 'status', '--state-dir', 'missing'],
      { cwd },
    );
    expect({ exitCode, count: answer.entries.length }).toEqual({ exitCode: 0, count: 2 });
  });

  it('tells of a daemon that holds the folder, and does not take it from it', async () => {
    await asDaemon(async () => {
      const { answer } = await statusOf();
      expect(answer.daemon).toMatchObject({ pid: process.pid, host: hostname() });
      expect(answer.daemon?.since).toMatch(/^\d{4}-.*Z$/);
      expect((await status()).stdout).toContain(
        `✓ a daemon is running: process ${process.pid} on `,
      );
      expect((await status()).stdout).toMatch(/, since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC\b/);
    });
    expect((await statusOf()).answer.daemon).toBeNull();
  });

  it('tells what runs and what waits', async () => {
    const running = firing();
    const waiting = firing({ id: 'b', name: 'hourly', started_at: null });
    await writeState(state, scheduleState({ pending: [running, waiting] }));
    await asDaemon(async () => {
      const { answer } = await statusOf();
      expect(answer.entries).toMatchObject([
        { state: 'running', running_since: running.started_at },
        { state: 'waiting', running_since: null },
      ]);
      const { stdout } = await status();
      expect(stdout).toMatch(/^daily +● running since /m);
      expect(stdout).toMatch(/^hourly +○ waiting/m);
    });
    // Nobody looks after it, and it had no process yet.
    expect((await statusOf()).answer.entries[0]?.state).toBe('idle');
  });

  it.runIf(process.platform === 'linux')(
    'tells of a run as long as its process lives, though its daemon was killed',
    async () => {
      const self = await describeOwner('backup full');
      const child = spawn('/bin/sh', ['-c', 'exec sleep 60']);
      const stat = await readFile(`/proc/${String(child.pid)}/stat`, 'utf8');
      const startTicks = stat.slice(stat.lastIndexOf(')')).split(' ')[20] ?? '';
      const owner = { ...self, pid: child.pid!, process: { ...self.process!, startTicks } };
      await writeState(state, scheduleState({ pending: [firing({ process: owner })] }));
      expect((await statusOf()).answer.entries[0]?.state).toBe('running');
      child.kill('SIGKILL');
      await once(child, 'exit');
      expect((await statusOf()).answer.entries[0]?.state).toBe('idle');
    },
  );

  it('has the last run as it is, and tells people how it ended', async () => {
    const last_run = runRecord({ exit_code: 6 });
    const entries = { daily: entryState({ last_run, last_success_at: ago(30) }) };
    await writeState(state, scheduleState({ entries }));
    const { answer } = await statusOf();
    expect(answer.entries[0]?.last_run).toEqual(last_run);
    const { stdout } = await status();
    expect(stdout).toContain('✕ failed, 2026-01-01 02:00:00 UTC');
    expect(stdout).not.toContain('overdue');
  });

  it('is status 5 with --max-age where one entry is overdue, and only with it', async () => {
    const entries = { daily: succeeded(27), hourly: succeeded(1) };
    await writeState(state, scheduleState({ entries }));
    const { exitCode, answer } = await statusOf('--max-age', '26h');
    expect(exitCode).toBe(5);
    expect(answer.entries.map(({ overdue }) => overdue)).toEqual([true, false]);
    expect((await status('--max-age', '26h')).stdout).toMatch(/✕ .* UTC: overdue/);
    expect((await status('--max-age', '28h')).exitCode).toBe(0);
    expect((await status()).exitCode).toBe(0);
  });

  it('is status 5 with --max-age where an entry never succeeded', async () => {
    await writeState(state, scheduleState({ entries: { daily: succeeded(1) } }));
    const { exitCode, answer } = await statusOf('--max-age', '26h');
    expect(exitCode).toBe(5);
    expect(answer.entries.map(({ overdue }) => overdue)).toEqual([false, true]);
  });

  it.each([
    ['torn', '{"version":1,"saved_at":"2026', /cut short/],
    ['of a newer version', '{"version":2}', /newer mangamotion/],
    ['something else', '{"version":1,"entries":[]}', /is not valid/],
  ])('with a state that is %s warns, knows nothing, and is status 3', async (_what, text, why) => {
    writeFileSync(join(state, 'state.json'), text);
    for (const more of [[], ['--max-age', '26h']]) {
      const { exitCode, answer, stderr } = await statusOf(...more);
      expect(exitCode).toBe(3);
      expect(stderr).toMatch(why);
      expect(answer.entries.map(({ overdue, next_at }) => [overdue, next_at === null])).toEqual([
        ...[
          [null, false],
          [null, false],
        ],
      ]);
    }
    expect(await readFile(join(state, 'state.json'), 'utf8')).toBe(text);
  });

  it('has a line for each entry in CSV', async () => {
    await writeState(state, scheduleState({ entries: { daily: succeeded(1) } }));
    const lines = (await status('--csv')).stdout.split('\r\n');
    expect(lines[0]).toBe(
      'name,command,state,running_since,next_at,last_result,last_due_at,last_exit_code,last_success_at,overdue,zone',
    );
    expect(lines[1]).toMatch(
      /^daily,backup full \/mnt\/a,idle,,[^,]+,run,2026-01-01T02:00:00\.000Z,0,/,
    );
  });

  it('of a schedule with mistakes is status 2, of none status 4, and of no duration 2', async () => {
    expect((await status('--file', 'nope')).exitCode).toBe(4);
    expect((await status('--max-age', 'soon')).exitCode).toBe(2);
    writeFileSync(join(cwd, 'mangamotion.crontab'), 'nonsense');
    expect((await status()).exitCode).toBe(2);
  });
});

describe('schedule unit', () => {
  const unit = (...more: string[]) => runProcess(['schedule', 'unit', ...more], { cwd });

  it('prints a unit of systemd that runs this very program', async () => {
    const { exitCode, stdout, stderr } = await unit('systemd', '--state-dir', 'state');
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toContain(
      `\nExecStart=${process.execPath} -- ${PROGRAM} schedule --file ${cwd}/mangamotion.crontab --state-dir ${state}\n`,
    );
    const { answer } = await runJsonProcess(
      ['schedule', 'unit', 'systemd', '--state-dir', 'state'],
      {
        cwd,
      },
    );
    expect(answer).toEqual({ kind: 'systemd', text: stdout });
  });

  it('has the daemon find the settings of this run, from the folder of the schedule', async () => {
    const { stdout } = await unit('systemd', '--config', 'my settings.json', '--region', 'x');
    expect(stdout).toContain(` --config "${cwd}/my settings.json" --region x schedule --file `);
    const { stdout: docker, stderr } = await unit('docker', '--config', 'my settings.json');
    expect(docker).not.toContain('my settings');
    expect(stderr).toContain('--config not included');
  });

  it('lets another user keep its state where the system has it', async () => {
    const { stdout } = await unit('systemd', '--user', 'backup:disk');
    expect(stdout).toMatch(/^User=backup\nGroup=disk\nStateDirectory=mangamotion$/m);
    expect(stdout).toContain('--state-dir /var/lib/mangamotion\n');
  });

  it('prints a service of Docker with the folders that the schedule writes into', async () => {
    const { exitCode, stdout } = await unit('docker', '--state-dir', 'state', '--user', '7:8');
    expect(exitCode).toBe(0);
    const { services } = parse(stdout) as {
      services: { mangamotion: { user: string; volumes: { source: string }[] } };
    };
    const { user, volumes } = services.mangamotion;
    expect(user).toBe('7:8');
    const sources = volumes.map(({ source }) => source);
    expect(sources.slice(1)).toEqual([
      ...[join(cwd, 'mangamotion.crontab'), state, '/mnt/a', '/mnt/b c'],
    ]);
  });

  it('does without a schedule, and says so', async () => {
    const { exitCode, stdout, stderr } = await unit('docker', '--file', 'later', '--image', 'x/y');
    expect(exitCode).toBe(0);
    expect(stderr).toContain('there is no file later yet');
    expect(stdout).toContain('source: "/mnt/backup"');
    expect(stdout).toContain('command: ["mangamotion", "schedule", ');
  });

  it.each([
    ['an unknown kind', ['launchd']],
    ['an image for systemd', ['systemd', '--image', 'node:20']],
    ['a user that would be another setting', ['systemd', '--user', 'a\nExecStartPre=/bin/b']],
    ['a path of several lines', ['systemd', '--file', 'a\nExecStartPre=/bin/b']],
    ['a path that goes on in the next line', ['systemd', '--state-dir', 'a\\']],
    ['an image that is none', ['docker', '--image', 'a b']],
  ])('refuses %s', async (_what, more) => {
    const { exitCode, stdout } = await unit(...more);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
  });
});
