import { execFileSync } from 'node:child_process';
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { safeParse } from 'valibot';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ownFolderOf } from '../../src/schedule/state/own-folder.js';
import { appendHistory } from '../../src/schedule/state/history.js';
import { writeState } from '../../src/schedule/state/state.js';
import {
  historyDocument,
  requestedRunDocument,
  scheduleDocument,
} from '../../src/serve/schemas/schedule.js';
import { lastVerifications } from '../../src/serve/last-verified.js';
import type { ScheduleService } from '../../src/serve/schedule-service.js';
import { temporaryFolder } from '../helpers/backups.js';
import { useBillingRedis } from '../helpers/billing-records.js';
import { TestDaemon } from '../helpers/daemon.js';
import { runHere } from '../helpers/in-process.js';
import { entryState, notRun, runRecord, scheduleState } from '../helpers/run-records.js';
import { documentOf, useServers, type ServeAnswer, type TestServer } from '../helpers/serve.js';

const { env } = useBillingRedis();
const serve = useServers();
const { folder, remove } = temporaryFolder();
afterAll(remove);

let cwd: string;
let state: string;
let file: string;
let tests = 0;
beforeEach(() => {
  cwd = join(folder, String(++tests));
  state = join(cwd, 'state');
  file = join(cwd, 'mangamotion.crontab');
  mkdirSync(ownFolderOf(state), { recursive: true });
  writeFileSync(
    file,
    [
      ...['CRON_TZ=UTC', '# name=daily', '0 2 * * * backup full /mnt/a'],
      ...['# name=proof', '0 3 * * * backup verify /mnt/a --latest'],
      ...['# name=slow overlap=skip', '0 4 1 1 * backup list .'],
    ].join('\n'),
  );
});

const flags = () => ['--file', file, '--state-dir', state];
const start = (...more: string[]) => serve([...flags(), ...more], env());
const own = () => ownFolderOf(state);

async function printed(...args: string[]): Promise<Record<string, unknown>> {
  const { stdout } = await runHere(['schedule', ...args, '--json'], { env: {} });
  return JSON.parse(stdout) as Record<string, unknown>;
}

const post = (server: TestServer, name: string, headers = { origin: server.url }) =>
  server.request('POST', `/api/schedule/${name}/run`, { headers });

const codeOf = (answer: ServeAnswer) => ({ status: answer.status, code: documentOf(answer).code });

