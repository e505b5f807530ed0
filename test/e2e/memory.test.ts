import { execa } from 'execa';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { fillLarge } from '../bench/content.js';
import { peakOf } from '../bench/processes.js';
import { backupStoreSettings } from '../helpers/backup-store.js';
import { runProcess } from '../helpers/cli.js';
import { NODES } from '../helpers/nodes.js';
import { rounds } from '../helpers/rounds.js';
import { freshBucket, freshBucketName, removeBucket, testStore } from '../helpers/test-store.js';

const churn = fileURLToPath(new URL('../helpers/churn.js', import.meta.url));
const memory = fileURLToPath(new URL('../../dist/cli/run/memory.js', import.meta.url));

interface Churned {
  collections: number;
  newSpaceBytes: number;
}

async function measure(node: string, ...args: string[]): Promise<Churned> {
  const { stdout, stderr } = await execa(node, [churn, ...args]);
  // A flag that this V8 does not know would be named here.
  expect(stderr).toBe('');
  return JSON.parse(stdout) as Churned;
}

it.each(NODES)('V8 looks for garbage sooner than by default, on %s', async (node) => {
  const byDefault = await measure(node);
  const small = await measure(node, memory);
  expect(small.collections).toBeGreaterThan(byDefault.collections);
  expect(small.newSpaceBytes).toBeLessThan(byDefault.newSpaceBytes);
});

/** The oldest and the newest, unless all are asked for. */
const SOME_NODES = NODES.filter(
  (_node, at) => at === 0 || at === NODES.length - 1 || rounds({ sample: 0, all: 1 }) > 0,
);

it.each(SOME_NODES)(
  'a backup into a bucket holds a few parts of the archive, on %s',
  async (node) => {
    const store = testStore();
    const [source, bucket] = [freshBucketName(), await freshBucket(store)];
    await fillLarge(store, source, 300_000_000);
    const args = ['backup', 'full', `s3://${bucket}`, '--bucket', source];
    const program = runProcess(args, { env: backupStoreSettings(), node });
    let peakMib = 0;
    const poll = setInterval(() => (peakMib = Math.max(peakMib, peakOf(program.pid))), 20);
    const { exitCode, stderr } = await program;
    clearInterval(poll);
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
    expect(peakMib).toBeGreaterThan(0);
    expect(peakMib * 1.048576).toBeLessThan(250);
    for (const one of [source, bucket]) await removeBucket(store, one);
    store.close();
  },
);
