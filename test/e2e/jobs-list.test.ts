import { describe, expect, it } from 'vitest';
import { run, runJson } from '../helpers/cli.js';
import { useLiveQueue } from '../helpers/live-queue.js';
import { startRedisServer } from '../helpers/redis-server.js';
import { openTerminal } from '../helpers/tmux-terminal.js';

interface ListedJob {
  id: string;
  source: string;
  status: string;
  state: string | null;
  user_id: string | null;
  progress: number | null;
  file_count: number | null;
  size_bytes: number | null;
  created_at: string | null;
  finished_at: string | null;
  failed_reason: string | null;
  cost: number | null;
  cost_exact: string | null;
  due_at: string | null;
  result?: { bucket: string; key: string; size_bytes: number } | null;
}

interface JobList {
  user_id?: string;
  jobs: ListedJob[];
  total: number;
  limit: number;
  offset: number;
  read: string;
  problems: string[];
}

const { queue, records, env } = useLiveQueue();
/** The object store is looked at where a test is about it. */
const NO_STORE = { MINIO_ACCESS_KEY: '', MINIO_SECRET_KEY: '' };

const list = (args: readonly string[] = [], more: Record<string, string> = NO_STORE) =>
  runJson<JobList>(['jobs', 'list', ...args], { env: { ...env(), ...more } });
const listText = (args: readonly string[] = []) =>
  run(['jobs', 'list', ...args], { env: { ...env(), ...NO_STORE } });
const minutesAgo = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString();

async function record(id: string, fields: Record<string, string> = {}): Promise<void> {
  const ended = { status: 'completed', completed_at: minutesAgo(60), timestamp: minutesAgo(60) };
  const usage = { bytes_processed: 1024 ** 3, compute_seconds: 3600 };
  await records().job(id, { user_id: 'alice', ...usage, ...ended, ...fields });
}

/** One job of each kind: 1 failed, 2 runs, 3 waits, 4 is delayed; old-1 and old-2 have left. */
async function fill(): Promise<void> {
  queue().work();
  const files = ['originals/1/a.jpg', 'originals/1/b.jpg'];
  await queue().add({ user_id: 'alice', files });
  (await queue().begun('1')).fail('panel detection failed\nsecond line');
  await queue().ended('1');
  await queue().add({ user_id: 'bob', files: ['x'] });
  await (await queue().begun('2')).job.updateProgress(45);
  await queue().add({ user_id: 'alice' }, { delay: 3_600_000 });
  await record('old-1');
  await record('old-2', { user_id: 'bob', status: 'skipped', completed_at: minutesAgo(90) });
}

