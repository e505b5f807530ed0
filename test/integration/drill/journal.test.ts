import { mkdirSync, readFileSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { type JournalContext, openPlace } from '../../../src/drill/journal.js';
import {
  type DrillFields,
  JOURNAL_FOLDER,
  bucketNamesOf,
  decodeEntry,
  encodeEntry,
  markerKeyOf,
} from '../../../src/drill/journal-entry.js';
import type { ClaimStore, LockOwner } from '../../../src/lock/claim.js';
import { MangamotionError } from '../../../src/errors.js';
import { FolderClaims } from '../../../src/lock/folder-claims.js';
import { describeOwner } from '../../../src/lock/owner.js';
import { temporaryFolder } from '../../helpers/backups.js';
import { contentOf, removeBucket, testStore } from '../../helpers/test-store.js';

/** A drill removes what a drill made, and never what anybody else made. */

const store = testStore();
const { folder, remove } = temporaryFolder();
afterAll(() => {
  store.close();
  remove();
});

/** Other tests drill on the same server. */
const PREFIX = 'journal-';
let destination: string;
let warnings: string[];
beforeEach(() => {
  destination = join(folder, `d${Math.random()}`);
  mkdirSync(destination);
  warnings = [];
  return async () => {
    for (const { name } of await store.listBuckets()) {
      if (!name.includes(`${PREFIX}mangamotion-drill-`)) continue;
      for (const version of await store.listVersions(name, ''))
        await store.deleteVersion(name, version);
      await removeBucket(store, name);
    }
  };
});

async function contextOf(more: Partial<JournalContext> = {}): Promise<JournalContext> {
  return {
    claims: new FolderClaims(destination, JOURNAL_FOLDER),
    owner: await describeOwner('drill'),
    now: () => new Date(),
    signal: new AbortController().signal,
    warn: (line) => warnings.push(line),
    prefix: PREFIX,
    destination: undefined,
    store,
    ...more,
  };
}

function entries(): string[] {
  try {
    return readdirSync(join(destination, JOURNAL_FOLDER));
  } catch {
    return [];
  }
}

async function drillBuckets(): Promise<string[]> {
  const listed = await store.listBuckets();
  return listed
    .map(({ name }) => name)
    .filter((name) => name.includes(`${PREFIX}mangamotion-drill-`));
}

/** A process that has ended: our own id, begun at another time. */
async function deadOwner(): Promise<LockOwner> {
  const owner = await describeOwner('drill');
  return { ...owner, process: owner.process && { ...owner.process, startTicks: '1' } };
}

const drillOf = (more: Partial<DrillFields> = {}): DrillFields => ({
  run: 'ab'.repeat(10),
  token: 'cd'.repeat(32),
  server: store.endpoint,
  prefix: PREFIX,
  buckets: 1,
  phase: 'making',
  ...more,
});

/** Puts the entry of another drill into the journal. */
async function leave(drill: DrillFields, owner: LockOwner, since = new Date()): Promise<string> {
  const claims = new FolderClaims(destination, JOURNAL_FOLDER);
  await claims.put(drill.run, encodeEntry({ since: since.toISOString(), owner, drill }));
  return join(destination, JOURNAL_FOLDER, `${drill.run}.json`);
}

/** Runs a drill of nothing, which clears what others left. */
async function clear(more: Partial<JournalContext> = {}): Promise<void> {
  const place = await openPlace(await contextOf(more), 1);
  await place.remove();
}

describe('a drill', { timeout: 60_000 }, () => {
  it('names its buckets before it makes them, and removes them first', async () => {
    const seen: string[] = [];
    const inner = new FolderClaims(destination, JOURNAL_FOLDER);
    const claims: ClaimStore = {
      location: '',
      put: async (name, content) => {
        seen.push(
          `put ${decodeEntry(content)?.drill.phase ?? ''} ${(await drillBuckets()).length}`,
        );
        await inner.put(name, content);
      },
      list: () => inner.list(),
      remove: async (name) => {
        seen.push(`remove ${(await drillBuckets()).length}`);
        await inner.remove(name);
      },
    };
    const place = await openPlace(await contextOf({ claims }), 2);
    expect(await drillBuckets()).toEqual([...place.buckets].sort());
    await store.putObject(place.buckets[0]!, 'a/b', contentOf('x'));
    await store.putObject(place.buckets[0]!, 'a', contentOf('x'));
    await place.remove();
    expect(seen).toEqual(['put named 0', 'put making 0', 'remove 0']);
    expect(await drillBuckets()).toEqual([]);
    expect(entries()).toEqual([]);
  });

  it('begins the names with a prefix', async () => {
    const place = await openPlace(await contextOf({ prefix: `a-${PREFIX}` }), 1);
    expect(place.buckets[0]).toMatch(/^a-journal-mangamotion-drill-[0-9a-f]{20}-0$/);
    await place.remove();
  });

  it('leaves alone a bucket of its name that somebody else made before', async () => {
    let foreign = '';
    const claims = new FolderClaims(destination, JOURNAL_FOLDER);
    const put = claims.put.bind(claims);
    claims.put = async (name, content) => {
      await put(name, content);
      if (foreign !== '') return;
      [foreign = ''] = bucketNamesOf(decodeEntry(content)!.drill);
      await store.createBucket(foreign);
    };
    await expect(openPlace(await contextOf({ claims }), 1)).rejects.toThrow('has not made it');
    expect(await store.bucketExists(foreign)).toBe(true);
    expect(entries()).toEqual([]);
    await clear();
    expect(await store.bucketExists(foreign)).toBe(true);
  });

  it('leaves alone one that somebody makes at the same moment, which us-east-1 hides', async () => {
    const racing = new Proxy(store, {
      get: (target, name) => {
        if (name === 'createBucket') {
          return async (bucket: string) => {
            await store.createBucket(bucket);
            await store.putObject(bucket, 'theirs', contentOf('theirs'));
          };
        }
        const member: unknown = Reflect.get(target, name);
        return typeof member === 'function' ? (member.bind(target) as unknown) : member;
      },
    });
    await expect(openPlace(await contextOf({ store: racing }), 1)).rejects.toThrow('not empty');
    const [foreign] = await drillBuckets();
    expect(await store.headObject(foreign!, 'theirs')).toMatchObject({ sizeBytes: 6 });
    expect(entries()).toEqual([]);
  });

  it('clears what the journal of a dead one names', async () => {
    const drill = drillOf({ buckets: 2 });
    await leave(drill, await deadOwner());
    for (const bucket of bucketNamesOf(drill)) {
      await store.createBucket(bucket);
      await store.putObject(bucket, markerKeyOf(drill), contentOf(drill.token));
      await store.putObject(bucket, 'k', contentOf('x'));
    }
    const open = await store.createMultipartUpload(bucketNamesOf(drill)[0]!, 'parts');
    expect(open).not.toBe('');
    await clear();
    expect(await drillBuckets()).toEqual([]);
    expect(entries()).toEqual([]);
  });

  it('clears the empty bucket of one that was killed before it put its marker', async () => {
    const drill = drillOf();
    await leave(drill, await deadOwner());
    await store.createBucket(bucketNamesOf(drill)[0]!);
    await clear();
    expect(await drillBuckets()).toEqual([]);
  });

  it.each([
    ['has objects and no marker', 'theirs', 'x', new Date()],
    ['has the marker of another drill', markerKeyOf(drillOf()), 'ef'.repeat(32), new Date()],
    ['is empty, and was made at another time', undefined, '', new Date(0)],
  ])(
    'leaves alone a bucket that the journal of a dead one names, and that %s',
    async (_, key, text, since) => {
      const drill = drillOf();
      const path = await leave(drill, await deadOwner(), since);
      const [bucket] = bucketNamesOf(drill);
      await store.createBucket(bucket!);
      if (key !== undefined) await store.putObject(bucket!, key, contentOf(text));
      if (since.getTime() === 0) utimesSync(path, since, since);
      await clear();
      expect(await drillBuckets()).toEqual([bucket]);
      expect(warnings.join('\n')).toContain('was not made by a drill');
      if (key !== undefined) expect(await store.headObject(bucket!, key)).toBeDefined();
    },
  );

  it.each<[string, (bucket: string) => Promise<unknown>]>([
    [
      'versions of objects that were removed',
      async (bucket) => {
        const versioning =
          '<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>';
        await store.writeBucketDocument(bucket, 'versioning', Buffer.from(versioning));
        await store.putObject(bucket, 'theirs', contentOf('theirs'));
        await store.deleteObject(bucket, 'theirs');
      },
    ],
    ['an upload under way', (bucket) => store.createMultipartUpload(bucket, 'theirs')],
  ])('leaves alone a bucket without a marker that lists nothing and has %s', async (_, fill) => {
    const drill = drillOf();
    await leave(drill, await deadOwner());
    const [bucket] = bucketNamesOf(drill);
    await store.createBucket(bucket!);
    await fill(bucket!);
    const versions = await store.listVersions(bucket!, '');
    await clear();
    expect(await drillBuckets()).toEqual([bucket]);
    expect(await store.listVersions(bucket!, '')).toEqual(versions);
    expect(warnings.join()).toContain('was not made by a drill');
  });

  it('believes no entry that claims to be older than any drill', async () => {
    await leave(drillOf(), await deadOwner(), new Date(0));
    const [bucket] = bucketNamesOf(drillOf());
    await store.createBucket(bucket!);
    await clear();
    expect(await drillBuckets()).toEqual([bucket]);
  });

  it('clears what a host left whose clock is wrong', async () => {
    const tomorrow = new Date(Date.now() + 86_400_000);
    const drill = drillOf({ named_at: new Date().toISOString() });
    await leave(drill, await deadOwner(), tomorrow);
    await store.createBucket(bucketNamesOf(drill)[0]!);
    await clear();
    expect(await drillBuckets()).toEqual([]);
    const place = await openPlace(await contextOf({ now: () => tomorrow }), 1);
    const [name = ''] = entries();
    const path = join(destination, JOURNAL_FOLDER, name);
    const { drill: own } = decodeEntry(readFileSync(path, 'utf8'))!;
    expect(Math.abs(Date.parse(own.named_at!) - Date.now())).toBeLessThan(3_600_000);
    await place.remove();
  });

  it('leaves alone an empty bucket that the server says somebody else has made', async () => {
    const racing = new Proxy(store, {
      get: (target, name) => {
        if (name === 'createBucket') {
          return async (bucket: string) => {
            await store.createBucket(bucket);
            throw new MangamotionError('refused', 'BucketAlreadyExists');
          };
        }
        const member: unknown = Reflect.get(target, name);
        return typeof member === 'function' ? (member.bind(target) as unknown) : member;
      },
    });
    await expect(openPlace(await contextOf({ store: racing }), 1)).rejects.toThrow('AlreadyExists');
    expect(await drillBuckets()).toHaveLength(1);
    expect(entries()).toEqual([]);
  });

  it('leaves alone the buckets of a copied entry, whose drill may live', async () => {
    const elsewhere: LockOwner = { host: 'other', pid: 7, command: 'drill', process: null };
    const drill = drillOf({ place: '/another/destination' });
    const path = await leave(drill, elsewhere);
    const [bucket] = bucketNamesOf(drill);
    await store.createBucket(bucket!);
    await store.putObject(bucket!, markerKeyOf(drill), contentOf(drill.token));
    const age = (ms: number) =>
      utimesSync(path, new Date(Date.now() - ms), new Date(Date.now() - ms));
    age(600_000);
    await clear();
    expect(await drillBuckets()).toEqual([bucket]);
    // Under another name it is no entry at all.
    const copy = join(destination, JOURNAL_FOLDER, `${'ef'.repeat(10)}.json`);
    writeFileSync(copy, readFileSync(path, 'utf8').replace('/another/destination', destination));
    utimesSync(copy, new Date(0), new Date(0));
    await clear();
    expect(await drillBuckets()).toEqual([bucket]);
    age(8 * 86_400_000);
    await clear();
    expect(await drillBuckets()).toEqual([]);
  });

  it('makes nothing of an entry that had not begun to make buckets', async () => {
    const drill = drillOf({ phase: 'named' });
    await leave(drill, await deadOwner());
    await store.createBucket(bucketNamesOf(drill)[0]!);
    await clear();
    expect(await drillBuckets()).toEqual(bucketNamesOf(drill));
    expect(entries()).toEqual([]);
  });

  it('leaves alone another drill that lives, and clears one whose lease is over', async () => {
    const drill = drillOf({ place: (await contextOf()).claims.location });
    const elsewhere: LockOwner = { host: 'other', pid: 7, command: 'drill', process: null };
    const path = await leave(drill, elsewhere);
    const [bucket] = bucketNamesOf(drill);
    await store.createBucket(bucket!);
    await store.putObject(bucket!, markerKeyOf(drill), contentOf(drill.token));
    await clear();
    expect(await drillBuckets()).toEqual([bucket]);
    const past = new Date(Date.now() - 600_000);
    utimesSync(path, past, past);
    await clear();
    expect(await drillBuckets()).toEqual([]);
  });

  it('keeps the entry of buckets on another server', async () => {
    await leave(drillOf({ server: 'http://elsewhere:9000' }), await deadOwner());
    await clear();
    expect(entries()).toEqual([`${drillOf().run}.json`]);
    expect(warnings.join()).toContain('http://elsewhere:9000');
  });

  it('keeps an entry that it cannot read', async () => {
    const path = await leave(drillOf(), await deadOwner());
    const forged = JSON.parse(readFileSync(path, 'utf8')) as { drill: { run: string } };
    forged.drill.run = '../../originals';
    writeFileSync(path, JSON.stringify(forged));
    await clear();
    expect(entries()).toEqual([`${drillOf().run}.json`]);
    expect(warnings.join()).toContain('cannot be read');
  });

  it('ends where another one took it for dead', async () => {
    const context = await contextOf({ timing: { leaseMs: 120_000, heartbeatMs: 20 } });
    const place = await openPlace(context, 1);
    const run = /[0-9a-f]{20}/.exec(place.buckets[0]!)![0];
    // A renewal that is under way puts it once more.
    while (!place.signal.aborted) {
      await context.claims.remove(run);
      await sleep(30);
    }
    expect(String(place.signal.reason)).toContain('took this one for dead');
    await place.remove();
    expect(entries()).toEqual([]);
  });

  it('keeps its buckets where it is told to, and no drill clears them', async () => {
    const place = await openPlace(await contextOf(), 1);
    const [name = ''] = entries();
    const path = join(destination, JOURNAL_FOLDER, name);
    const entry = decodeEntry(readFileSync(path, 'utf8'))!;
    await store.putObject(place.buckets[0]!, 'restored', contentOf('x'));
    await place.keep();
    await clear();
    expect(await drillBuckets()).toEqual(place.buckets);
    // Nor where the entry comes back, as from a copy of the destination.
    await leave(entry.drill, await deadOwner());
    await clear();
    expect(await drillBuckets()).toEqual(place.buckets);
  });
});
