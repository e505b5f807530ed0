import { describe, expect, it } from 'vitest';
import { type Check, checkOf } from '../../../src/doctor/check.js';
import { FactBook, type Gatherers } from '../../../src/doctor/facts.js';
import { NotLooked, ok } from '../../../src/doctor/finding.js';
import { runChecks } from '../../../src/doctor/run-checks.js';
import { MangamotionError } from '../../../src/errors.js';

interface Facts {
  one: string;
  other: string;
}

const check = checkOf<Facts>();
const never = new Promise<never>(() => undefined);

async function run(checks: Check<Facts>[], gatherers: Partial<Gatherers<Facts>>) {
  const all: Gatherers<Facts> = { one: () => 'one', other: () => 'other', ...gatherers };
  const facts = new FactBook<Facts>(all, new AbortController().signal);
  return await runChecks({ checks, facts, aborted: never, onResult: () => undefined });
}

describe('runChecks', () => {
  it('a check that throws is a failure with a name', async () => {
    const results = await run(
      [
        check('redis.one', ['one'], () => {
          throw new TypeError('oops');
        }),
        check('redis.two', ['other'], ({ other }) => ok(other)),
      ],
      {},
    );
    expect(results).toMatchObject([
      { name: 'redis.one', status: 'failure', message: 'the check itself failed: oops' },
      { name: 'redis.two', status: 'ok', message: 'other' },
    ]);
    expect(results[0]?.hint).toContain('doctor --bundle');
  });

  it('a fact that never comes is a failure when the time of the check is over', async () => {
    const slow = check('redis.one', ['one'], () => ok('never'), 20);
    const [result] = await run([slow], { one: () => never });
    expect(result).toMatchObject({ status: 'failure', message: 'no answer within 0.02 s' });
    expect(result?.hint).toContain('hangs');
  });

  it('a slow check does not hold up the others', async () => {
    const order: string[] = [];
    const slow = check('redis.slow', ['one'], () => ok('never'), 50);
    const fast = check('redis.fast', ['other'], ({ other }) => ok(other), 50);
    const facts = new FactBook<Facts>(
      { one: () => never, other: () => 'other' },
      new AbortController().signal,
    );
    const onResult = ({ name }: { name: string }) => void order.push(name);
    await runChecks({ checks: [slow, fast], facts, aborted: never, onResult });
    expect(order).toEqual(['redis.fast', 'redis.slow']);
  });

  it('what another check reports is skipped, and an error of ours keeps its hint', async () => {
    const results = await run(
      [check('redis.one', ['one'], () => ok('')), check('redis.two', ['other'], () => ok(''))],
      {
        one: () => Promise.reject(new NotLooked('Redis cannot be used')),
        other: () =>
          Promise.reject(new MangamotionError('unreachable', 'cut', { hint: 'mend it' })),
      },
    );
    expect(results).toMatchObject([
      { status: 'skipped', message: 'Redis cannot be used' },
      { status: 'failure', message: 'cut', hint: 'mend it' },
    ]);
  });

  it('a fact is gathered once, however many checks need it', async () => {
    let count = 0;
    const checks = ['redis.a', 'redis.b', 'redis.c'].map((name) =>
      check(name as 'redis.a', ['one'], ({ one }) => ok(one)),
    );
    await run(checks, { one: () => `gathered ${++count}` });
    expect(count).toBe(1);
  });

  it('rejects with the reason of the user', async () => {
    const facts = new FactBook<Facts>(
      { one: () => never, other: () => '' },
      new AbortController().signal,
    );
    const aborted = Promise.reject(new Error('interrupted'));
    const checks = [check('redis.one', ['one'], () => ok(''))];
    await expect(runChecks({ checks, facts, aborted, onResult: () => undefined })).rejects.toThrow(
      'interrupted',
    );
  });
});
