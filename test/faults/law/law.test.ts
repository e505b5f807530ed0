import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { backUpFull } from '../../../src/backup/full.js';
import { backUpIncremental } from '../../../src/backup/incremental.js';
import { listContents } from '../../../src/backup/contents.js';
import type { BackupOptions } from '../../../src/backup/plan.js';
import { isMangamotionError } from '../../../src/errors.js';
import type { ObjectStore } from '../../../src/object-store/port.js';
import { linesOf } from '../../../src/repository/lines.js';
import { locateBackup, openDestination } from '../../../src/repository/locate.js';
import { prune } from '../../../src/repository/prune.js';
import type { Summary } from '../../../src/repository/summary.js';
import { isPartial } from '../../../src/restore/report.js';
import {
  NO_PROGRESS,
  restoreInto,
  temporaryFolder,
  verify,
  withQuickRetries,
} from '../../helpers/backups.js';
import { type OddProxy, startOddProxy } from '../../helpers/odd-proxy.js';
import { snapshot } from '../../helpers/seed.js';
import {
  addressOf,
  freshBucket,
  freshBucketName,
  removeBucket,
  testStore,
} from '../../helpers/test-store.js';
import { type Fault, Truth, faulty, keyOf } from './odd-store.js';

/**
 * The law: whatever the tool says is held is held; and what it called complete before it removed
 * something older holds everything that the older one held and the store still listed.
 *
 * LAW_RUNS sets how many random histories are tried, LAW_SEED the first of them.
 */

const RUNS = Number(process.env.LAW_RUNS ?? 12);
const SEED = Number(process.env.LAW_SEED ?? 20240115);

const KEYS = 25;

const numbers = fc.integer({ min: 0, max: KEYS - 1 });
const refusals = fc.constantFrom(
  { status: 400, code: 'InvalidRequest' },
  { status: 403, code: 'AccessDenied' },
  { status: 404, code: 'NoSuchKey' },
  { status: 410, code: 'Gone' },
  { status: 451, code: 'UnavailableForLegalReasons' },
  { status: 500, code: 'InternalError' },
  { status: 501, code: 'NotImplemented' },
);
const fault: fc.Arbitrary<Fault> = fc.oneof(
  fc.record({ kind: fc.constant('get' as const), key: numbers, refusal: refusals }).map(flat),
  fc.record({ kind: fc.constant('head' as const), key: numbers, refusal: refusals }).map(flat),
  fc.record({ kind: fc.constant('flip' as const), key: numbers }),
  fc.record({
    kind: fc.constant('hide' as const),
    keys: fc.uniqueArray(numbers, { minLength: 1, maxLength: 5 }),
  }),
  fc.record({
    kind: fc.constant('end-early' as const),
    after: numbers,
    ignoresStartAfter: fc.boolean(),
  }),
  fc.record({ kind: fc.constant('not-listed' as const), refusal: refusals }).map(flat),
  fc.constant({ kind: 'no-tags' as const }),
);
const command = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('put' as const),
      keys: fc.array(numbers, { minLength: 1, maxLength: 8 }),
      content: fc.nat(9),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('remove' as const),
      keys: fc.array(numbers, { minLength: 1, maxLength: 5 }),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constantFrom('full' as const, 'incremental' as const),
      faults: fc.array(fault, { maxLength: 2 }),
      isRight: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('prune' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('restore' as const) }) },
);
type Command = typeof command extends fc.Arbitrary<infer T> ? T : never;

function flat<T extends { refusal: { status: number; code: string } }>({ refusal, ...rest }: T) {
  return { ...rest, ...refusal };
}

let right: ObjectStore;
let proxy: OddProxy;
let odd: ObjectStore;

beforeAll(async () => {
  right = testStore();
  proxy = await startOddProxy();
  odd = testStore(addressOf(proxy.endpoint));
});

afterAll(async () => {
  odd.close();
  right.close();
  await proxy.close();
});

describe('whatever a server does and an operator orders', () => {
  it('what is said to be held is held, and nothing goes that nothing else holds', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(command, { minLength: 6, maxLength: 14 }), async (commands) => {
        await live([{ do: 'put', keys: [...Array(KEYS).keys()], content: 0 }, ...commands]);
      }),
      { numRuns: RUNS, seed: SEED, endOnFailure: RUNS <= 100 },
    );
  }, 600_000);
});

/** A history of a store and its backups, from its first day on. */
async function live(commands: readonly Command[]): Promise<void> {
  const { folder, remove } = temporaryFolder();
  const bucket = await freshBucket(right);
  try {
    const history = new History(folder, bucket);
    for (const each of commands) await history.go(each);
    await history.end();
  } finally {
    proxy.be();
    await removeBucket(right, bucket);
    remove();
  }
}

class History {
  readonly #folder: string;
  readonly #bucket: string;
  readonly #truth: Truth;
  /** What the store had when each backup was made, by id. */
  readonly #truths = new Map<string, ReadonlySet<string>>();
  /** Hours after the objects are written, so that none counts as news. */
  #time = Date.now() + 3_600_000;

  constructor(folder: string, bucket: string) {
    this.#folder = folder;
    this.#bucket = bucket;
    this.#truth = new Truth(right, bucket);
  }

  async go(command: Command): Promise<void> {
    switch (command.do) {
      case 'put':
        for (const key of command.keys) await this.#truth.put(key, command.content);
        return;
      case 'remove':
        for (const key of command.keys) await this.#truth.remove(key);
        return;
      case 'prune':
        await this.#prune();
        return;
      case 'restore':
        await this.#restore();
        return;
      default:
        await this.#backUp(command.do, command.isRight ? [] : command.faults);
    }
  }