describe('jobs list', () => {
  it('joins the queue and the billing records, newest first', async () => {
    await fill();
    const { exitCode, answer } = await list();
    expect(exitCode).toBe(0);
    expect(answer.jobs.map(({ id, source, status, state }) => [id, source, status, state])).toEqual(
      [
        ['3', 'queue', 'pending', 'delayed'],
        ['2', 'queue', 'processing', 'active'],
        ['1', 'queue', 'failed', 'failed'],
        ['old-1', 'billing', 'completed', null],
        ['old-2', 'billing', 'skipped', null],
      ],
    );
    expect(answer).toMatchObject({ total: 5, limit: 50, offset: 0, read: 'scan', problems: [] });
    const [, running, failed, old] = answer.jobs;
    expect(running).toMatchObject({ user_id: 'bob', progress: 45, file_count: 1, cost: null });
    expect(failed).toMatchObject({ failed_reason: 'panel detection failed\nsecond line' });
    expect(old).toMatchObject({ size_bytes: 1024 ** 3, cost: 0.361, cost_exact: '0.361' });
    expect(old?.created_at).toBeNull();
    expect(old).not.toHaveProperty('result');
  });

  it('prints for people what it is, how far it is and why it failed', async () => {
    await fill();
    const { stdout, exitCode } = await listText();
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(
      /^id +user +status +waits for +progress +files +size +created +finished +cost +why\n/,
    );
    expect(stdout).toMatch(/\n2 +bob +⟳ processing +███▋ +45% +1 /);
    expect(stdout).toMatch(/\n3 +alice +⧖ pending \(delayed\) /);
    expect(stdout).toMatch(/\n1 +alice +✕ failed .*panel detection failed\n/);
    expect(stdout).toMatch(/\nold-1 +alice +✓ completed +1\.0 GiB .*\$0\.3610/);
    expect(stdout).toMatch(/\nold-2 +bob +– skipped /);
    expect(stdout).toMatch(/\n5 jobs\n$/);
  });

  it.each([
    [
      ['--user', 'alice'],
      ['3', '1', 'old-1'],
    ],
    [['--user', 'nobody'], []],
    [['--status', 'failed'], ['1']],
    [
      ['--status', 'pending,processing'],
      ['3', '2'],
    ],
    [['--status', 'skipped'], ['old-2']],
    [['--state', 'delayed'], ['3']],
    [
      ['--state', 'delayed,failed'],
      ['3', '1'],
    ],
    [['--user', 'alice', '--status', 'completed'], ['old-1']],
    [
      ['--since', '30m'],
      ['3', '2', '1'],
    ],
    [
      ['--until', '30m'],
      ['old-1', 'old-2'],
    ],
    [['--since', '75m', '--until', '30m'], ['old-1']],
    [
      ['--limit', '2'],
      ['3', '2'],
    ],
    [
      ['--limit', '2', '--offset', '3'],
      ['old-1', 'old-2'],
    ],
    [['--offset', '99'], []],
  ])('%j', async (args, expected) => {
    await fill();
    const { answer, exitCode } = await list(args);
    expect(answer.jobs.map(({ id }) => id)).toEqual(expected);
    expect(exitCode).toBe(0);
    const isPage = args.includes('--limit') || args.includes('--offset');
    expect(answer.total).toBe(isPage ? 5 : expected.length);
  });

  it('prices a job of the queue by its record, but not by that of an earlier job', async () => {
    await queue().add({ user_id: 'alice' });
    await queue().add({ user_id: 'alice' });
    await record('1', { timestamp: minutesAgo(0), completed_at: minutesAgo(0) });
    await record('2', { timestamp: minutesAgo(5000), completed_at: minutesAgo(5000) });
    const { answer } = await list();
    expect(answer.jobs.map(({ id, source, status, cost }) => [id, source, status, cost])).toEqual([
      ['2', 'queue', 'pending', null],
      ['1', 'both', 'pending', 0.361],
      ['2', 'billing', 'completed', 0.361],
    ]);
  });

  it('fits on a terminal of 40 columns: the status stays, what matters less goes', async () => {
    await fill();
    const terminal = await openTerminal(['jobs', 'list'], {
      ...{ env: env(), columns: 40, rows: 30 },
    });
    const screen = await terminal.until((text) => /status \d$/.test(text), 'its end');
    await terminal.stop();
    expect(screen).toMatch(/\n1 +✕ failed/);
    expect(screen).not.toContain('finished');
    // A line that is too wide would go on in the next one: a line for each job, one with their
    // count, and one with what is hidden.
    expect(screen.split('\n').filter((line) => /^(\d+|old-\d) /.test(line))).toHaveLength(7);
    for (const line of screen.split('\n')) expect(line.length).toBeLessThanOrEqual(40);
  });

  it('prints CSV', async () => {
    await fill();
    const { stdout } = await listText(['--csv', '--user', 'alice']);
    const [head, ...rows] = stdout.trimEnd().split('\r\n');
    expect(head).toBe(
      'id,user_id,status,progress,file_count,size_bytes,created_at,finished_at,cost,failed_reason,' +
        'state,due_at,children_waiting,stalled',
    );
    expect(rows.at(-1)).toMatch(/^old-1,alice,completed,100,,1073741824,,2.*Z,0\.361,,,,,$/);
  });
});