describe('GET /api/schedule', () => {
  it('has the documents of schedule status and next', async () => {
    const last_run = runRecord();
    const entries = { daily: entryState({ last_run, last_success_at: last_run.finished_at }) };
    await writeState(own(), scheduleState({ entries }));
    const server = await start();
    const document = documentOf(await server.get('/api/schedule?count=5'));
    expect(safeParse(scheduleDocument, document).issues).toBeUndefined();
    expect(document.status).toEqual(await printed('status', ...flags()));
    expect(document.next).toEqual(await printed('next', '--file', file, '--count', '5'));
    expect(document.problem).toBeNull();
    const late = documentOf(await server.get('/api/schedule?max_age=26h'));
    expect(late.status).toEqual(await printed('status', ...flags(), '--max-age', '26h'));
  });

  it('says that the state cannot be used, and what is wrong with the schedule', async () => {
    writeFileSync(join(own(), 'state.json'), '{');
    const server = await start();
    const document = documentOf(await server.get('/api/schedule'));
    expect(String(document.problem)).toContain('it is not JSON');
    writeFileSync(file, '0 2 * * * ackup full /mnt/a\n');
    const answer = await server.get('/api/schedule');
    expect(codeOf(answer)).toEqual({ status: 502, code: 'damaged' });
    expect(answer.text).toContain('mangamotion.crontab:1');
    rmSync(file);
    expect((await server.get('/api/schedule')).status).toBe(404);
  });

  it.each(['count=0', 'count=1001', 'max_age=x', 'count=1&count=2'])(
    'is 400 for %s',
    async (query) => {
      const server = await start();
      expect((await server.get(`/api/schedule?${query}`)).status).toBe(400);
    },
  );

  it('is 404 where none was named, and for administrators', async () => {
    const without = await serve([], env());
    const paths = ['', '/history', '/runs/a/log'];
    for (const path of paths) expect((await without.get(`/api/schedule${path}`)).status).toBe(404);
    const server = await start('--behind-proxy', '127.0.0.1');
    for (const path of paths) {
      expect((await server.get(`/api/schedule${path}`)).status).toBe(401);
      const answer = await server.get(`/api/schedule${path}`, { 'x-user-id': 'alice' });
      expect(answer.status).toBe(403);
    }
    const headers = { origin: server.url, 'x-user-id': 'alice' };
    expect((await post(server, 'daily', headers)).status).toBe(403);
  });

  it('tells when a destination was last verified', async () => {
    const at = new Date().toISOString();
    await writeState(
      own(),
      scheduleState({ entries: { proof: entryState({ last_success_at: at }) } }),
    );
    const server = await start('--backup', '/mnt/a', '--backup', cwd);
    const { destinations } = documentOf(await server.get('/api/backups')) as {
      destinations: { last_verified: unknown }[];
    };
    const limit_seconds = 30 * 86_400;
    expect(destinations.map((one) => one.last_verified)).toEqual([
      { at, entry: 'proof', limit_seconds },
      null,
    ]);
  });

  it.each(['--quick', '--sample 5%', '--sample=5%', '--within 30d', '--of-a-later-version'])(
    'does not take a run of backup verify %s for one that read a whole backup',
    async (option) => {
      const at = new Date().toISOString();
      const entries = { part: entryState({ last_success_at: at }) };
      const folder = join(cwd, 'state-of-parts');
      mkdirSync(folder, { recursive: true });
      await writeState(folder, scheduleState({ entries }));
      const argv = ['backup', 'verify', '/mnt/a', ...option.split(' ')];
      const schedule = { folder, entries: () => Promise.resolve([{ name: 'part', argv }]) };
      const verified = await lastVerifications(schedule as unknown as ScheduleService);
      expect(verified('/mnt/a')).toBeNull();
    },
  );
});

describe('GET /api/schedule/history', () => {
  it('has the document of schedule history, and counts damaged lines', async () => {
    const records = [
      runRecord({ name: 'daily' }),
      notRun('missed', { name: 'proof' }),
      runRecord(),
    ];
    await appendHistory(own(), records);
    writeFileSync(join(own(), 'history.ndjson'), 'no record\n', { flag: 'a' });
    const server = await start();
    for (const [query, args] of [
      ['', []],
      ['limit=1', ['--limit', '1']],
      ['name=proof', ['proof']],
      ['failed=true', ['--failed']],
    ] as const) {
      const answer = await server.get(`/api/schedule/history?${query}`);
      const { damaged_lines, problem, ...document } = documentOf(answer);
      expect(document).toEqual(await printed('history', ...args, '--state-dir', state));
      expect({ damaged_lines, problem }).toEqual({ damaged_lines: 1, problem: null });
      expect(safeParse(historyDocument, documentOf(answer)).issues).toBeUndefined();
    }
    expect((await server.get('/api/schedule/history?name=nobody')).status).toBe(404);
    for (const query of ['limit=0', 'limit=1001', 'name=../x', 'failed=x']) {
      expect((await server.get(`/api/schedule/history?${query}`)).status).toBe(400);
    }
  });

  it('is 404 where no daemon has been', async () => {
    const server = await serve(['--file', file, '--state-dir', join(cwd, 'nope')], env());
    expect((await server.get('/api/schedule/history')).status).toBe(404);
  });
});