  /** At last the server is right again. */
  async end(): Promise<void> {
    await this.#backUp('incremental', []);
    await this.#prune();
    await this.#restore();
  }

  async #backUp(type: 'full' | 'incremental', faults: readonly Fault[]): Promise<void> {
    const before = await this.#held(await this.#newestTrusted());
    proxy.be(faulty(faults, this.#bucket));
    let summary: Summary;
    try {
      summary = await this.#run(type);
    } catch (error) {
      // A run may end without a backup; it must not end with a bug.
      if (!isMangamotionError(error) || error.code === 'internal') throw error;
      return;
    } finally {
      proxy.be();
    }
    this.#truths.set(summary.id, new Set(this.#truth.objects.keys()));
    await this.#checkBackup(summary, before, faults);
  }

  async #run(type: 'full' | 'incremental'): Promise<Summary> {
    const context = {
      store: withQuickRetries(odd, { attempts: 2 }),
      destination: await openDestination(this.#folder),
      clock: { now: () => new Date((this.#time += 1000)), sleep: () => Promise.resolve() },
      signal: new AbortController().signal,
      progress: NO_PROGRESS,
      tool: 'test',
    };
    const options: BackupOptions = {
      selection: { only: [this.#bucket], excluded: [] },
      ignoreFreeSpace: true,
      waitLockMs: 0,
    };
    return type === 'full'
      ? await backUpFull(context, options)
      : await backUpIncremental(context, { ...options, refreshMetadata: false });
  }

  async #checkBackup(
    summary: Summary,
    before: ReadonlyMap<string, string>,
    faults: readonly Fault[],
  ): Promise<void> {
    const held = await this.#held(summary.id);
    const { status, problems } = await verify(this.#folder, summary.id);
    expect(problems).toEqual([]);
    expect(status).toBe('ok');
    const named = new Set(summary.failures.map(({ key }) => key));
    const bucketFailed = named.has('');
    for (const [key, sha256] of held) {
      const isTrue = this.#truth.objects.get(key) === sha256;
      const isOlder = before.get(key) === sha256 && (named.has(key) || bucketFailed);
      expect([key, isTrue || isOlder]).toEqual([key, true]);
    }
    for (const key of this.#truth.objects.keys()) {
      const isBeyond = isHidden(faults, key) && !before.has(key);
      if (isBeyond) continue;
      const isHeld = held.get(key) === this.#truth.objects.get(key);
      expect([key, isHeld || named.has(key) || bucketFailed]).toEqual([key, true]);
      if (summary.status === 'complete') expect([key, isHeld]).toEqual([key, true]);
      // What may take the place of older ones holds what they hold.
      if (summary.supersedes === true && summary.status !== 'suspect' && before.has(key)) {
        expect([key, held.has(key)]).toEqual([key, true]);
      }
    }
  }

  async #prune(): Promise<void> {
    const destination = await openDestination(this.#folder);
    const before = await this.#heldByAny();
    const listed = this.#truths.get((await this.#newestTrusted()) ?? '') ?? new Set();
    try {
      const now = new Date((this.#time += 1000));
      await prune(destination, { last: 1 }, { dryRun: false, now, type: undefined });
    } catch (error) {
      if (!isMangamotionError(error, 'refused')) throw error;
    }
    const after = await this.#heldByAny();
    for (const key of listed) {
      if (before.has(key)) expect([key, after.has(key)]).toEqual([key, true]);
    }
    for (const { id } of await destination.list()) {
      expect((await verify(this.#folder, id)).problems).toEqual([]);
    }
  }

  async #restore(): Promise<void> {
    const id = await this.#newestTrusted();
    if (id === undefined) return;
    const target = freshBucketName();
    const held = await this.#held(id);
    try {
      const report = await restoreInto(right, this.#folder, id, { from: this.#bucket, to: target });
      expect([report.failures, isPartial(report)]).toEqual([[], false]);
      const restored = await snapshot(right, target);
      expect([...restored].map(([key, { sha256 }]) => [key, sha256])).toEqual([...held]);
    } finally {
      if (await right.bucketExists(target)) await removeBucket(right, target);
    }
  }

  async #newestTrusted(): Promise<string | undefined> {
    const destination = await openDestination(this.#folder);
    return linesOf(await destination.list())[0]?.newestTrusted?.id;
  }

  async #heldByAny(): Promise<Set<string>> {
    const destination = await openDestination(this.#folder);
    const all = new Set<string>();
    for (const { id } of await destination.list()) {
      for (const key of (await this.#held(id)).keys()) all.add(key);
    }
    return all;
  }

  async #held(id: string | undefined): Promise<Map<string, string>> {
    const held = new Map<string, string>();
    if (id === undefined) return held;
    const located = await locateBackup(join(this.#folder, id));
    for await (const { key, sha256 } of listContents(located, {
      buckets: [],
      keys: [],
      prefixes: [],
    }))
      held.set(key, sha256);
    return held;
  }
}

/** Nobody can know of an object that a server never lists and no backup holds. */
function isHidden(faults: readonly Fault[], key: string): boolean {
  return faults.some(
    (each) =>
      (each.kind === 'hide' && each.keys.map(keyOf).includes(key)) ||
      (each.kind === 'end-early' && each.ignoresStartAfter),
  );
}
