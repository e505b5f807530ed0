import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { backUpFull } from '../../src/backup/full.js';
import { backUpIncremental } from '../../src/backup/incremental.js';
import { backUpMetadata } from '../../src/backup/metadata.js';
import { verifyBackup } from '../../src/backup/verify/verify.js';
import { isMangamotionError } from '../../src/errors.js';
import type { Destination } from '../../src/repository/destination.js';
import { FolderDestination } from '../../src/repository/folder/folder-destination.js';
import { openDestination } from '../../src/repository/locate.js';
import type { Summary } from '../../src/repository/summary.js';
import { NO_PROGRESS, restore, temporaryFolder, withQuickRetries } from '../helpers/backups.js';
import {
  documentsOf,
  policyOf,
  removeVersions,
  setDocuments,
} from '../helpers/bucket-documents.js';
import { ODD_ATTRIBUTES, seedOddKeys } from '../helpers/odd-keys.js';
import { type Kept, noise, randomFrom, seed, snapshot } from '../helpers/seed.js';
import {
  contentOf,
  freshBucket,
  freshBucketName,
  inParallel,
  removeBucket,
  testStore,
} from '../helpers/test-store.js';

/**
 * Odd keys × metadata × kinds of destination × (full, a chain of five incrementals, metadata): every
 * link comes back, field by field, as the store was when it was made.
 */

const MIB = 1024 * 1024;
const LINKS = 5;
const SEED = process.env.TEST_SEED ?? new Date().toISOString();

const store = withQuickRetries(testStore());
const signal = new AbortController().signal;
afterAll(() => store.close());

interface Opened {
  destination: Destination;
  remove: () => Promise<void>;
}

const KINDS: [string, () => Promise<Opened>][] = [
  ['tar.gz', () => inFolder(false)],
  ['plain folder', () => inFolder(true)],
  ['S3 destination', inBucket],
];

async function inFolder(plain: boolean): Promise<Opened> {
  const { folder, remove } = temporaryFolder();
  const destination = await FolderDestination.open(folder, { plain });
  return {
    destination,
    remove: () => {
      remove();
      return Promise.resolve();
    },
  };
}

async function inBucket(): Promise<Opened> {
  const name = await freshBucket(store);
  const access = { openBackupStore: () => Promise.resolve(store), signal };
  const destination = await openDestination(`s3://${name}/a/b`, '', access);
  return { destination, remove: () => removeBucket(store, name) };
}

/** What a backup is to bring back: of the bucket with odd keys, and of the one with documents. */
interface State {
  odd: Map<string, Kept>;
  small: Map<string, Kept>;
  documents: Record<string, string>;
}

