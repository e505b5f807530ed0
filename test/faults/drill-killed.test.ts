import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { JOURNAL_FOLDER } from '../../src/drill/journal-entry.js';
import { run, runProcess } from '../helpers/cli.js';
import { temporaryFolder } from '../helpers/backups.js';
import { type OddProxy, startOddProxy } from '../helpers/odd-proxy.js';
import { rounds } from '../helpers/rounds.js';
import { noise, seed } from '../helpers/seed.js';
import { freshBucket, removeBucket, testStore, testStoreOptions } from '../helpers/test-store.js';

/** Ends a drill at each request that it sends to the server that it restores into. */

const PREFIX = 'killed-';
const store = testStore();
const { folder, remove } = temporaryFolder();
const backups = join(folder, 'backups');
let bucket: string;
let proxy: OddProxy;

beforeAll(async () => {
  proxy = await startOddProxy();
  bucket = await freshBucket(store);
  // A key that is probed first.
  await seed(store, bucket, [
    { key: '/odd', content: noise(100, 'odd') },
    ...Array.from({ length: 6 }, (_, i) => ({ key: `k${i}`, content: noise(3000, `${i}`) })),
  ]);
  mkdirSync(backups);
  const made = await run(['backup', 'full', backups, '--bucket', bucket]);
  expect(made.exitCode, made.stderr).toBe(0);
}, 60_000);
afterAll(async () => {
  await proxy.close();
  await removeBucket(store, bucket);
  store.close();
  remove();
});

const settings = () => {
  const { accessKey, secretKey } = testStoreOptions();
  return {
    DRILL_S3_ENDPOINT: proxy.endpoint,
    DRILL_S3_ACCESS_KEY: accessKey,
    DRILL_S3_SECRET_KEY: secretKey,
  };
};
const args = ['drill', 'bucket', backups, '--into', PREFIX, '--state-dir', join(folder, 'state')];

/** Runs a drill, and sends it a signal at its request of this number. Resolves to how it ended. */
async function drillUntil(request: number, signal: NodeJS.Signals) {
  let seen = 0;
  const child = runProcess(args, { env: settings() });
  proxy.be({
    handle: async (asked, next) => {
      seen += 1;
      if (seen !== request) return await next(asked);
      // Half of the moments lie before the server has done it, and half after.
      if (request % 2 === 0) {
        const answer = await next(asked);
        child.kill(signal);
        return answer;
      }
      child.kill(signal);
      return await next(asked);
    },
  });
  const { exitCode, stderr } = await child;
  proxy.be();
  return { exitCode, stderr, wasReached: seen >= request };
}

async function left(): Promise<string[]> {
  const listed = await store.listBuckets();
  return listed.map(({ name }) => name).filter((name) => name.startsWith(PREFIX));
}

const EVERY = rounds({ sample: 7, all: 1 });

describe('a drill that is ended in the middle', { timeout: 300_000 }, () => {
  it('by kill -9 leaves only what the next one removes', async () => {
    let killed = 0;
    for (let request = 1; ; request += EVERY) {
      const { wasReached } = await drillUntil(request, 'SIGKILL');
      if (!wasReached) break;
      killed += 1;
      const next = await run([...args, '--json'], { env: settings() });
      expect(await left(), `killed at request ${request}: ${next.stderr}`).toEqual([]);
      expect(existsSync(join(backups, JOURNAL_FOLDER)), `request ${request}`).toBe(false);
      expect(next.exitCode, next.stderr + next.stdout).toBe(0);
    }
    expect(killed).toBeGreaterThan(3);
  });

  it('by SIGTERM removes everything before it ends', async () => {
    let ended = 0;
    for (let request = 4; ; request += 2 * EVERY) {
      const { wasReached, exitCode, stderr } = await drillUntil(request, 'SIGTERM');
      if (!wasReached) break;
      ended += exitCode === 143 ? 1 : 0;
      expect(await left(), `ended at request ${request}: ${stderr}`).toEqual([]);
      expect(existsSync(join(backups, JOURNAL_FOLDER)), `request ${request}`).toBe(false);
    }
    expect(ended).toBeGreaterThan(1);
  });
});
