import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { execa } from 'execa';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { acquireLock } from '../../src/lock/acquire.js';
import { FolderClaims } from '../../src/lock/folder-claims.js';
import { describeOwner } from '../../src/lock/owner.js';
import { appendHistory } from '../../src/schedule/state/history.js';
import type { RunRecord } from '../../src/schedule/state/record.js';
import { type RunRequest, takeRequests } from '../../src/schedule/state/requests.js';
import { writeState } from '../../src/schedule/state/state.js';
import { temporaryFolder } from '../helpers/backups.js';
import { TestDaemon, killQuietly } from '../helpers/daemon.js';
import { PROGRAM } from './run.js';
import { startRedisServer, type RedisServer } from '../helpers/redis-server.js';
import { entryState, runRecord, scheduleState } from '../helpers/run-records.js';
import { startListener } from '../integration/schedule/listener.js';

const { folder, remove } = temporaryFolder();
let redis: RedisServer;
beforeEach(async () => {
  redis = await startRedisServer();
});
const daemons: TestDaemon[] = [];
afterEach(async () => {
  await Promise.all(daemons.splice(0).map((daemon) => daemon.kill()));
  await redis.stop();
});
afterAll(remove);

let tests = 0;
function newDaemon(schedule: string, env: Record<string, string> = {}): TestDaemon {
  const folderOfIt = join(folder, String(++tests));
  const daemon = new TestDaemon(folderOfIt, { REDIS_URL: redis.url, ...env });
  daemon.write(schedule);
  daemons.push(daemon);
  return daemon;
}

/** Every second. */
const QUICK = '# name=quick\n* * * * * * billing all-users';
/** Once a year, and long: it runs until somebody ends it. */
const LONG = '# name=long\n0 0 1 1 * jobs watch --interval 1s';

