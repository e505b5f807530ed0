import { readFile, readdir } from 'node:fs/promises';
import process from 'node:process';
import { describe, expect, it } from 'vitest';
import { run } from '../helpers/cli.js';
import { LiveQueue, useLiveQueue } from '../helpers/live-queue.js';
import { startRedisServer } from '../helpers/redis-server.js';
import { type TmuxTerminal, openTerminal } from '../helpers/tmux-terminal.js';
import { startProgram } from './start.js';

const { queue, records, env } = useLiveQueue();

/** The process of the program that watches the Redis of these tests. */
async function pidOfWatch(): Promise<number> {
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const read = (file: string) => readFile(`/proc/${name}/${file}`, 'utf8').catch(() => '');
    const [command, environment] = [await read('cmdline'), await read('environ')];
    const isOurs = environment.split('\0').includes(`REDIS_URL=${env().REDIS_URL}`);
    if (isOurs && command.includes('mangamotion.js') && command.startsWith('/'))
      return Number(name);
  }
  throw new Error('it does not run');
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

async function ended(id: string, status: string): Promise<void> {
  const now = new Date().toISOString();
  const fields = { user_id: 'alice', status, completed_at: now, timestamp: now };
  await records().job(id, { ...fields, bytes_processed: 1024 ** 3, compute_seconds: 3600 });
}

interface Event {
  event: string;
  job: { id: string; status: string; progress: number | null; cost: number | null };
}

const eventsOf = (stdout: string): Event[] =>
  stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Event);
const told = (stdout: string) =>
  eventsOf(stdout).map(({ event, job }) => `${event} ${job.id} ${job.status}`);

