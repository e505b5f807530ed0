import { describe, expect, it } from 'vitest';
import type { ObjectStore, ObjectVersion } from '../../../../src/object-store/port.js';
import { type Past, openStoredAt } from '../../../../src/repository/s3/stored-at.js';
import { encodeSummary } from '../../../../src/repository/summary-codec.js';
import { summaryOf } from '../../../helpers/summaries.js';

const ID = 'minio_backup_full_20240101_000001';

interface Version extends Partial<ObjectVersion> {
  id: string;
  at: string;
}

const VERSIONED = '<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>';

/** A store with these versions of one key, the newest first as a server lists them. */
async function storeAt(
  at: string,
  versions: readonly Version[],
  {
    key = `p/${ID}.json`,
    content = '',
    ...past
  }: Partial<Past & { key: string; content: string }> = {},
) {
  const reads: unknown[] = [];
  const listed = versions.map(({ id, at: lastModified, ...more }, index) => ({
    ...{ key, versionId: id, lastModified, sizeBytes: 1, etag: id },
    ...{ isDeleteMarker: false, isLatest: index === 0, ...more },
  }));
  const bare = {
    endpoint: 'http://127.0.0.1:1',
    readBucketDocument: () =>
      Promise.resolve({ state: 'captured', content: Buffer.from(VERSIONED) }),
    // A page has one version, so that those of a key are on several.
    listVersionPage: (
      _: string,
      { prefix = '', after }: { prefix?: string; after?: { key: string } },
    ) => {
      const all = listed.filter((version) => version.key.startsWith(prefix));
      const start = after === undefined ? 0 : Number(after.key);
      return Promise.resolve({
        versions: all.slice(start, start + 1),
        next: start + 1 < all.length ? { key: String(start + 1), versionId: '' } : undefined,
      });
    },
    readObject: (_: string, asked: string, { versionId }: { versionId?: string }) => {
      reads.push([asked, versionId]);
      return Promise.resolve({ content: Buffer.from(content) });
    },
  } as unknown as ObjectStore;
  const place = {
    url: 's3://b/p',
    bucket: 'b',
    prefix: 'p/',
    signal: new AbortController().signal,
  };
  const then = { at: new Date(at), trustFirstVersions: false, signers: [], ...past };
  return { store: await openStoredAt(bare, place, then), reads };
}

async function etagsAt(at: string, versions: readonly Version[]): Promise<string[]> {
  const { store } = await storeAt(at, versions);
  const { objects } = await store.listPage('b', { prefix: 'p/' });
  return objects.map(({ etag }) => etag);
}

const time = (second: number): string => `2024-01-01T00:00:0${second}.000Z`;

describe('a destination at a time', () => {
  const versions: Version[] = [
    { id: 'overwritten', at: time(6) },
    { id: 'marker', at: time(5), isDeleteMarker: true },
    { id: 'second', at: time(3) },
    { id: 'first', at: time(1) },
  ];

  it.each([
    [0, []],
    [1, ['first']],
    [2, ['first']],
    [3, ['second']],
    [5, []],
    [9, ['overwritten']],
  ])('at second %i has %j', async (second, expected) => {
    expect(await etagsAt(time(second), versions)).toEqual(expected);
  });

  it('takes the order of the list for what came in the same second', async () => {
    const marker = { id: 'marker', at: time(1), isDeleteMarker: true };
    const version = { id: 'version', at: time(1) };
    expect(await etagsAt(time(1), [marker, version])).toEqual([]);
    expect(await etagsAt(time(1), [version, marker])).toEqual(['version']);
  });

  it('does not rely on the order of the list for the rest', async () => {
    expect(await etagsAt(time(9), versions.toReversed())).toEqual(['overwritten']);
  });

  it('reads the version of that time', async () => {
    const { store, reads } = await storeAt(time(2), versions);
    await store.readObject('b', `p/${ID}.json`, { maxBytes: 9 });
    expect(reads).toEqual([[`p/${ID}.json`, 'first']]);
    const missing = store.readObject('b', 'p/other', { maxBytes: 9 });
    await expect(missing).rejects.toMatchObject({ code: 'not_found' });
  });

  it('is refused where the server tells no time of a version', async () => {
    const listing = etagsAt(time(9), [{ id: 'x', at: '' }]);
    await expect(listing).rejects.toMatchObject({ code: 'refused' });
  });

  describe('of which every version of a summary is later', () => {
    const later = [
      { id: 'marker', at: time(8), isDeleteMarker: true },
      { id: 'first', at: time(7) },
    ];
    const read = (store: ObjectStore) => store.readObject('b', `p/${ID}.json`, { maxBytes: 9 });

    it('refuses it by name, and lists it', async () => {
      const { store } = await storeAt(time(5), later);
      await expect(read(store)).rejects.toMatchObject({
        code: 'refused',
        message: expect.stringContaining(
          `${ID}.json: its summary has the time ${time(7)}`,
        ) as unknown,
      });
      expect((await store.listPage('b', { prefix: 'p/' })).objects).toHaveLength(1);
    });

    it('reads it on demand, and says so once', async () => {
      const told: string[] = [];
      const warn = (message: string) => told.push(message);
      const { store, reads } = await storeAt(time(5), later, { trustFirstVersions: true, warn });
      await Promise.all([read(store), read(store)]);
      // Once to judge it.
      expect(reads).toHaveLength(3);
      expect(reads.at(-1)).toEqual([`p/${ID}.json`, 'first']);
      expect(told).toHaveLength(1);
    });

    it('does not take a backup that was complete later, and says so on demand', async () => {
      const summary = summaryOf({ at: time(2), sequence: 1 });
      const content = encodeSummary({ ...summary, finished_at: time(6) });
      const { store } = await storeAt(time(5), later, { content });
      await expect(read(store)).rejects.toMatchObject({ code: 'not_found' });
      const trusting = await storeAt(time(5), later, { trustFirstVersions: true, content });
      await expect(read(trusting.store)).rejects.toMatchObject({ code: 'refused' });
    });

    it('reads the archive, which the summary proves', async () => {
      const key = `p/${ID}.tar.gz`;
      const { store, reads } = await storeAt(time(5), later, { key });
      await store.readObject('b', key, { maxBytes: 9 });
      expect(reads).toEqual([[key, 'first']]);
    });

    it('has no mark that came later', async () => {
      const { store } = await storeAt(time(5), later, { key: `p/${ID}.accepted` });
      expect((await store.listPage('b', { prefix: 'p/' })).objects).toEqual([]);
    });
  });

  it('refuses every write', async () => {
    const { store } = await storeAt(time(9), versions);
    const content = { sizeBytes: 0, sha256: '', open: () => [] };
    const retention = { mode: 'GOVERNANCE', until: time(9) } as const;
    const writes = [
      ...[store.putObject('b', 'k', content), store.deleteObject('b', 'k')],
      ...[store.deleteObjects('b', ['k']), store.createBucket('b'), store.deleteBucket('b')],
      store.deleteVersion('b', { key: 'k', versionId: 'v' }),
      ...[store.putRetention('b', 'k', retention), store.putObjectAcl('b', 'k', '')],
      ...[store.createMultipartUpload('b', 'k'), store.abortMultipartUpload('b', 'k', 'u')],
      ...[store.uploadPart('b', 'k', 'u', 1, content)],
      store.completeMultipartUpload('b', 'k', 'u', []),
      store.writeBucketDocument('b', 'cors', Buffer.alloc(0)),
    ];
    for (const write of writes) await expect(write).rejects.toMatchObject({ code: 'refused' });
  });
});
