import { join } from 'node:path';
import process from 'node:process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../../helpers/backups.js';
import { makeProcessesMortal } from '../../../helpers/mortal-processes.js';
import { rounds } from '../../../helpers/rounds.js';
import { RunWorld } from '../../../helpers/run-world.js';

const ROUNDS_OF_A_WORLD = 8;
const WORLDS = rounds({ sample: 25, all: 250 });
const SEED = Number(process.env.TEST_SEED ?? '1');

const { folder, remove } = temporaryFolder();
let makeImmortal: () => void;

beforeAll(async () => {
  makeImmortal = await makeProcessesMortal(join(folder, 'handle'));
});
afterAll(() => {
  makeImmortal();
  remove();
});

const all: Record<string, number> = {};
afterAll(() => {
  if (process.env.TEST_COUNTS === '1') console.log(all);
});

describe('runs of shards, whatever happens to their heads and workers', () => {
  // Each world is a test: all of them take longer than one may, and one that hangs is named.
  it.each(Array.from({ length: WORLDS }, (_, at) => SEED + at))(
    `${ROUNDS_OF_A_WORLD} rounds of seed %i`,
    async (seed) => {
      const world = new RunWorld(seed);
      await world.open();
      try {
        for (let round = 0; round < ROUNDS_OF_A_WORLD; round++) {
          expect(await world.round(), `round ${round}`).toEqual([]);
        }
        expect(await world.end(), 'the end').toEqual([]);
        for (const [what, count] of Object.entries(world.counts))
          all[what] = (all[what] ?? 0) + count;
      } catch (error) {
        // Not by a hook of the test: it would keep each world, and all that its store holds, until the end.
        console.log(`seed ${seed} (${world.protection})\n${world.story}`);
        throw error;
      } finally {
        await world.close();
      }
    },
  );

  // While a plain run plans and begins, and all along a sharded one.
  it.each([
    { isSharded: false, from: 30, to: 50, step: 1 },
    { isSharded: true, from: 25, to: 95, step: 10 },
  ])('one that slept past its lease commits nothing: %o', async ({ isSharded, from, to, step }) => {
    for (let at = from; at < to; at += step) {
      const world = new RunWorld(SEED + at);
      await world.open();
      try {
        const wrong = await world.oversleep('incremental', isSharded, at);
        expect(wrong, `asleep at ${at} (${world.protection})\n${world.story}`).toEqual([]);
      } finally {
        await world.close();
      }
    }
  });
});
