import { mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../helpers/backups.js';
import { dayFromToday, useBillingRedis } from '../helpers/billing-records.js';
import { run } from '../helpers/cli.js';

interface Stored {
  key: string;
  fields: Record<string, string>;
  expires_in: number | null;
}

const { records, env } = useBillingRedis();
const { folder, remove } = temporaryFolder();
afterAll(remove);

let cwd: string;
let tests = 0;
const today = dayFromToday(0);
const usage = { bytes_processed: '9007199254740993', compute_seconds: '0.30000000000000004' };
const keys = {
  user: 'billing:user:alice',
  day: `billing:daily:alice:${today}`,
  job: 'billing:job:1',
};

beforeEach(async () => {
  cwd = join(folder, String(++tests));
  mkdirSync(cwd);
  await records().tracked('alice', { day: today, job: '1', usage });
  await records().tracked('alice:b', { day: today, job: '2', usage });
});

async function reset(args: readonly string[], more: Record<string, string> = {}) {
  const { exitCode, stdout, stderr } = await run(['billing', 'reset', ...args], {
    cwd,
    env: { ...env(), ...more },
  });
  return { exitCode, stdout, stderr };
}

const left = async () => (await records().redis.keys('*')).sort();
const exported = (file: string) =>
  JSON.parse(readFileSync(join(cwd, file), 'utf8')) as { user_id: string; records: Stored[] };

const ALL_KEYS = [...Object.values(keys), 'billing:user:alice:b', 'billing:job:2'].concat(
  `billing:daily:alice:b:${today}`,
);

describe('billing reset', () => {
  it('removes the lifetime total alone, and keeps it in a file of its owner', async () => {
    const { exitCode, stdout } = await reset(['alice', '--yes', '--json']);
    expect(exitCode).toBe(0);
    expect(await left()).toEqual(ALL_KEYS.filter((key) => key !== keys.user).sort());
    const [file = '', ...others] = readdirSync(cwd);
    expect(others).toEqual([]);
    expect(file).toMatch(/^billing-reset-alice-\d{4}-.*Z\.json$/);
    expect(statSync(join(cwd, file)).mode & 0o777).toBe(0o600);
    const kept = [{ key: keys.user, fields: usage, expires_in: null }];
    expect(exported(file)).toMatchObject({ user_id: 'alice', records: kept });
    expect(JSON.parse(stdout)).toEqual({
      ...{ user_id: 'alice', dry_run: false, export: join(cwd, file), records: kept },
    });
  });

  it('removes days and jobs too with --all, those of nobody else', async () => {
    expect((await reset(['alice', '--all', '--yes', '--export', 'kept.json'])).exitCode).toBe(0);
    const others = ['billing:job:2', 'billing:user:alice:b', `billing:daily:alice:b:${today}`];
    expect(await left()).toEqual(others.sort());
    const { records: kept } = exported('kept.json');
    expect(kept.map(({ key }) => key).sort()).toEqual(Object.values(keys).sort());
    const day = kept.find(({ key }) => key === keys.day);
    expect(day).toMatchObject({ fields: usage });
    expect(day?.expires_in).toBeGreaterThan(89 * 86_400);
  });

  it.each([
    ['--dry-run', ['--dry-run'], {}],
    ['DRY_RUN=true', [], { DRY_RUN: 'true' }],
    ['DRY_RUN=true and --yes', ['--yes'], { DRY_RUN: 'true' }],
  ])('with %s shows what it would remove, and changes nothing', async (_name, args, more) => {
    const before = await records().changes();
    const { exitCode, stdout } = await reset(['alice', '--all', ...args], more);
    expect(exitCode).toBe(0);
    expect(stdout).toContain('would remove 3 records of user alice (dry run)');
    for (const key of Object.values(keys)) expect(stdout).toContain(key);
    expect(stdout).not.toContain('alice:b');
    const { stdout: json } = await reset(['alice', '--json', ...args], more);
    expect(JSON.parse(json)).toMatchObject({ dry_run: true, export: null });
    expect(await records().changes()).toBe(before);
    expect(readdirSync(cwd)).toEqual([]);
  });

  it('without a terminal needs --yes', async () => {
    const { exitCode, stderr } = await reset(['alice']);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('--yes');
    expect(await left()).toEqual(ALL_KEYS.sort());
    expect(readdirSync(cwd)).toEqual([]);
  });

  it('never overwrites a file: status 8', async () => {
    writeFileSync(join(cwd, 'kept.json'), 'mine');
    const { exitCode, stderr } = await reset(['alice', '--yes', '--export', 'kept.json']);
    expect(exitCode).toBe(8);
    expect(stderr).toContain('kept.json already exists');
    expect(readFileSync(join(cwd, 'kept.json'), 'utf8')).toBe('mine');
    expect(await left()).toEqual(ALL_KEYS.sort());
  });

  it('removes nothing where the file cannot be written', async () => {
    for (const file of ['no/such/folder.json', '.']) {
      const { exitCode } = await reset(['alice', '--yes', '--export', file]);
      expect({ file, exitCode }).toEqual({ file, exitCode: file === '.' ? 8 : 2 });
    }
    expect(await left()).toEqual(ALL_KEYS.sort());
  });

  it('of an unknown user is status 4, and without a total but with days too', async () => {
    expect((await reset(['nobody', '--all', '--yes'])).exitCode).toBe(4);
    await records().redis.del(keys.user);
    const { exitCode, stderr } = await reset(['alice', '--yes']);
    expect(exitCode).toBe(4);
    expect(stderr).toContain('no lifetime record of user alice');
    expect((await reset(['alice', '--all', '--yes'])).exitCode).toBe(0);
  });

  it('takes nothing where a key holds something else: status 5', async () => {
    await records().redis.del(keys.user);
    await records().redis.set(keys.user, 'text');
    const { exitCode, stderr } = await reset(['alice', '--all', '--yes']);
    expect(exitCode).toBe(5);
    expect(stderr).toContain(`${keys.user} is not a hash: nothing was removed`);
    expect(await left()).toEqual(ALL_KEYS.sort());
  });

  it('takes nothing where a value could not be kept in JSON: status 5', async () => {
    await records().redis.hset(keys.user, 'name', Buffer.from([0xff, 0xfe]));
    const { exitCode, stderr } = await reset(['alice', '--all', '--yes']);
    expect(exitCode).toBe(5);
    expect(stderr).toContain(`${keys.user} holds bytes that are not UTF-8 text`);
    expect(await left()).toEqual(ALL_KEYS.sort());
    expect(readdirSync(cwd)).toEqual([]);
  });

  it('removes a job whose id is not UTF-8 as well', async () => {
    const odd = Buffer.from('billing:job:\xff\x80', 'latin1');
    await records().redis.hset(odd, 'user_id', 'alice', 'bytes_processed', '5');
    expect((await reset(['alice', '--all', '--yes', '--export', 'kept.json'])).exitCode).toBe(0);
    expect(await records().redis.exists(odd)).toBe(0);
    expect(exported('kept.json').records).toContainEqual({
      key: String.raw`billing:job:\xff\x80`,
      key_base64: odd.toString('base64'),
      ...{ fields: { user_id: 'alice', bytes_processed: '5' }, expires_in: null },
    });
  });

  it('makes a name for its file of any user id', async () => {
    const user = `../${'x'.repeat(300)}/*😀`;
    await records().user(user, usage);
    expect((await reset([user, '--yes'])).exitCode).toBe(0);
    expect(readdirSync(cwd)[0]).toMatch(/^billing-reset-\.\._x{77}-\d{4}-.*\.json$/);
  });
});