describe('GET /api/schedule/runs/{id}/log', () => {
  const LOG = 'schedule-state/runs/daily/a.log';
  const withLog = async (log_file: string | null) => {
    await appendHistory(own(), [runRecord({ id: 'daily@2026-01-01T02:00:00.000Z', log_file })]);
    const server = await start();
    return (query = '') =>
      server.get(`/api/schedule/runs/daily%402026-01-01T02:00:00.000Z/log${query}`);
  };
  const prepare = () => mkdirSync(dirname(join(state, LOG)), { recursive: true });

  it('has the log, or its end from a whole line on', async () => {
    prepare();
    writeFileSync(join(state, LOG), 'first <b>\nsecond\nthird\n');
    const log = await withLog(LOG);
    const whole = await log();
    expect(whole.text).toBe('first <b>\nsecond\nthird\n');
    expect(whole.headers).toMatchObject({
      'content-type': 'text/plain; charset=utf-8',
      'x-content-type-options': 'nosniff',
      'x-log-cut': 'false',
    });
    const end = await log('?bytes=8');
    expect(end.text).toBe('third\n');
    expect(end.headers['x-log-cut']).toBe('true');
    writeFileSync(join(state, LOG), `${'x'.repeat(1023)}\n`.repeat(300));
    expect((await log()).text).toHaveLength(255 * 1024);
    for (const query of ['?bytes=0', '?bytes=1048577', '?bytes=-1', '?bytes=x']) {
      expect((await log(query)).status).toBe(400);
    }
  });

  it('is 404 where there is none, and for a run that is not there', async () => {
    expect((await (await withLog(LOG))()).status).toBe(404);
    const server = await start();
    for (const id of ['nope', '..', '%2e%2e%2fstate.json', '%2fetc%2fpasswd']) {
      expect((await server.get(`/api/schedule/runs/${id}/log`)).status).toBe(404);
    }
    expect((await server.get(`/api/schedule/runs/${'x'.repeat(300)}/log`)).status).toBe(400);
  });

  it.each([
    ['a path out of the folder', '../secret', () => writeFileSync(join(cwd, 'secret'), 'secret')],
    ['an absolute path', '/etc/passwd', () => undefined],
    [
      'a link',
      LOG,
      () => {
        writeFileSync(join(cwd, 'secret'), 'secret');
        symlinkSync(join(cwd, 'secret'), join(state, LOG));
      },
    ],
    [
      'a folder that is a link',
      LOG,
      () => {
        const runs = dirname(join(state, LOG));
        writeFileSync(join(runs, 'a.log'), 'secret');
        renameSync(runs, join(cwd, 'elsewhere'));
        symlinkSync(join(cwd, 'elsewhere'), runs);
      },
    ],
    ['a pipe', LOG, () => execFileSync('mkfifo', [join(state, LOG)])],
    ['a folder', LOG, () => mkdirSync(join(state, LOG))],
    ['a device', LOG, () => symlinkSync('/dev/zero', join(state, LOG))],
  ])('does not read %s', async (_what, log, make) => {
    prepare();
    make();
    const answer = await (await withLog(log))();
    expect([404, 409]).toContain(answer.status);
    expect(answer.text).not.toContain('secret');
    expect(answer.text).not.toContain('root:');
  });
});

