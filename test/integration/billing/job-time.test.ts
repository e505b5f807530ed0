import fc from 'fast-check';
import { expect, it } from 'vitest';
import { JOB_TIME_LUA } from '../../../src/billing/job-time.js';
import { instantOf } from '../../../src/instant.js';
import { useRedis } from '../../helpers/use-redis.js';

const used = useRedis();
const inLua = async (completedAt: string, timestamp: string) =>
  await used.redis.eval(
    `${JOB_TIME_LUA} return sortTime(ARGV[1], ARGV[2])`,
    ...([0, completedAt, timestamp] as const),
  );

const digits = (least: number, most: number, length: number) =>
  fc.integer({ min: least, max: most }).map((number) => String(number).padStart(length, '0'));
const fraction = fc.oneof(
  fc.constant(''),
  fc.stringMatching(/^\.\d{1,9}$/),
  fc.constantFrom('.', '.x'),
);
const zone = fc.oneof(
  fc.constantFrom('Z', 'z', '', '+00', ' Z', 'Z\n'),
  fc.stringMatching(/^[+-]\d\d:\d\d$/),
);
const instant = fc
  .tuple(
    ...[digits(990, 9999, 4), digits(0, 13, 2), digits(0, 32, 2), fc.constantFrom('T', 't', ' ')],
    ...[digits(0, 24, 2), digits(0, 60, 2), digits(0, 61, 2), fraction, zone],
  )
  .map(([year, month, day, t, hour, minute, second, part, offset]) => {
    return `${year}-${month}-${day}${t}${hour}:${minute}:${second}${part}${offset}`;
  });

it('is the same in Lua and in TypeScript', async () => {
  const text = fc.oneof(
    { weight: 8, arbitrary: instant },
    { weight: 2, arbitrary: fc.date({ noInvalidDate: true }).map((date) => date.toISOString()) },
    { weight: 1, arbitrary: fc.string() },
  );
  const holds = fc.asyncProperty(text, text, async (completedAt, timestamp) => {
    const expected = instantOf(completedAt) ?? instantOf(timestamp) ?? 0;
    expect(await inLua(completedAt, timestamp)).toBe(String(expected));
  });
  await fc.assert(holds, { numRuns: 3000 });
});
