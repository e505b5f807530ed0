import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { verifyBackup } from '../../src/backup/verify/verify.js';
import { chainProblems } from '../../src/repository/chain.js';
import type { BackupEntry } from '../../src/repository/destination.js';
import { locateBackup, openDestination } from '../../src/repository/locate.js';
import { CLAIMS_FOLDER } from '../../src/lock/claim.js';
import type { Summary } from '../../src/repository/summary.js';
import {
  NO_PROGRESS,
  backUp,
  filesIn,
  restoreInto,
  temporaryFolder,
  verify,
} from '../helpers/backups.js';
import { run, runJson, runProcess } from '../helpers/cli.js';
import { rounds } from '../helpers/rounds.js';
import { noise, randomFrom, seed, snapshot } from '../helpers/seed.js';
import {
  contentOf,
  freshBucket,
  freshBucketName,
  removeBucket,
  testStore,
} from '../helpers/test-store.js';

/**
 * kill -9, again and again, of whatever writes to a destination. TEST_KILL_ROUNDS says how often,
 * TEST_SEED repeats a run.
 */

const SEED = process.env.TEST_SEED ?? new Date().toISOString();
const ROUNDS = Number(process.env.TEST_KILL_ROUNDS ?? rounds({ sample: 3, all: 20 }));
/** What a run does after it has the lock takes about as long, on a machine that does other things too. */
const SPREAD_MS = 700;
const PRUNE_SPREAD_MS = 60;

const store = testStore();
const { folder, remove } = temporaryFolder();
const random = randomFrom(SEED);
let bucket: string;

beforeAll(async () => {
  bucket = await freshBucket(store);
  const pages = Array.from({ length: 60 }, (_, i) => `page-${i}`);
  await seed(store, bucket, [
    ...pages.map((key) => ({ key, content: noise(30_000, key) })),
    { key: 'video', content: noise(9 * 1024 * 1024, 'video') },
  ]);
});
afterAll(async () => {
  await removeBucket(store, bucket);
  store.close();
  remove();
});

const selected = () => ['--bucket', bucket];
const plain = { env: { BACKUP_COMPRESSION: 'false' } };
const WRITERS = [
  ['full', () => runProcess(['backup', 'full', folder, ...selected()])],
  ['incremental', () => runProcess(['backup', 'incremental', folder, ...selected()])],
  ['plain full', () => runProcess(['backup', 'full', folder, ...selected()], plain)],
  ['plain incremental', () => runProcess(['backup', 'incremental', folder, ...selected()], plain)],
  ['prune', () => runProcess(['backup', 'prune', folder, '--keep-last', '2'])],
] as const;

/** Most moments of a run lie before it has the lock: half of the rounds wait until it is about to. */
async function someMoment(spreadMs: number, ended: () => boolean): Promise<void> {
  if (random() < 0.5) {
    await sleep(random() * 2 * SPREAD_MS);
    return;
  }
  const claimed = join(folder, CLAIMS_FOLDER);
  while (!ended() && !existsSync(claimed)) await sleep(2);
  await sleep(random() * spreadMs);
}

async function visible(): Promise<BackupEntry[]> {
  return await (await openDestination(folder)).list();
}

/** Nothing is damaged, cut off or missing, as far as a quick look tells. */
async function expectVisibleToBeWhole(round: string): Promise<string[]> {
  const backups = await visible();
  expect({ round, problems: chainProblems(backups) }).toEqual({ round, problems: [] });
  const context = { signal: new AbortController().signal, progress: NO_PROGRESS };
  for (const { id } of backups) {
    const looked = await verifyBackup(context, await locateBackup(join(folder, id)), {
      quick: true,
    });
    expect({ round, ...looked }).toMatchObject({ round, id, status: 'ok', problems: [] });
  }
  return backups.map(({ id }) => id);
}

it(
  `${ROUNDS} kills at any moment break nothing that is visible (TEST_SEED=${SEED})`,
  { timeout: 60_000 + ROUNDS * 20_000 },
  async () => {
    await backUp(store, folder, [bucket]);
    let before = await expectVisibleToBeWhole('before all');
    const killed = new Map<string, number>();
    let atWork = 0;
    for (let round = 1; round <= ROUNDS; round++) {
      const changed = `page-${Math.floor(random() * 60)}`;
      await store.putObject(bucket, changed, contentOf(noise(30_000, `${SEED} ${round}`)));
      const [name, start] = WRITERS[Math.floor(random() * WRITERS.length)]!;
      const program = start();
      let ended = false;
      program.then(() => (ended = true)).catch(() => (ended = true));
      await Promise.race([
        program,
        someMoment(name === 'prune' ? PRUNE_SPREAD_MS : SPREAD_MS, () => ended),
      ]);
      program.kill('SIGKILL');
      const { exitCode, stderr } = await program;
      if (exitCode === undefined) {
        killed.set(name, (killed.get(name) ?? 0) + 1);
        if ((await filesIn(folder)).some((file) => file.endsWith('.partial'))) atWork++;
      } else expect({ round, name, exitCode, stderr }).toMatchObject({ round, name, exitCode: 0 });
      const after = await expectVisibleToBeWhole(`round ${round}: ${name}`);
      expect(after.length).toBeGreaterThan(0);
      if (name !== 'prune') expect(after).toEqual(expect.arrayContaining(before));
      before = after;
    }
    const figures = JSON.stringify(Object.fromEntries(killed));
    console.log(
      `TEST_SEED=${SEED}: killed of ${ROUNDS} ${figures}; leaving a torn archive ${atWork}`,
    );

    const last = await runJson<Summary>(['backup', 'incremental', folder, ...selected()]);
    expect(last).toMatchObject({ exitCode: 0, answer: { status: 'complete' } });
    // A pruning that was cut short is completed by the next; marks are put right.
    expect((await run(['backup', 'prune', folder, '--keep-last', '2'])).exitCode).toBe(0);
    const backups = await visible();
    const committed = backups.flatMap(({ id, summary, expired }) => [
      ...(summary.kind === 'valid' ? [summary.summary.archive.file] : []),
      ...(expired ? [`${id}.expired`] : []),
      `${id}.json`,
    ]);
    expect(await filesIn(folder)).toEqual(committed.sort());
    for (const { id } of backups) {
      expect(await verify(folder, id)).toMatchObject({ id, status: 'ok', problems: [] });
    }
    const target = freshBucketName();
    await restoreInto(store, folder, last.answer.id, { from: bucket, to: target });
    expect(await snapshot(store, target)).toEqual(await snapshot(store, bucket));
    await removeBucket(store, target);
  },
);