describe('jobs watch on a terminal', () => {
  it('shows the jobs in place as they change, and gives the screen back', async () => {
    queue().work();
    await queue().add({ user_id: 'alice' });
    const running = await queue().begun('1');
    const terminal = await openTerminal(['jobs', 'watch', '--interval', '1h'], { env: env() });
    await terminal.until((text) => /1 +alice +⟳ processing/.test(text), 'the job');
    await running.job.updateProgress(45);
    // An hour is longer than this test: the queue tells at once.
    const at45 = await terminal.until((text) => text.includes('45%'), 'its progress');
    expect(at45).toMatch(/^jobs of ai-job {2}\d\d:\d\d:\d\d UTC/);
    expect(at45.match(/alice/g), 'it is drawn over, not below').toHaveLength(1);
    running.fail('out of memory');
    const failed = await terminal.until((text) => text.includes('✕ failed 1'), 'its failure');
    expect(failed).toMatch(/1 +alice +✕ failed .*out of memory/);
    await terminal.type('C-c');
    const after = await terminal.until((text) => text.includes('status 130'), 'its end');
    expect(after).toMatch(/^before\n/);
    expect(after).not.toContain('alice');
    await terminal.stop();
  });

  it('fits into any size, also one that changes', async () => {
    await Promise.all(Array.from({ length: 30 }, () => queue().add({ user_id: 'alice' })));
    const terminal = await openTerminal(['jobs', 'watch'], { env: env(), columns: 40, rows: 10 });
    const narrow = await terminal.until((text) => text.includes('more'), 'the jobs');
    expect(narrow).toMatch(/\nand 25 more$/);
    expect(narrow).not.toContain('finished');
    for (const line of narrow.split('\n')) expect(line.length).toBeLessThanOrEqual(40);
    await terminal.resize(120, 40);
    const wide = await terminal.until((text) => text.includes('finished'), 'more columns');
    expect(wide.match(/alice/g)).toHaveLength(30);
    await terminal.stop();
  });

  it('is scrolled by arrow keys, filtered by / and left by q', async () => {
    for (let n = 1; n <= 30; n++) await queue().add({ user_id: n === 7 ? 'bob' : 'alice' });
    const terminal = await openTerminal(['jobs', 'watch'], { env: env(), columns: 100, rows: 12 });
    const first = await terminal.until((text) => text.includes('more'), 'the jobs');
    expect(first).toContain('30 jobs wait, and no worker is connected');
    expect(first).toMatch(/\n30 +alice/);
    await terminal.type('Down');
    await terminal.type('Down');
    const scrolled = await terminal.until((text) => text.includes('from row 3'), 'two rows below');
    expect(scrolled).toMatch(/\n28 +alice/);
    expect(scrolled).not.toMatch(/\n29 +alice/);
    await terminal.type('End');
    await terminal.until((text) => /\n1 +alice/.test(text), 'the last row');
    for (const key of ['/', 'b', 'o', 'q', 'BSpace', 'b', 'Enter']) await terminal.type(key);
    const filtered = await terminal.until((text) => text.includes('filter bob'), 'the filter');
    expect(filtered).toMatch(/\n7 +bob/);
    expect(filtered).not.toContain('alice');
    await terminal.type('Escape');
    await terminal.until((text) => /\n30 +alice/.test(text), 'all jobs');
    await terminal.type('q');
    const after = await terminal.until((text) => text.includes('status 0'), 'its end');
    expect(after).toMatch(/^before\n/);
    await terminal.stop();
  });

  it.each([
    ['q', async (terminal: TmuxTerminal) => terminal.type('q')],
    ['Ctrl-C', async (terminal: TmuxTerminal) => terminal.type('C-c')],
    ['a signal', async () => process.kill(await pidOfWatch(), 'SIGTERM')],
  ])('gives the terminal back after %s', async (_what, end) => {
    const terminal = await openTerminal(['jobs', 'watch'], { env: env(), after: 'stty -a' });
    await terminal.until((text) => text.includes('no jobs'), 'the empty queue');
    await end(terminal);
    const after = await terminal.until((text) => text.includes('icanon'), 'the settings');
    expect(after).toMatch(/ icanon /);
    expect(after).toMatch(/ echo /);
    await terminal.stop();
  });

  it('ends with its terminal', async () => {
    const terminal = await openTerminal(['jobs', 'watch'], { env: env() });
    await terminal.until((text) => text.includes('no jobs'), 'the empty queue');
    const pid = await pidOfWatch();
    await terminal.stop();
    const giveUpAtMs = performance.now() + 10_000;
    while (isAlive(pid)) {
      if (performance.now() > giveUpAtMs) throw new Error('it goes on without its terminal');
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  });

  it('survives the loss of Redis', async () => {
    const own = await startRedisServer();
    const terminal = await openTerminal(['jobs', 'watch', '--interval', '1s'], {
      env: { REDIS_URL: own.url },
    });
    await terminal.until((text) => text.includes('no jobs'), 'the empty queue');
    await own.stop();
    await terminal.until((text) => text.includes('trying again'), 'the loss');
    const again = await startRedisServer({ port: own.port });
    await terminal.until((text) => !text.includes('trying again'), 'the way back');
    await terminal.type('C-c');
    await terminal.until((text) => text.includes('status 130'), 'its end');
    await terminal.stop();
    await again.stop();
  });

  it('follows one job, and says how it ended', async () => {
    queue().work();
    await queue().add({ user_id: 'alice' });
    const running = await queue().begun('1');
    const terminal = await openTerminal(['jobs', 'watch', '1'], { env: env() });
    await terminal.until((text) => text.includes('⟳ processing 1'), 'the job');
    running.complete();
    const after = await terminal.until((text) => /status \d/.test(text), 'its end');
    expect(after).toMatch(/^before\n✓ completed {2}1\nstatus 0$/);
    await terminal.stop();
  });
});

describe('jobs watch in a pipe', () => {
  it('prints a line for each job at the beginning, and for each change', async () => {
    queue().work();
    await ended('old', 'completed');
    await queue().add({ user_id: 'alice' });
    const running = await queue().begun('1');
    const watch = startProgram(['jobs', 'watch', '--interval', '1s', '--user', 'alice'], env());
    await watch.until((text) => text.includes('"id":"1"'));
    await running.job.updateProgress(45);
    await watch.until((text) => text.includes('"progress":45'));
    await queue().add({ user_id: 'bob' });
    await queue().add({ user_id: 'alice' }, { delay: 60_000 });
    await watch.until((text) => text.includes('"id":"3"'));
    await ended('1', 'completed');
    running.complete();
    await watch.until((text) => /"id":"1".*completed/.test(text));
    const { exitCode, stdout } = await watch.end('SIGTERM');
    expect(exitCode).toBe(143);
    expect(told(stdout)).toEqual([
      'initial 1 processing',
      'initial old completed',
      'changed 1 processing',
      'added 3 pending',
      'changed 1 completed',
    ]);
    expect(eventsOf(stdout).at(-1)?.job).toMatchObject({ progress: 100, cost: 0.361 });
  });

  it('goes on after an outage', async () => {
    const own = await startRedisServer();
    const before = new LiveQueue(own.port);
    await before.add({ user_id: 'alice' });
    const watch = startProgram(['jobs', 'watch', '--interval', '1s'], { REDIS_URL: own.url });
    await watch.until((text) => text.includes('initial'));
    await before.close();
    await own.stop();
    await watch.untilError((text) => text.includes('trying again'));
    const again = await startRedisServer({ port: own.port });
    const back = new LiveQueue(own.port);
    await back.add({ user_id: 'alice' });
    await back.add({ user_id: 'alice' });
    await watch.until((text) => text.includes('added'));
    const { stdout } = await watch.end('SIGTERM');
    expect(told(stdout)).toContain('added 2 pending');
    await back.close();
    await again.stop();
  });

  it('ends quietly when nobody reads any more', async () => {
    await queue().add({ user_id: 'alice' });
    const watch = startProgram(['jobs', 'watch', '--interval', '1s'], env());
    await watch.until((text) => text.includes('initial'));
    watch.stopReading();
    await queue().add({ user_id: 'alice' });
    await queue().add({ user_id: 'alice' });
    expect((await watch.ended()).exitCode).toBe(0);
  });

  it('that cannot be reached at all is status 6', async () => {
    const result = await run(['jobs', 'watch'], { env: { REDIS_URL: 'redis://127.0.0.1:1' } });
    expect(result.exitCode).toBe(6);
  });
});

describe('jobs watch of one job', () => {
  const follow = (id: string) => startProgram(['jobs', 'watch', id, '--interval', '1s'], env());

  it('ends with 0 when it completes, although it leaves the queue and the record comes late', async () => {
    queue().work();
    await queue().add({ user_id: 'alice' });
    const running = await queue().begun('1');
    const watch = follow('1');
    await watch.until((text) => text.includes('processing'));
    running.complete();
    const { exitCode, stdout } = await watch.ended();
    expect(told(stdout)).toEqual(['initial 1 processing', 'changed 1 completed']);
    expect(exitCode).toBe(0);
  });

  it('ends with 5 when it fails, but not while it is tried again', async () => {
    queue().work();
    await queue().add(
      { user_id: 'alice' },
      { attempts: 2, backoff: { type: 'fixed', delay: 1500 } },
    );
    const first = await queue().begun('1');
    const watch = follow('1');
    await watch.until((text) => text.includes('processing'));
    first.fail('no memory');
    await watch.until((text) => text.includes('delayed'));
    let second = await queue().begun('1');
    while (second === first) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      second = await queue().begun('1');
    }
    second.fail('still no memory');
    const { exitCode, stdout } = await watch.ended();
    expect(exitCode).toBe(5);
    expect(eventsOf(stdout).at(-1)?.job).toMatchObject({
      status: 'failed',
      failed_reason: 'still no memory',
    });
  });

  it.each([
    ['completed', 0],
    ['failed', 5],
    ['skipped', 5],
  ])('that has ended before, %s, is status %i', async (status, expected) => {
    await ended('7', status);
    const { exitCode, stdout } = await follow('7').ended();
    expect(told(stdout)).toEqual([`initial 7 ${status}`]);
    expect(exitCode).toBe(expected);
  });

  it('that nobody knows is status 4, and so is one of which nobody knows how it ended', async () => {
    await records().job('8', { user_id: 'alice', bytes_processed: 1 });
    for (const id of ['99', '8']) expect((await follow(id).ended()).exitCode).toBe(4);
  });

  it('that is removed while it waits is status 4', async () => {
    await queue().add({ user_id: 'alice' }, { delay: 60_000 });
    const watch = follow('1');
    await watch.until((text) => text.includes('pending'));
    await (await queue().queue.getJob('1'))?.remove();
    const { exitCode, stderr } = await watch.ended();
    expect(exitCode).toBe(4);
    expect(stderr).toContain('its outcome is not recorded');
  }, 30_000);

  it('takes no filters', async () => {
    const result = await run(['jobs', 'watch', '1', '--user', 'alice'], { env: env() });
    expect(result.exitCode).toBe(2);
  });
});