describe('what stands in a queue', () => {
  it('may be anything: it is listed, and told of, with status 3', async () => {
    const { redis } = records();
    const key = (id: string) => `bull:ai-job:${id}`;
    const hostile = 'a:b*[x]\u001b[31m';
    await redis.hset(key('1'), 'data', 'no JSON', 'timestamp', 'never', 'name', 'x');
    await redis.hset(key('2'), 'data', '"a text"', 'timestamp', '1795540000000');
    await redis.hset(key('3'), 'data', '{"user_id":7}', 'progress', '{"percent":30,"step":"ocr"}');
    await redis.hset(key(hostile), 'data', '{"user_id":"alice"}');
    await redis.set(key('5'), 'no hash');
    await redis.rpush(key('wait'), '1', '2', '3', hostile, '5', 'gone', '0:0');
    const { exitCode, answer, stderr } = await list();
    expect(exitCode).toBe(3);
    expect(answer.jobs.map(({ id }) => id).sort()).toEqual(['1', '2', '3', '5', hostile].sort());
    expect(answer.total).toBe(5);
    expect(answer.jobs.find(({ id }) => id === '3')).toMatchObject({ user_id: '7', progress: 30 });
    expect(answer.problems.join('\n')).toMatch(/job 1: .*JSON/);
    expect(answer.problems.join('\n')).toMatch(/job 5: /);
    expect(stderr).not.toContain('\u001b');
    const { stdout } = await listText();
    expect(stdout).not.toContain('\u001b');
  });

  it('may be a record that holds no numbers, or no hash: status 3', async () => {
    await record('1', { bytes_processed: 'many' });
    await records().redis.set('billing:job:2', 'text');
    const { exitCode, answer } = await list();
    expect(exitCode).toBe(3);
    expect(answer.jobs).toMatchObject([{ id: '1', size_bytes: 0, cost: 0.36 }]);
    expect(answer.problems.sort()).toEqual([
      'billing:job:2 is not a hash',
      'bytes_processed of billing:job:1 is not a number: "many"',
    ]);
  });

  it('of another queue has nothing to do with the billing records', async () => {
    await record('1');
    await records().redis.hset('bull:scan-job:1', 'data', '{"user_id":"alice"}');
    await records().redis.rpush('bull:scan-job:wait', '1');
    const { answer } = await list(['--queue', 'scan-job']);
    expect(answer.jobs).toMatchObject([
      { id: '1', queue: 'scan-job', source: 'queue', cost: null },
    ]);
    expect(answer).toMatchObject({ total: 1, read: 'nothing' });
  });

  it('of a queue that is not there is nothing: status 4, with those that are', async () => {
    const { exitCode, stderr } = await listText(['--queue', 'nonsense']);
    expect(exitCode).toBe(4);
    expect(stderr).toContain('no queue nonsense (prefix bull) in this Redis: there are ai-job');
  });
});

describe('jobs that wait', () => {
  it('say for what, and whether a worker is there', async () => {
    const dueMs = Date.now() + 3_600_000;
    await queue().add({ user_id: 'alice' }, { delay: 3_600_000 });
    const { redis } = records();
    await redis.hset('bull:ai-job:book', 'timestamp', '1795540000000', 'name', 'book');
    await redis.zadd('bull:ai-job:waiting-children', 1, 'book');
    await redis.sadd('bull:ai-job:book:dependencies', 'bull:ai-job:a', 'bull:ai-job:b');
    const before = await list();
    expect(before.answer).toMatchObject({ worker_connected: null });
    const [book, delayed] = before.answer.jobs.sort((a, b) => (a.id < b.id ? 1 : -1));
    expect(book).toMatchObject({ children_waiting: 2, due_at: null, stalled: null });
    expect(Math.abs(Date.parse(delayed?.due_at ?? '') - dueMs)).toBeLessThan(10_000);
    await queue().add({ user_id: 'alice' });
    const { stdout } = await listText();
    expect(stdout).toMatch(/pending \(delayed\) +due 2\S+Z/);
    expect(stdout).toMatch(/pending \(waiting-children\) +2 children/);
    expect(stdout).toMatch(/\n3 jobs; 1 job waits, and no worker is connected\n$/);
    expect((await list()).answer).toMatchObject({ worker_connected: false });
    const shown = await run(['jobs', 'show', '2'], { env: { ...env(), ...NO_STORE } });
    expect(shown.stdout).toMatch(/\nworker +none is connected\n/);
    queue().work();
    await queue().begun('2');
    expect((await listText()).stdout).not.toContain('no worker');
  });

  it('are stalled? where they are active and their lock is gone', async () => {
    queue().work();
    await queue().add({ user_id: 'alice' });
    await queue().begun('1');
    expect((await list()).answer.jobs).toMatchObject([{ state: 'active', stalled: false }]);
    await records().redis.del('bull:ai-job:1:lock');
    expect((await list()).answer.jobs).toMatchObject([{ state: 'active', stalled: true }]);
    expect((await listText()).stdout).toMatch(/⟳ processing \(stalled\?\) +started 2\S+Z/);
  });
});