describe('the daemon', () => {
  it('runs what is due as a child with a log of its own, and ends with 0 on SIGTERM', async () => {
    const daemon = newDaemon(`${QUICK}\n# name=bad\n* * * * * * backup list /no/such/folder`);
    await daemon.start();
    const records = await daemon.recorded((all) =>
      ['quick', 'bad'].every((name) =>
        all.some((one) => one.name === name && one.result === 'run'),
      ),
    );
    expect(await daemon.stop()).toBe(0);
    const good = records.find(({ name, result }) => name === 'quick' && result === 'run');
    expect(good).toMatchObject({ exit_code: 0, trigger: 'cron', reason: null });
    expect(readFileSync(join(daemon.stateFolder, good?.log_file ?? ''), 'utf8')).toContain(
      '"users"',
    );
    const bad = records.find(({ name, result }) => name === 'bad' && result === 'run');
    expect(bad).toMatchObject({ exit_code: 4, reason: 'no such folder: /no/such/folder' });
    expect(daemon.lines.find(({ message }) => message === 'failed')).toMatchObject({
      ...{ level: 'error', entry: 'bad', reason: 'no such folder: /no/such/folder' },
    });
    const ids = (await daemon.history()).map(({ name, due_at }) => `${name} ${due_at}`);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('has nothing but JSON lines in its log, of a signal too', async () => {
    const daemon = newDaemon(QUICK);
    await daemon.start();
    expect(await daemon.stop()).toBe(0);
    const lines = daemon.log.trimEnd().split('\n');
    expect(lines.filter((line) => !line.startsWith('{"level":'))).toEqual([]);
    const told = daemon.lines.find(({ message }) => message.startsWith('cleaning up'));
    expect(told).toMatchObject({ level: 'info' });
  });

  it('that has wrong settings ends with 2, and leaves nothing behind', async () => {
    const daemon = newDaemon(QUICK, { MINIO_PORT: 'many' });
    const before = readdirSync(daemon.folder);
    daemon.begin();
    expect(await daemon.ended()).toBe(2);
    expect(daemon.log).toContain('MINIO_PORT');
    expect(readdirSync(daemon.folder)).toEqual([...before, 'log'].sort());
  });

  it('has no env file: it ends with 2, and so do runs that find none later', async () => {
    const daemon = newDaemon(QUICK);
    const file = join(daemon.folder, 'a.env');
    const why = `cannot read ${file}: it does not exist`;
    daemon.startedBy = ['/bin/sh', '-c', 'shift 2; exec "$0" "$@"', PROGRAM];
    daemon.begin('--env-file', file);
    expect(await daemon.ended()).toBe(2);
    expect(daemon.log).toBe(`mangamotion: ${why}\n`);
    writeFileSync(file, `REDIS_URL=${redis.url}\n`);
    await daemon.start('--env-file', file);
    rmSync(file);
    const records = await daemon.recorded((all) => all.some(({ exit_code }) => exit_code === 2));
    expect(records.find(({ exit_code }) => exit_code === 2)?.reason).toBe(why);
    expect(await daemon.stop()).toBe(0);
  });

  it('never starts on a broken file, and tells all its mistakes', async () => {
    const daemon = newDaemon('61 * * * * backup full /a\n0 1 * * * backup ful /a');
    daemon.begin();
    expect(await daemon.ended()).toBe(2);
    expect(daemon.log).toMatch(/mangamotion\.crontab:1:1: .*\n.*mangamotion\.crontab:2:/);
  });

  it('keeps a second one from its state folder, which ends with 7', async () => {
    const daemon = newDaemon(QUICK);
    await daemon.start();
    const other = new TestDaemon(daemon.folder, { REDIS_URL: redis.url });
    daemons.push(other);
    other.begin();
    expect(await other.ended()).toBe(7);
    expect(other.log).toContain('--state-dir');
    expect(await daemon.stop()).toBe(0);
  });

  it('takes up another file by SIGHUP and by itself, and keeps the old one while it is broken', async () => {
    const daemon = newDaemon('# name=first\n0 0 1 1 * billing all-users');
    await daemon.start();
    daemon.write('# name=second\n* * * * * * billing all-userz');
    const broken = await daemon.logged(({ message }) => message.includes('has mistakes'));
    expect(broken.reason).toContain('mangamotion.crontab:2:');
    daemon.write('# name=third\n* * * * * * billing all-users');
    await daemon.recorded((all) => all.some(({ name }) => name === 'third'));
    daemon.signal('SIGHUP');
    const read = () =>
      daemon.lines.filter(({ message }) => message === 'the schedule was reloaded');
    await daemon.until(() => read().length === 2);
    expect((await daemon.history()).every(({ name }) => name === 'third')).toBe(true);
    expect(await daemon.stop()).toBe(0);
  });

  it('keeps a state that cannot be used aside, tells of it, and goes on from the history', async () => {
    const daemon = newDaemon('# name=yearly\n0 0 1 1 * billing all-users');
    await daemon.start();
    await daemon.stop();
    for (const text of ['{"version":1,"entr', '{"version":99}']) {
      writeFileSync(join(daemon.state, 'state.json'), text);
      await daemon.start();
      const line = daemon.lines.find(({ message }) => message.includes('kept aside'));
      expect(line?.reason).toMatch(text.includes('99') ? /newer/ : /cut short/);
      expect(await daemon.stop()).toBe(0);
    }
    const aside = readdirSync(daemon.state).filter((file) => file.startsWith('state.unusable-'));
    expect(aside).toHaveLength(2);
  });
});

describe('a stricter check', () => {
  it('stops no daemon: it warns, and goes on', async () => {
    const daemon = newDaemon(
      `# name=lost the quick one\n# jitter=5s\n* * * * * * billing all-users`,
      {
        TZ: 'CET-1CEST,M3.5.0,M10.5.0/3',
      },
    );
    chmodSync(join(daemon.folder, 'mangamotion.crontab'), 0o666);
    await daemon.start();
    await daemon.recorded((all) => all.some(({ result }) => result === 'run'));
    expect(await daemon.stop()).toBe(0);
    const warnings = daemon.lines.filter(({ level }) => level === 'warn');
    for (const part of ['name not set', 'jitter is longer', 'everyone may write', 'TZ=']) {
      expect(warnings.filter(({ message }) => message.includes(part))).toHaveLength(1);
    }
  });

  it('keeps a change that somebody else may have written from being taken up', async () => {
    const daemon = newDaemon('# name=first\n0 0 1 1 * billing all-users');
    await daemon.start();
    chmodSync(join(daemon.folder, 'mangamotion.crontab'), 0o666);
    daemon.write('# name=second\n* * * * * * billing all-users');
    const unread = await daemon.logged(({ message }) => message.includes('is not read'));
    expect(unread.reason).toBe('everyone may write to it');
    expect(await daemon.history()).toEqual([]);
    expect(await daemon.stop()).toBe(0);
  });
});

describe('a state folder with something else in it', () => {
  it.each(['state', 'stateFolder'] as const)('holds nothing up (%s)', async (place) => {
    const daemon = newDaemon(QUICK);
    mkdirSync(daemon[place], { recursive: true });
    chmodSync(daemon.stateFolder, 0o777);
    for (const name of ['state.json', 'state.json.partial', 'daemon-id']) {
      await execa('mkfifo', [join(daemon[place], name)]);
    }
    await daemon.start('--lease', 'redis');
    await daemon.recorded((all) => all.some(({ result }) => result === 'run'));
    expect(await daemon.stop()).toBe(0);
    expect(daemon.lines.map(({ message }) => message)).toContain(
      'others can change where the state lies',
    );
  });

  it('of a history that cannot be written runs go on, and SIGTERM ends it', async () => {
    const daemon = newDaemon(QUICK);
    mkdirSync(daemon.state, { recursive: true });
    await execa('mkfifo', [join(daemon.state, 'history.ndjson')]);
    daemon.begin();
    await daemon.logged(({ message }) => message === 'done');
    // The record is written after the run.
    const unwritten = await daemon.logged(({ message }) => message.includes('cannot be written'));
    expect(unwritten.reason).toContain('it is a pipe, not a file');
    expect(await daemon.stop()).toBe(0);
  });
});

describe('the state of an earlier version', () => {
  const NEW_YEAR = /-01-01T00:00:00\.000Z$/;
  const leave = async (daemon: TestDaemon) => {
    mkdirSync(daemon.stateFolder);
    await appendHistory(daemon.stateFolder, [runRecord({ id: 'before' })]);
    const entry = entryState({ timing: '0 0 1 1 * UTC', handled_until: '2020-06-01T00:00:00Z' });
    const state = scheduleState({ entries: { yearly: entry } });
    await writeState(daemon.stateFolder, state);
  };

  it('is taken over by a daemon, whenever it is killed, and no firing is lost or run twice', async () => {
    const daemon = newDaemon('# name=yearly\n0 0 1 1 * billing all-users');
    await leave(daemon);
    for (let ms = 150; ms <= 450; ms += 50) {
      daemon.begin();
      await delay(ms);
      await daemon.stop('SIGKILL');
    }
    await daemon.start();
    const isMadeUp = (one: RunRecord) => one.trigger === 'catch-up' && one.result !== 'missed';
    await daemon.recorded((all) => all.some(isMadeUp));
    expect(await daemon.stop()).toBe(0);
    await daemon.start();
    expect(await daemon.stop()).toBe(0);
    const records = await daemon.history();
    expect(records[0]?.id).toBe('before');
    const made = records.filter(isMadeUp);
    expect(made.map(({ due_at }) => due_at)).toEqual([expect.stringMatching(NEW_YEAR)]);
    expect(new Set(records.map(({ due_at }) => due_at)).size).toBe(records.length);
  });

  it('stays as it is while that version runs: the daemon ends with 7, and others use its place', async () => {
    const daemon = newDaemon('# name=yearly\n0 0 1 1 * billing all-users');
    await leave(daemon);
    const { signal } = new AbortController();
    const owner = await describeOwner('schedule');
    const lock = await acquireLock(new FolderClaims(daemon.stateFolder), {
      ...{ owner, waitMs: 0, signal },
    });
    daemon.begin();
    expect(await daemon.ended()).toBe(7);
    const asked = daemon.run('run', 'yearly', '--json');
    let requests: RunRequest[] = [];
    await daemon.until(async () => (requests = await takeRequests(daemon.stateFolder)).length > 0);
    const { id } = requests[0]!;
    await appendHistory(daemon.stateFolder, [runRecord({ id, name: 'yearly' })]);
    expect(JSON.parse((await asked).stdout)).toMatchObject({ id, exit_code: 0 });
    const history = await daemon.run('history', '--json');
    expect((JSON.parse(history.stdout) as { runs: RunRecord[] }).runs).toHaveLength(2);
    const status = await daemon.run('status', '--json');
    expect(JSON.parse(status.stdout)).toMatchObject({ daemon: { pid: process.pid } });
    expect(existsSync(daemon.state)).toBe(false);
    await lock.release();
  });
});

describe('the surroundings of a daemon', () => {
  it('are reported where files are few', async () => {
    const daemon = newDaemon(QUICK);
    daemon.startedBy = ['prlimit', '--nofile=150:150'];
    daemon.begin();
    await daemon.logged(({ message }) => message.includes('raise `ulimit -n`'));
    expect(await daemon.stop()).toBe(0);
  });
});

describe('a daemon that is told to end', () => {
  it('waits for what runs, and ends it after --grace', async () => {
    const daemon = newDaemon(LONG);
    await daemon.start('--grace', '2s');
    const asked = daemon.run('run', 'long', '--json');
    await daemon.until(() => daemon.hasBegun);
    const begunAtMs = performance.now();
    expect(await daemon.stop()).toBe(0);
    expect(performance.now() - begunAtMs).toBeGreaterThan(1900);
    expect(await daemon.history()).toMatchObject([
      { name: 'long', trigger: 'manual', exit_code: 143, reason: 'the daemon was stopped' },
    ]);
    const { exitCode, stdout } = await asked;
    expect(exitCode).toBe(143);
    expect(JSON.parse(stdout)).toMatchObject({ name: 'long', exit_code: 143 });
  });

  it('by a second SIGINT ends at once, and what runs with it', async () => {
    const daemon = newDaemon(LONG);
    await daemon.start();
    const asked = daemon.run('run', 'long');
    await daemon.until(() => daemon.hasBegun);
    const pid = daemon.savedState()?.pending[0]?.process?.pid ?? 0;
    daemon.signal('SIGINT');
    await daemon.until(() => daemon.log.includes('waiting for runs to end'));
    expect(await daemon.stop('SIGINT')).toBe(130);
    await daemon.until(() => !isAlive(pid));
    asked.kill();
    await asked;
  });
});

describe('kill -9', () => {
  it('of the daemon and of its run: the next daemon makes up for it, once', async () => {
    const daemon = newDaemon('# name=long\n* * * * * * jobs watch --interval 1s');
    await daemon.start();
    await daemon.until(() => daemon.hasBegun);
    const pending = daemon.savedState()!.pending[0]!;
    await daemon.stop('SIGKILL');
    killQuietly(-pending.process!.pid);
    await daemon.until(() => !isAlive(pending.process!.pid));
    // The same line, which is not due soon now: what runs is what was cut off.
    daemon.write('# name=long\n* * * * * * billing all-users');
    await daemon.start();
    const all = await daemon.recorded((some) => some.some(({ result }) => result === 'run'));
    await daemon.stop();
    const caughtUp = all.filter(({ trigger }) => trigger === 'catch-up');
    expect(caughtUp.length).toBeLessThanOrEqual(1);
    const ofThat = (await daemon.history()).filter(({ due_at }) => due_at === pending.due_at);
    expect(ofThat).toHaveLength(1);
  });

  it('of the daemon alone: its run goes on, is known to the next one, and not begun again', async () => {
    const daemon = newDaemon(LONG);
    await daemon.start();
    const asked = daemon.run('run', 'long');
    await daemon.until(() => daemon.hasBegun);
    const { pid } = daemon.savedState()!.pending[0]!.process!;
    await daemon.stop('SIGKILL');
    asked.kill();
    await asked;
    expect(isAlive(pid)).toBe(true);
    await daemon.start();
    const again = await daemon.run('run', 'long', '--json');
    expect(again.exitCode).toBe(8);
    expect(JSON.parse(again.stdout)).toMatchObject({
      result: 'skipped',
      reason: 'it was still running',
    });
    process.kill(pid, 'SIGTERM');
    const records = await daemon.recorded((all) => all.length === 2);
    expect(records[1]).toMatchObject({ result: 'run', exit_code: null });
    expect(records[1]?.reason).toContain('outlived its daemon');
    expect(await daemon.stop()).toBe(0);
  });
});

describe('a run that is asked for', () => {
  it('is run by itself where there is no daemon, with its exit status, and is in the history', async () => {
    const daemon = newDaemon('# name=bad\n0 0 1 1 * backup list /no/such/folder');
    const { exitCode, stdout } = await daemon.run('run', 'bad');
    expect(exitCode).toBe(4);
    expect(stdout).toContain('✕ bad: ended with exit status 4: no such folder: /no/such/folder');
    expect(await daemon.history()).toMatchObject([
      { name: 'bad', trigger: 'manual', exit_code: 4 },
    ]);
    const none = await daemon.run('run', 'nothing');
    expect(none.exitCode).toBe(4);
    expect(none.stderr).toContain('there are bad');
  });

  it('is run by the daemon that is there', async () => {
    const daemon = newDaemon('# name=good\n0 0 1 1 * billing all-users');
    await daemon.start();
    const { exitCode, stdout } = await daemon.run('run', 'good');
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^✓ good: done\nlog: /);
    expect(await daemon.stop()).toBe(0);
    expect(daemon.lines.some(({ message, entry }) => message === 'done' && entry === 'good')).toBe(
      true,
    );
  });

  it('changes nothing of what a dead daemon has left', async () => {
    const daemon = newDaemon(`${LONG}\n# name=good\n0 0 1 1 * billing all-users`);
    await daemon.start();
    const asked = daemon.run('run', 'long');
    await daemon.until(() => daemon.hasBegun);
    await daemon.stop('SIGKILL');
    asked.kill();
    await asked;
    const { pending } = daemon.savedState()!;
    expect((await daemon.run('run', 'good')).exitCode).toBe(0);
    expect(daemon.savedState()?.pending).toEqual(pending);
    killQuietly(-pending[0]!.process!.pid);
  });
});

describe('the endpoint', () => {
  it('tells probes and Prometheus', async () => {
    const daemon = newDaemon(QUICK);
    await daemon.start('--listen', '127.0.0.1:0');
    const { port } = daemon.lines.find(({ message }) => message === 'the schedule runs')!;
    await daemon.recorded((all) => all.some(({ result }) => result === 'run'));
    const get = async (path: string) => {
      const answer = await fetch(`http://127.0.0.1:${port}${path}`);
      return { status: answer.status, text: await answer.text() };
    };
    expect(await get('/healthz')).toMatchObject({ status: 200 });
    expect(await get('/readyz')).toMatchObject({ status: 200 });
    const { text } = await get('/metrics');
    expect(text).toMatch(/mangamotion_schedule_last_exit_code\{entry="quick"\} 0/);
    expect(text).toMatch(/mangamotion_schedule_next_run_timestamp_seconds\{entry="quick"\} \d/);
    expect(text).toMatch(/mangamotion_schedule_firings_total\{entry="quick",result="run"\} [1-9]/);
    expect(await daemon.stop()).toBe(0);
  });
});

describe('pings and hooks', () => {
  it('tell of the begin and the end of each run, and of what came of it', async () => {
    const listener = await startListener();
    const daemon = newDaemon(
      [
        `# name=bad on-failure=${listener.url}/hook on-success="touch never"`,
        '0 0 1 1 * backup list /no/such/folder',
        `# name=good on-success='echo "$MANGAMOTION_ENTRY $MANGAMOTION_EXIT_CODE" > told'`,
        '0 0 1 1 * billing all-users',
      ].join('\n'),
      { PING_URL: `${listener.url}/ping/secret-key/{name}` },
    );
    await daemon.start();
    await daemon.run('run', 'bad');
    await daemon.run('run', 'good');
    expect(await daemon.stop()).toBe(0);
    const paths = listener.received.map(({ path }) => path.replace(/\?rid=[0-9a-f-]{36}$/, ''));
    expect(paths.filter((path) => path.startsWith('/ping'))).toEqual([
      '/ping/secret-key/bad/start',
      '/ping/secret-key/bad/4',
      '/ping/secret-key/good/start',
      '/ping/secret-key/good/0',
    ]);
    const hook = listener.received.find(({ path }) => path === '/hook');
    const body = JSON.parse(hook?.body ?? '') as { log_tail: string };
    expect(body).toMatchObject({ name: 'bad', exit_code: 4, trigger: 'manual' });
    expect(body.log_tail).toContain('no such folder');
    expect(readFileSync(join(daemon.folder, 'told'), 'utf8')).toBe('good 0\n');
    expect(existsSync(join(daemon.folder, 'never'))).toBe(false);
    expect(daemon.log).not.toContain('secret-key');
    await listener.close();
  });
});

describe('two daemons with a lease', () => {
  const two = async () => {
    const both = [newDaemon(QUICK), newDaemon(QUICK)] as const;
    await Promise.all(both.map((daemon) => daemon.start('--lease', 'redis')));
    return both;
  };
  const ranBy = async (daemon: TestDaemon) =>
    (await daemon.history()).filter(({ result }) => result === 'run' || result === 'waited');

  it('run each firing once, one that was paused and comes back too', async () => {
    const [one, other] = await two();
    await one.recorded((all) => all.length >= 3);
    one.signal('SIGSTOP');
    const before = (await ranBy(other)).length;
    await other.recorded(
      (all) => all.filter(({ result }) => result === 'run').length >= before + 3,
    );
    one.signal('SIGCONT');
    const seen = (await one.history()).length;
    await one.recorded((all) => all.length >= seen + 5);
    await Promise.all([one.stop(), other.stop()]);
    const due = [...(await ranBy(one)), ...(await ranBy(other))].map(({ due_at }) => due_at);
    expect(due.length).toBeGreaterThan(5);
    expect(new Set(due).size).toBe(due.length);
  });

  it('go on where one dies', async () => {
    const [one, other] = await two();
    await other.recorded((all) => all.length >= 2);
    await one.stop('SIGKILL');
    const before = (await ranBy(other)).length;
    await other.until(async () => (await ranBy(other)).length >= before + 3);
    expect(await other.stop()).toBe(0);
  });

  it('begin nothing while Redis is away, say so, and go on when it is back', async () => {
    const daemon = newDaemon(QUICK);
    await daemon.start('--lease', 'redis', '--listen', '127.0.0.1:0');
    const { port } = daemon.lines.find(({ message }) => message === 'the schedule runs')!;
    await daemon.until(async () => (await ranBy(daemon)).length > 0);
    await redis.stop();
    await daemon.logged(({ message }) => message.startsWith('Redis cannot'));
    // What had begun before Redis went ends first.
    await daemon.until(() => !daemon.hasBegun);
    await delay(2000);
    const before = (await ranBy(daemon)).filter(({ exit_code }) => exit_code === 0).length;
    expect((await fetch(`http://127.0.0.1:${port}/readyz`)).status).toBe(503);
    await delay(2000);
    expect((await ranBy(daemon)).filter(({ exit_code }) => exit_code === 0)).toHaveLength(before);
    redis = await startRedisServer({ port: redis.port });
    await daemon.until(
      async () => (await ranBy(daemon)).filter(({ exit_code }) => exit_code === 0).length > before,
    );
    expect(await daemon.stop()).toBe(0);
  });
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
