import { describe, expect, it } from 'vitest';
import { run } from '../helpers/cli.js';
import { useLiveQueue } from '../helpers/live-queue.js';
import { startAnsweringProxy } from '../helpers/redis-answers.js';
import { startProgram } from './start.js';

const { queue, records, env } = useLiveQueue();
const NO_STORE = { MINIO_ACCESS_KEY: '', MINIO_SECRET_KEY: '' };

/** Jobs in the queue, and a record. */
async function fill(): Promise<void> {
  await queue().add({ user_id: 'alice' });
  await queue().add({ user_id: 'alice' }, { delay: 3_600_000 });
  const { redis } = records();
  await redis.hset('billing:user:alice', 'job_count', '1');
  const now = new Date().toISOString();
  await records().job('old', { user_id: 'alice', status: 'completed', completed_at: now });
  await redis.call(
    'ACL',
    'SETUSER',
    'reader',
    'reset',
    'on',
    '>pw',
    '~*',
    '+@read',
    '+@connection',
  );
}

const asReader = () => ({
  ...NO_STORE,
  REDIS_URL: env().REDIS_URL.replace('redis://', 'redis://reader:pw@'),
});

describe('as a user who may only read', () => {
  it.each([
    [['jobs', 'list']],
    [['jobs', 'list', '--user', 'alice']],
    [['jobs', 'show', '1']],
    [['jobs', 'show', 'old']],
    [['jobs', 'watch', 'old']],
    [['jobs', 'index', '--remove', '--dry-run']],
  ])('%j answers as for others, and writes nothing', async (args) => {
    await fill();
    const before = await records().changes();
    const expected = await run([...args, '--json'], { env: { ...env(), ...NO_STORE } });
    const { exitCode, stdout, stderr } = await run([...args, '--json'], { env: asReader() });
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    const timeless = (text: string) => text.replace(/"(at|waited_seconds)": ?[^,\n]*/g, '');
    expect(timeless(stdout)).toBe(timeless(expected.stdout));
    if (args.includes('--user')) expect(stdout).toContain('"read":"scan"');
    expect(await records().changes()).toBe(before);
  });

  it('jobs watch is told of changes', async () => {
    await fill();
    const watch = startProgram(['jobs', 'watch', '--interval', '1h'], asReader());
    await watch.until((text) => text.includes('initial'));
    await queue().add({ user_id: 'alice' });
    await watch.until((text) => text.includes('added'));
    expect((await watch.end('SIGINT')).exitCode).toBe(130);
  });

  it('jobs watch looks again and again where the events may not be read', async () => {
    await fill();
    await records().redis.call('ACL', 'SETUSER', 'reader', '-xread');
    const watch = startProgram(['jobs', 'watch', '--interval', '1s'], asReader());
    await watch.until((text) => text.includes('initial'));
    await queue().add({ user_id: 'alice' });
    await watch.until((text) => text.includes('added'));
    const { exitCode, stderr } = await watch.end('SIGINT');
    expect(exitCode).toBe(130);
    expect(
      stderr.match(/events of the queue cannot be read, so it is read every 1.0s/g),
    ).toHaveLength(1);
  });

  it('jobs watch looks again and again where the events are unknown to a proxy', async () => {
    await fill();
    const proxy = await startAnsweringProxy(env().REDIS_URL, ([command = '']) =>
      /^xread$/i.test(command) ? '-ERR unknown command\r\n' : undefined,
    );
    const args = ['jobs', 'watch', '--interval', '1s'];
    const watch = startProgram(args, { ...NO_STORE, REDIS_URL: proxy.url });
    await watch.until((text) => text.includes('initial'));
    await queue().add({ user_id: 'alice' });
    await watch.until((text) => text.includes('added'));
    const { exitCode, stderr } = await watch.end('SIGINT');
    expect(exitCode).toBe(130);
    expect(stderr).toContain('events of the queue cannot be read, so it is read every 1.0s');
    expect(stderr).toContain('ERR unknown command');
    await proxy.close();
  });

  it('a refused database is status 6, and nothing of database 0 is told', async () => {
    await fill();
    const { redis } = records();
    await redis.call('ACL', 'SETUSER', 'reader', '-select');
    const REDIS_URL = `${asReader().REDIS_URL}/1`;
    const { exitCode, stdout } = await run(['jobs', 'list'], { env: { ...NO_STORE, REDIS_URL } });
    expect({ exitCode, stdout }).toEqual({ exitCode: 6, stdout: '' });
  });
});