describe('odd values', () => {
  it('of progress are shown as they are and noted, and the status is 0', async () => {
    const { redis } = records();
    await redis.hset('bull:ai-job:1', { data: '{}', progress: '4235', timestamp: '1795540000000' });
    await redis.lpush('bull:ai-job:active', '1');
    const { exitCode, answer, stderr } = await list();
    expect(exitCode).toBe(0);
    expect(answer.jobs).toMatchObject([{ progress: 4235 }]);
    const note = 'job 1: its progress is 4235, which is not from 0 to 100';
    expect(answer).toMatchObject({ problems: [], notes: [note] });
    expect(stderr).toContain(`note: ${note}`);
    expect((await listText()).stdout).toMatch(/processing \S* +.*4235/);
  });

  it('and ids of 300 bytes make no wide table', async () => {
    const { redis } = records();
    const id = `${'a'.repeat(290)}-the-end`;
    const deep = '['.repeat(200_000) + ']'.repeat(200_000);
    await redis.hset(`bull:ai-job:${id}`, {
      ...{ data: `{"user_id":"alice","x":${deep}}`, returnvalue: deep, opts: '{"attempts":0}' },
      ...{ attemptsMade: '1', failedReason: 'x'.repeat(100_000) },
    });
    await redis.zadd('bull:ai-job:failed', 1, id);
    const { stdout, exitCode } = await listText();
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/aaa…a*-the-end /);
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThan(300);
    for (const args of [[], ['--json']]) {
      const options = { env: { ...env(), ...NO_STORE } };
      const shown = await run(['jobs', 'show', id, ...args], options);
      expect(shown.exitCode).toBe(0);
      if (args.length === 0) expect(shown.stdout).toMatch(/\nattempts +1 of 1\n/);
      else expect(JSON.parse(shown.stdout)).toMatchObject({ user_id: 'alice', problems: [] });
      expect(shown.stderr).toContain('its return value is shown in part: nested too deep');
    }
  });
});

describe('two prefixes in one Redis', () => {
  it('have the billing records of one of them', async () => {
    await record('1');
    for (const prefix of ['stage', 'my:env']) {
      await records().redis.hset(`${prefix}:ai-job:1`, 'data', '{"user_id":"alice"}');
      await records().redis.rpush(`${prefix}:ai-job:wait`, '1');
      const name = `${prefix}:ai-job`;
      const { answer } = await list(['--queue', name]);
      expect(answer).toMatchObject({ total: 1, read: 'nothing', jobs: [{ cost: null }] });
      const billed = await list(['--queue', name, '--billing-queue', name]);
      expect(billed.answer).toMatchObject({ total: 1, read: 'scan', jobs: [{ source: 'both' }] });
    }
    const elsewhere = await list(['--billing-queue', 'stage:ai-job']);
    expect(elsewhere.answer).toMatchObject({ total: 0, read: 'nothing' });
  });
});

describe('without a server', () => {
  it('of Redis it is status 6', async () => {
    const { exitCode, answer } = await runJson<{ error: { code: string } }>(['jobs', 'list'], {
      env: { REDIS_URL: 'redis://127.0.0.1:1' },
    });
    expect(exitCode).toBe(6);
    expect(answer.error.code).toBe('unreachable');
  });

  it('of objects it lists, says what is missing, and is status 3', async () => {
    await fill();
    const store = { MINIO_ENDPOINT: 'http://127.0.0.1:1', MINIO_ACCESS_KEY: 'x' };
    const { exitCode, answer, stderr } = await list([], { ...store, MINIO_SECRET_KEY: 'y' });
    expect(exitCode).toBe(3);
    expect(answer.jobs).toHaveLength(5);
    expect(stderr).toContain('results were not looked up: http://127.0.0.1:1 cannot be reached');
    const skipped = await list(['--no-files'], { ...store, MINIO_SECRET_KEY: 'y' });
    expect(skipped.exitCode).toBe(0);
  });

  it('that is empty there are no jobs', async () => {
    const server = await startRedisServer();
    const { stdout, stderr, exitCode } = await run(['jobs', 'list'], {
      env: { REDIS_URL: server.url, ...NO_STORE },
    });
    expect({ stdout, exitCode }).toEqual({ stdout: 'no jobs\n', exitCode: 0 });
    expect(stderr).toContain('no queue ai-job (prefix bull) in this Redis: there are no queues');
    await server.stop();
  });
});

describe('wrong usage', () => {
  it.each([
    [['--status', 'done'], 'must be one or more of pending'],
    [['--limit', '0'], '1 to 999999'],
    [['--offset', '-1'], '0 to 999999999'],
    [['--since', 'yesterday'], 'must be a time'],
    [['--since', '2026-02-30'], 'must be a time'],
    [['--since', '1h', '--until', '2h'], '--since is after --until'],
    [['--queue', 'a:b:'], 'PREFIX:NAME'],
    [['--state', 'late'], 'must be one or more of waiting'],
    [['--user', ''], 'must not be empty'],
  ])('%j is status 2', async (args, says) => {
    const { exitCode, stderr } = await listText(args);
    expect(exitCode).toBe(2);
    expect(stderr).toContain(says);
  });
});
