import fc from 'fast-check';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { temporaryFolder } from '../../helpers/backups.js';
import { startOddProxy } from '../../helpers/odd-proxy.js';
import { rounds } from '../../helpers/rounds.js';
import { addressOf, freshBucket, removeBucket, testStore } from '../../helpers/test-store.js';
import { type Command, commands } from './commands.js';
import { History, type Servers } from './history.js';

/**
 * The law: whatever the tool says is held is held; and what it called complete before it removed
 * something older holds everything that the older one held and the store still listed.
 *
 * LAW_RUNS sets how many random histories are tried, LAW_SEED the first of them.
 */

const RUNS = Number(process.env.LAW_RUNS ?? rounds({ sample: 4, all: 12 }));
const SEED = Number(process.env.LAW_SEED ?? 20240115);

let servers: Servers;

beforeAll(async () => {
  const proxy = await startOddProxy();
  servers = { right: testStore(), odd: testStore(addressOf(proxy.endpoint)), proxy };
});

afterAll(async () => {
  servers.odd.close();
  servers.right.close();
  await servers.proxy.close();
});

describe('whatever a server does and an operator orders', () => {
  it(`what is said to be held is held, and nothing goes that nothing else holds (LAW_SEED=${SEED})`, async () => {
    await fc.assert(fc.asyncProperty(fc.array(commands, { minLength: 6, maxLength: 14 }), live), {
      numRuns: RUNS,
      seed: SEED,
      endOnFailure: RUNS <= 100,
    });
  }, 600_000);
});

/** A history of a store and its backups, from its first day on. */
async function live(orders: readonly Command[]): Promise<void> {
  const { folder, remove } = temporaryFolder();
  const buckets = [await freshBucket(servers.right), await freshBucket(servers.right)] as const;
  try {
    const history = new History(servers, folder, buckets);
    await history.begin();
    for (const each of orders) await history.go(each);
    await history.end();
  } finally {
    servers.proxy.be();
    for (const bucket of buckets) await removeBucket(servers.right, bucket);
    remove();
  }
}
