import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { dayFromToday, monthFromThis, useBillingRedis } from '../helpers/billing-records.js';
import { run, runJson } from '../helpers/cli.js';

const { records, env } = useBillingRedis();
const lastMonth = monthFromThis(-1);

const REPORTS: Readonly<Record<string, string[]>> = {
  summary: ['summary', 'alice', '--month', lastMonth],
  daily: ['daily', 'alice', '--last', '7d'],
  job: ['job', '4711'],
  'all-users': ['all-users'],
  'all-users of a month': ['all-users', '--month', lastMonth],
  audit: ['audit'],
  'audit of one user': ['audit', 'alice'],
};

const usage = { bytes_processed: 1000, compute_seconds: 3600 };

beforeEach(async () => {
  await records().tracked('alice', { day: dayFromToday(0), job: '4711', usage });
  await records().tracked('bob', { day: `${lastMonth}-15`, job: '4712', usage });
});

/** The address of a user of Redis with these rights. */
async function userWith(rights: string, db = ''): Promise<{ REDIS_URL: string }> {
  await records().redis.call(
    'ACL',
    'SETUSER',
    'reader',
    'reset',
    'on',
    '>pw',
    ...rights.split(' '),
  );
  return { REDIS_URL: env().REDIS_URL.replace('redis://', 'redis://reader:pw@') + db };
}

describe.each(Object.entries(REPORTS))('the report %s', (_name, args) => {
  it('is the same for a user who may only read', async () => {
    const [full, reader] = [env(), await userWith('+@read +@connection ~*')];
    const expected = await run(['billing', ...args, '--json'], { env: full });
    expect(expected.exitCode).toBe(0);
    const { exitCode, stdout, stderr } = await run(['billing', ...args, '--json'], { env: reader });
    expect({ exitCode, stderr, stdout }).toEqual({
      ...{ exitCode: 0, stderr: '', stdout: expected.stdout },
    });
    const people = await run(['billing', ...args], { env: reader });
    expect({ exitCode: people.exitCode, stderr: people.stderr }).toEqual({
      ...{ exitCode: 0, stderr: '' },
    });
  });

  it('sends commands that read and none besides, and never KEYS', async () => {
    const before = await records().changes();
    const sent = await commandsOf(args);
    expect(sent.size).toBeGreaterThan(0);
    // KEYS reads too, but holds up everybody.
    expect(sent).not.toContain('keys');
    for (const name of sent) {
      const categories = await categoriesOf(name);
      // INFO is in no category for readers, and the report does without it.
      const isRead =
        categories.includes('@read') || categories.includes('@connection') || name === 'info';
      expect({ name, isRead }).toEqual({ name, isRead: true });
    }
    expect(await records().changes()).toBe(before);
  });

  it('ends in status 6 where the database is refused, and reads nothing of database 0', async () => {
    const none = await run(['billing', ...args, '--json'], {
      env: { REDIS_URL: `${env().REDIS_URL}/99` },
    });
    expect(none.exitCode).toBe(6);
    expect(JSON.parse(none.stdout)).toMatchObject({ error: { code: 'access_denied' } });
    expect(none.stderr).toContain('refuses database 99');
    const reader = await userWith('+@read +@connection -select ~*', '/1');
    const { exitCode, stdout, stderr } = await run(['billing', ...args], { env: reader });
    expect({ exitCode, stdout }).toEqual({ exitCode: 6, stdout: '' });
    expect(stderr).toContain('refuses database 1');
    expect(stderr).not.toContain('pw');
  });
});

let monitor: Redis;
let seen: { source: string; command: string[] }[] = [];

beforeAll(async () => {
  monitor = await new Redis(env().REDIS_URL).monitor();
  monitor.on('monitor', (_time: string, command: string[], source: string) => {
    seen.push({ source, command });
  });
});
afterAll(() => monitor.disconnect());

/** The names of the commands that Redis got from the program, in lower case. */
async function commandsOf(args: readonly string[]): Promise<Set<string>> {
  const { redis } = records();
  const own = /addr=(\S+)/.exec((await redis.call('CLIENT', 'INFO')) as string)?.[1];
  seen = [];
  expect((await run(['billing', ...args], { env: env() })).exitCode).toBe(0);
  await redis.echo('the end');
  const isEnd = ({ command }: { command: string[] }) => command[1] === 'the end';
  while (!seen.some(isEnd)) await new Promise((resolve) => setTimeout(resolve, 10));
  const others = seen.filter(({ source }) => source !== own);
  return new Set(others.map(({ command }) => command[0]?.toLowerCase() ?? ''));
}

/** The categories of ACL that Redis puts a command into. */
async function categoriesOf(name: string): Promise<string[]> {
  const [about] = (await records().redis.call('COMMAND', 'INFO', name)) as [unknown[]];
  return about[6] as string[];
}

describe('a Redis with 200,000 keys of others', () => {
  it('answers the same', async () => {
    await records().foreign(200_000);
    const users = await runJson<{ users: { user_id: string }[] }>(['billing', 'all-users'], {
      env: env(),
    });
    expect(users.exitCode).toBe(0);
    expect(users.answer.users.map(({ user_id }) => user_id)).toEqual(['alice', 'bob']);
    const audit = await runJson(['billing', 'audit'], { env: env() });
    expect(audit).toMatchObject({
      ...{ exitCode: 0, answer: { checked: { users: 2, days: 2, jobs: 2 }, findings: [] } },
    });
  });
});