describe('POST /api/schedule/{name}/run', () => {
  let daemon: TestDaemon | undefined;
  afterEach(() => daemon?.kill());

  it('has the daemon run the entry', async () => {
    daemon = new TestDaemon(cwd);
    await daemon.start();
    const server = await serve(['--file', file, '--state-dir', daemon.stateFolder], env());
    const health = documentOf(await server.get('/api/health'));
    expect(health.checks).toMatchObject({ schedule: { status: 'healthy' } });
    const answer = await post(server, 'slow');
    expect(answer.status).toBe(202);
    const document = documentOf(answer);
    expect(safeParse(requestedRunDocument, document).issues).toBeUndefined();
    await daemon.recorded((records) => records.some(({ id }) => id === document.id));
    const history = documentOf(await server.get('/api/schedule/history'));
    expect(history.runs).toMatchObject([{ id: document.id, name: 'slow', trigger: 'manual' }]);
    const log = await server.get(`/api/schedule/runs/${String(document.id)}/log`);
    expect(log.status).toBe(200);
    expect(log.text).toContain('"backups":[]');
    daemon.signal('SIGSTOP');
    expect(codeOf(await post(server, 'slow'))).toEqual({ status: 503, code: 'unavailable' });
    daemon.signal('SIGCONT');
  }, 60_000);

  it('tells which run is under way, whose log can be read', async () => {
    daemon = new TestDaemon(cwd, env());
    daemon.write('# name=long\n0 0 1 1 * jobs watch --interval 1s\n');
    await daemon.start();
    const server = await serve(['--file', file, '--state-dir', daemon.stateFolder], env());
    const idle = await server.get('/api/schedule');
    expect(documentOf(idle).running).toEqual([]);
    const { id } = documentOf(await post(server, 'long'));
    await daemon.until(() => daemon?.hasBegun === true);
    const headers = { 'if-none-match': idle.headers.etag ?? '' };
    const answer = await server.get('/api/schedule', headers);
    expect(answer.status).toBe(200);
    expect(safeParse(scheduleDocument, documentOf(answer)).issues).toBeUndefined();
    expect(documentOf(answer).running).toMatchObject([{ id, name: 'long' }]);
    expect((await server.get(`/api/schedule/runs/${String(id)}/log`)).status).toBe(200);
    const again = await server.get('/api/schedule', { 'if-none-match': answer.headers.etag ?? '' });
    expect(again.status).toBe(304);
  }, 60_000);

  it('is 409 where it runs already, also twice at once', async () => {
    const firing = {
      ...{ id: 'a', name: 'daily', due_at: new Date().toISOString(), trigger: 'cron' as const },
      ...{ started_at: null, waited: false, log_file: null, process: null },
    };
    await writeState(own(), scheduleState({ pending: [firing] }));
    daemon = new TestDaemon(cwd);
    await daemon.start();
    const server = await start();
    await daemon.stop();
    // A daemon that holds the folder and does nothing.
    daemon.begin();
    await daemon.until(async () => {
      const { status } = documentOf(await server.get('/api/schedule')) as {
        status: { daemon: object | null };
      };
      return status.daemon !== null;
    });
    daemon.signal('SIGSTOP');
    await writeState(own(), scheduleState({ pending: [firing] }));
    expect(codeOf(await post(server, 'daily'))).toEqual({ status: 409, code: 'locked' });
    const answers = await Promise.all([post(server, 'slow'), post(server, 'slow')]);
    expect(answers.map(({ status }) => status).sort()).toEqual([409, 503]);
  }, 60_000);

  it('is 503 without a daemon, 404 for an unknown entry, 400 for an odd name', async () => {
    const server = await start();
    expect(codeOf(await post(server, 'daily'))).toEqual({ status: 503, code: 'unavailable' });
    expect((await post(server, 'nobody')).status).toBe(404);
    for (const name of ['%2e%2e%2fx', 'a%00', 'x'.repeat(100)]) {
      expect((await post(server, name)).status).toBe(400);
    }
    const health = documentOf(await server.get('/api/health'));
    expect(health.checks).toMatchObject({ schedule: { reason: 'no daemon is running' } });
  });

  it('needs our own origin', async () => {
    const server = await start();
    for (const headers of [{}, { origin: 'http://evil.example' }, { origin: 'null' }]) {
      const answer = await server.request('POST', '/api/schedule/daily/run', { headers });
      expect(answer.status).toBe(403);
    }
    const get = await server.get('/api/schedule/daily/run');
    expect({ status: get.status, allow: get.headers.allow }).toEqual({
      status: 405,
      allow: 'POST',
    });
  });
});

describe('health', () => {
  it('tells that something that is due does not run', async () => {
    const daemon = new TestDaemon(cwd);
    await daemon.start();
    try {
      const server = await serve(['--file', file, '--state-dir', daemon.stateFolder], env());
      daemon.signal('SIGSTOP');
      const timing = '0 2 * * * UTC';
      const handled_until = new Date(Date.now() - 2 * 86_400_000).toISOString();
      const entries = { daily: entryState({ timing, handled_until }) };
      await writeState(daemon.state, scheduleState({ entries }));
      const health = await server.get('/api/health');
      expect(health.status).toBe(503);
      expect(documentOf(health).checks).toMatchObject({
        schedule: { status: 'unhealthy', reason: 'something that is due does not run' },
      });
      expect(health.text).not.toContain(folder);
    } finally {
      await daemon.kill();
    }
  });
});