describe.each(KINDS)('a chain in a %s', (_, open) => {
  const random = randomFrom(SEED);
  let odd: string;
  let documented: string;
  let opened: Opened;

  beforeEach(async () => {
    opened = await open();
    odd = await freshBucket(store);
    await seedOddKeys(store, odd);
    await seed(store, odd, [
      { key: 'sizes/empty', content: Buffer.alloc(0) },
      { key: 'sizes/large', content: noise(9 * MIB, 'large') },
      { key: 'sizes/over', content: noise(MIB + 1, 'over') },
      { key: 'sizes/text', content: Buffer.alloc(3 * MIB, 'page after page\n') },
      { key: 'with attributes', content: noise(70_000, 'a'), attributes: ODD_ATTRIBUTES },
    ]);
    documented = await freshBucket(store);
    await seed(store, documented, [{ key: 'page.png', content: noise(5000, 'page') }]);
    await setDocuments(store, documented);
  });
  afterEach(async () => {
    await removeBucket(store, odd);
    await removeVersions(store, documented);
    await opened.remove();
  });

  it(
    `brings back every byte, header, tag and document of each link (TEST_SEED=${SEED})`,
    { timeout: 240_000 },
    async () => {
      const states = new Map<string, State>();
      const made: Summary[] = [];
      const keep = async (summary: Summary): Promise<void> => {
        expect(summary).toMatchObject({ status: 'complete', failures: [] });
        made.push(summary);
        states.set(summary.id, await stateNow());
      };
      await keep(await backUp('full'));
      const deleted = new Set<string>();
      for (let link = 1; link <= LINKS; link++) {
        await change(link, deleted);
        const summary = await backUp('incremental');
        expect(summary).toMatchObject({ type: 'incremental', parent: made.at(-1)?.id });
        expect(summary.objects.captured).toBeLessThan(20);
        await keep(summary);
      }
      for (const { id, objects } of made) {
        expect(await verified(id)).toMatchObject({
          status: 'ok',
          problems: [],
          objects: objects.captured + objects.unchanged,
        });
        await expectToBringBack(id, states.get(id)!);
      }
      const metadata = await backUp('metadata');
      expect(await verified(metadata.id)).toMatchObject({ status: 'ok', problems: [], objects: 0 });
      const { documents } = await stateNow();
      const none = new Map<string, Kept>();
      await expectToBringBack(metadata.id, { odd: none, small: none, documents });
    },
  );

  async function stateNow(): Promise<State> {
    return {
      odd: await snapshot(store, odd),
      small: await snapshot(store, documented),
      documents: await documentsOf(store, documented),
    };
  }

  async function backUp(type: 'full' | 'incremental' | 'metadata'): Promise<Summary> {
    const context = {
      store,
      destination: opened.destination,
      clock: { now: () => new Date(), sleep: (ms: number) => sleep(ms) },
      signal,
      progress: NO_PROGRESS,
      tool: 'test',
    };
    const options = { selection: { only: [odd, documented], excluded: [] }, waitLockMs: 0 };
    if (type === 'metadata') return await backUpMetadata(context, options);
    const making = { ...options, ignoreFreeSpace: false };
    if (type === 'full') return await backUpFull(context, making);
    const comparing = { ...making, refreshMetadata: false };
    return await backUpIncremental(context, comparing);
  }

  /** Deletes, overwrites, touches, brings back, adds; and changes documents. */
  async function change(link: number, deleted: Set<string>): Promise<void> {
    const keys = [...(await snapshot(store, odd)).keys()];
    const some = (count: number) =>
      Array.from({ length: count }, () => keys.splice(Math.floor(random() * keys.length), 1)[0]!);
    const back = [...deleted].slice(0, 2);
    await inParallel(4, some(4), async (key) => {
      await store.deleteObject(odd, key);
      deleted.add(key);
    });
    // No server takes bytes under a name with a slash at its end, if it keeps objects as files.
    const write = (key: string, attributes = {}) =>
      store.putObject(odd, key, contentOf(key.endsWith('/') ? '' : `link ${link}`), {
        attributes,
      });
    for (const key of [...some(5), `added/${link}`, `第${link}話`]) await write(key);
    for (const key of back) {
      await write(key, ODD_ATTRIBUTES).catch((error: unknown) => {
        // Another key may exclude it by now.
        if (!isMangamotionError(error, 'refused')) throw error;
      });
      deleted.delete(key);
    }
    await touch(link);
    const tag = `<Tag><Key>link</Key><Value>${link}</Value></Tag>`;
    const tagging = `<Tagging xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><TagSet>${tag}</TagSet></Tagging>`;
    await store
      .writeBucketDocument(documented, 'tagging', Buffer.from(tagging))
      .catch((error: unknown) => {
        if (!isMangamotionError(error, 'refused')) throw error;
      });
    const policy = policyOf(documented).replace('GetObject', link % 2 ? 'PutObject' : 'GetObject');
    await store.writeBucketDocument(documented, 'policy', Buffer.from(policy));
  }

  /** The same bytes with other metadata and tags; listings tell whole seconds. */
  async function touch(link: number): Promise<void> {
    await sleep(1100);
    await store.putObject(odd, 'touched', contentOf('always the same'), {
      attributes: {
        headers: { 'content-type': `text/x-${link}` },
        metadata: { title: `第${link}話 – été` },
        tags: [{ key: 'link', value: String(link) }],
      },
    });
  }

  async function verified(id: string) {
    const located = { destination: opened.destination, backup: await opened.destination.read(id) };
    return await verifyBackup({ signal, progress: NO_PROGRESS }, located, { quick: false });
  }

  async function expectToBringBack(id: string, state: State): Promise<void> {
    const renames = new Map([odd, documented].map((name) => [name, freshBucketName()]));
    const backup = await opened.destination.read(id);
    const located = { destination: opened.destination, backup };
    const report = await restore(store, located, { selection: { renames } });
    expect(report).toMatchObject({ failures: [] });
    const [oddBack = '', documentedBack = ''] = renames.values();
    expect(await snapshot(store, oddBack)).toEqual(state.odd);
    expect(await snapshot(store, documentedBack)).toEqual(state.small);
    // A policy speaks of its bucket by name.
    const expected = Object.fromEntries(
      Object.entries(state.documents).map(([kind, text]) => [
        kind,
        text.replaceAll(documented, documentedBack),
      ]),
    );
    expect(await documentsOf(store, documentedBack)).toEqual(expected);
    await removeBucket(store, oddBack);
    await removeVersions(store, documentedBack);
  }
});
