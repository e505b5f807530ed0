import { expect, it } from 'vitest';
import { peakOf } from '../bench/processes.js';
import { runProcess } from '../helpers/cli.js';
import { useRedisBackups } from '../helpers/redis-backups.js';

/** Keys of Redis go through a backup and a restore some at a time, however many and however large they are. */

const world = useRedisBackups();
const LIMIT_MB = 270;
const POLL_MS = 20;
const HASHES = 14_000;

/** Some 290 MB: small keys, a list of small members, a set, and a text. */
const FILL = `
  for i = 1, ${HASHES} do
    redis.call('HSET', 'billing:user:' .. i, 'job_count', i, 'note', string.rep('x', 12000) .. i)
  end
  for i = 1, 20000 do redis.call('RPUSH', 'billing:list', string.rep('y', 3000) .. i) end
  for i = 1, 30000 do redis.call('SADD', 'billing:set', 'member ' .. i) end
  redis.call('SET', 'billing:text', string.rep('z', 60000000))
`;

async function peakOfRun(...args: string[]): Promise<number> {
  const program = runProcess(args, { env: { REDIS_URL: world.url } });
  let peakMib = 0;
  const poll = setInterval(() => (peakMib = Math.max(peakMib, peakOf(program.pid))), POLL_MS);
  const { exitCode, stderr } = await program;
  clearInterval(poll);
  expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
  expect(peakMib).toBeGreaterThan(0);
  return peakMib * 1.048576;
}

it('a backup and a restore hold little of it', async () => {
  const { redis, folder, bucket } = world;
  await redis.eval(FILL, 0);
  const keys = await redis.dbsize();
  const backup = ['backup', 'full', folder, '--bucket', bucket, '--redis'];
  expect(await peakOfRun(...backup)).toBeLessThan(LIMIT_MB);
  await redis.flushall();
  expect(await peakOfRun('restore', folder, 'redis', '--latest')).toBeLessThan(LIMIT_MB);
  expect(await redis.dbsize()).toBe(keys);
  expect(await redis.llen('billing:list')).toBe(20_000);
  expect(await redis.scard('billing:set')).toBe(30_000);
  expect(await redis.strlen('billing:text')).toBe(60_000_000);
  expect(await redis.hget(`billing:user:${HASHES}`, 'job_count')).toBe(String(HASHES));
});
