import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../helpers/child-processes.js';
import { run } from '../helpers/cli.js';
import { PASSWORD, REPORTS, WRITES, expectRefusal } from '../helpers/redis-refusals.js';
import { startRedisServer, type RedisServer } from '../helpers/redis-server.js';

let server: RedisServer;
let redis: Redis;

beforeAll(async () => {
  server = await startRedisServer({ args: ['--requirepass', PASSWORD] });
  redis = new Redis(server.url, { password: PASSWORD });
  await redis.hset('billing:user:alice', 'bytes_processed', 1);
});
afterAll(async () => {
  redis.disconnect();
  await server.stop();
});

const address = (login: string) => ({ REDIS_URL: server.url.replace('//', `//${login}@`) });

describe.each([...REPORTS, ...WRITES].map((args) => ({ args, name: args.join(' ') })))(
  '$name',
  ({ args }) => {
    it('is refused with a wrong password', async () => {
      await expectRefusal(args, address(`:${PASSWORD}x`), {
        ...{ code: 'access_denied', says: 'refuses the user or the password' },
      });
    });

    it('is refused without a password', async () => {
      await expectRefusal(
        args,
        { REDIS_URL: server.url },
        {
          ...{ code: 'access_denied', says: 'wants a password' },
        },
      );
    });

    it('is refused where nobody listens', async () => {
      const REDIS_URL = `redis://:${PASSWORD}@127.0.0.1:${await freePort()}`;
      await expectRefusal(args, { REDIS_URL }, { code: 'unreachable', says: 'ECONNREFUSED' });
    });

    it('is refused to a user without rights', async () => {
      await redis.call('ACL', 'SETUSER', 'nobody', 'reset', 'on', `>${PASSWORD}`, '+@connection');
      await expectRefusal(args, address(`nobody:${PASSWORD}`), {
        ...{ code: 'access_denied', says: 'does not permit it' },
      });
    });
  },
);

describe('a user who may not read the keys of billing', () => {
  it('gets no list that looks empty', async () => {
    const rights = ['+@read', '+@connection', '~bull:*'];
    await redis.call('ACL', 'SETUSER', 'other', 'reset', 'on', `>${PASSWORD}`, ...rights);
    for (const args of REPORTS) {
      await expectRefusal(args, address(`other:${PASSWORD}`), {
        ...{ code: 'access_denied', says: 'does not permit it' },
      });
    }
  });
});

describe('a password that is not needed', () => {
  it('does no harm and is not shown', async () => {
    const open = await startRedisServer();
    const REDIS_URL = open.url.replace('//', `//:${PASSWORD}@`);
    const { exitCode, stdout, stderr } = await run(['billing', 'summary', 'alice'], {
      env: { REDIS_URL },
    });
    await open.stop();
    expect(exitCode).toBe(0);
    expect(stdout + stderr).not.toContain(PASSWORD);
  });
});
