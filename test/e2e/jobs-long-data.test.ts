import { describe, expect, it } from 'vitest';
import { run, runJson } from '../helpers/cli.js';
import { openTerminal } from '../helpers/tmux-terminal.js';
import { useRedis } from '../helpers/use-redis.js';
import { startProgram } from './start.js';

const MiB = 1024 * 1024;
const used = useRedis();
const env = () => ({ REDIS_URL: used.server.url });

async function add(id: string, filler: number): Promise<void> {
  const data = `{"page":"${'x'.repeat(filler)}","user_id":"alice"}`;
  await used.redis.hset(`bull:ai-job:${id}`, {
    name: 'video',
    timestamp: `179500000000${id}`,
    data,
  });
  await used.redis.lpush('bull:ai-job:wait', id);
}

const PROBLEM = 'its data is too long to be read, so its user is not known';

describe('a job whose data is too long to be read', () => {
  it('is named by jobs list --user, which is then partial', async () => {
    await add('1', 10);
    await add('2', 17 * MiB);
    const { exitCode, answer, stderr } = await runJson<{
      jobs: { id: string }[];
      problems: string[];
    }>(['jobs', 'list', '--user', 'alice'], { env: env() });
    expect(exitCode).toBe(3);
    expect(answer.jobs.map(({ id }) => id)).toEqual(['1']);
    expect(answer.problems).toEqual([`job 2: ${PROBLEM}`]);
    expect(stderr).toContain(`job 2: ${PROBLEM}`);
    const all = await run(['jobs', 'list'], { env: env() });
    expect(all.stderr).not.toContain('its user is not known');
  });

  it('is told by jobs watch --user in a pipe, once, also of one that comes later', async () => {
    await add('1', 10);
    await add('2', 17 * MiB);
    const args = ['jobs', 'watch', '--user', 'alice', '--interval', '1s'];
    const watch = startProgram(args, env());
    await watch.until((text) => text.includes('"unread"'));
    await add('3', 17 * MiB);
    await watch.until((text) => /"unread".*"id":"3"/.test(text));
    await add('4', 10);
    await watch.until((text) => /"added".*"id":"4"/.test(text));
    const { stdout } = await watch.end('SIGTERM');
    const events = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { event: string; job: { id: string }; problem?: string });
    expect(events.map(({ event, job }) => `${event} ${job.id}`)).toEqual([
      ...['initial 1', 'unread 2', 'unread 3', 'added 4'],
    ]);
    expect(events[1]?.problem).toBe(PROBLEM);
  });

  it('is told on the screen', async () => {
    await add('1', 10);
    await add('2', 17 * MiB);
    const size = { columns: 160, rows: 12 };
    const terminal = await openTerminal(['jobs', 'watch', '--user', 'alice'], {
      env: env(),
      ...size,
    });
    const text = await terminal.until((screen) => screen.includes('not known'), 'the notice');
    expect(text).toContain('1 job has data too long to be read, so its user is not known');
    await terminal.stop();
  });
});
