import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ObjectLock, ObjectStore } from '../../../src/object-store/port.js';
import { contentOf, freshBucket, removeBucket } from '../../helpers/test-store.js';
import type { Implementation } from './context.js';
import { freshLockedBucket, removeLockedBucket } from './locked-buckets.js';

const UNLOCKED: ObjectLock = { retention: null, legalHold: false };

export function describeObjectLock({ open }: Implementation): void {
  describe('object lock', () => {
    let store: ObjectStore;
    let bucket: string;
    let plain: string;
    beforeAll(async () => {
      store = open();
      bucket = await freshLockedBucket(store);
      plain = await freshBucket(store);
    });
    afterAll(async () => {
      await removeBucket(store, plain);
      await removeLockedBucket(bucket);
      store.close();
    });

    /** What every way of asking tells of the object's lock; they have to agree. */
    async function lockOf(key: string, inBucket = bucket): Promise<ObjectLock> {
      const { body, head: opened } = await store.getObject(inBucket, key);
      await body.resume().toArray();
      const { head: read } = await store.readObject(inBucket, key, { maxBytes: 10_000_000 });
      const { retention, legalHold } = await store.headObject(inBucket, key);
      expect(opened).toMatchObject({ retention, legalHold });
      expect(read).toMatchObject({ retention, legalHold });
      expect(await store.getObjectLock(inBucket, key)).toEqual({ retention, legalHold });
      return { retention, legalHold };
    }

    // First, so that it has run out when the bucket is removed.
    it('keeps a retention that nobody can end', async () => {
      const until = new Date(Date.now() + 5000).toISOString();
      const lock: ObjectLock = { retention: { mode: 'COMPLIANCE', until }, legalHold: false };
      await store.putObject(bucket, 'compliance', contentOf('x'), { attributes: lock });
      expect(await lockOf('compliance')).toEqual(lock);
    });

    // What is small and what is streamed goes out in two ways.
    it.each([3, 3_000_000])('comes back from an object of %i bytes', async (size) => {
      const until = '2099-12-31T23:59:59.123Z';
      const lock: ObjectLock = { retention: { mode: 'GOVERNANCE', until }, legalHold: true };
      const attributes = { ...lock, metadata: { titel: '第１話' } };
      await store.putObject(bucket, 'both', contentOf(Buffer.alloc(size)), { attributes });
      expect(await lockOf('both')).toEqual(lock);
      expect((await store.headObject(bucket, 'both')).metadata).toEqual(attributes.metadata);
    });

    it.each<Partial<ObjectLock>>([
      { legalHold: true },
      { retention: { mode: 'GOVERNANCE', until: '2050-01-01T00:00:00.000Z' } },
      { retention: null, legalHold: false },
      {},
    ])('may be %j', async (attributes) => {
      await store.putObject(bucket, 'one', contentOf('x'), { attributes });
      expect(await lockOf('one')).toEqual({ ...UNLOCKED, ...attributes });
    });

    it('is none in a bucket without', async () => {
      await store.putObject(plain, 'free', contentOf('x'));
      expect(await lockOf('free', plain)).toEqual(UNLOCKED);
    });

    it('is refused in a bucket without, and so is the object', async () => {
      const attributes = { legalHold: true };
      const put = store.putObject(plain, 'refused', contentOf('x'), { attributes });
      await expect(put).rejects.toMatchObject({ code: 'refused' });
      await expect(store.headObject(plain, 'refused')).rejects.toMatchObject({ code: 'not_found' });
    });

    it('does not begin in the past', async () => {
      const retention = { mode: 'GOVERNANCE', until: '2020-01-01T00:00:00.000Z' } as const;
      const put = store.putObject(bucket, 'past', contentOf('x'), { attributes: { retention } });
      await expect(put).rejects.toMatchObject({ code: 'refused' });
    });

    it('of an object that is not there is not found', async () => {
      const lock = store.getObjectLock(bucket, 'missing');
      await expect(lock).rejects.toMatchObject({ code: 'not_found' });
    });

    it('belongs to a bucket from its creation, and brings versions', async () => {
      const lock = await store.readBucketDocument(bucket, 'object-lock');
      expect(textOf(lock)).toContain('<ObjectLockEnabled>Enabled</ObjectLockEnabled>');
      const versioning = await store.readBucketDocument(bucket, 'versioning');
      expect(textOf(versioning)).toContain('<Status>Enabled</Status>');
      const { versionId } = await store.putObject(bucket, 'version', contentOf('x'));
      expect(versionId).not.toBeNull();
    });

    it('of a version is read, set and extended by its id, and never shortened', async () => {
      const mode = 'GOVERNANCE';
      const put = async (text: string) => {
        const { versionId } = await store.putObject(bucket, 'versions', contentOf(text));
        return versionId ?? '';
      };
      const [old, current] = [await put('old'), await put('current')];
      expect(await store.getRetention(bucket, 'versions', { versionId: old })).toBeNull();
      for (const until of ['2040-01-01T00:00:00.000Z', '2050-01-01T00:00:00.000Z']) {
        await store.putRetention(bucket, 'versions', { mode, until }, { versionId: old });
        const found = await store.getRetention(bucket, 'versions', { versionId: old });
        expect(found).toEqual({ mode, until });
      }
      expect(await store.getRetention(bucket, 'versions', { versionId: current })).toBeNull();
      const shorter = { mode, until: '2045-01-01T00:00:00.000Z' } as const;
      const asked = store.putRetention(bucket, 'versions', shorter, { versionId: old });
      await expect(asked).rejects.toMatchObject({ code: 'access_denied' });
      const deleted = store.deleteVersion(bucket, { key: 'versions', versionId: old });
      await expect(deleted).rejects.toMatchObject({ code: 'access_denied' });
    });

    it('in the mode GOVERNANCE gives way to those who may bypass it, and to nobody else', async () => {
      const retention = { mode: 'GOVERNANCE', until: '2050-01-01T00:00:00.000Z' } as const;
      const put = async (key: string) => {
        const attributes = { retention };
        const { versionId } = await store.putObject(bucket, key, contentOf('x'), { attributes });
        return { key, versionId: versionId ?? '' };
      };
      const bypass = { bypassGovernance: true };
      const [alone, together] = [await put('alone'), await put('together')];
      const bulk = store.deleteVersionInBulk(bucket, together);
      await expect(bulk).rejects.toMatchObject({ code: 'access_denied' });
      await store.headObject(bucket, 'together', together);
      await store.deleteVersion(bucket, alone, bypass);
      await store.deleteVersionInBulk(bucket, together, bypass);
      for (const { key, versionId } of [alone, together]) {
        const head = store.headObject(bucket, key, { versionId });
        await expect(head).rejects.toMatchObject({ code: 'not_found' });
      }
      const ended = await put('ended');
      const soon = { mode: 'GOVERNANCE', until: '2049-01-01T00:00:00.000Z' } as const;
      const shortened = { versionId: ended.versionId };
      await store.putRetention(bucket, 'ended', soon, { ...shortened, ...bypass });
      expect(await store.getRetention(bucket, 'ended', shortened)).toEqual(soon);
    });

    it('of a bucket without is refused, and of a version that is not there not found', async () => {
      await store.putObject(plain, 'unlocked', contentOf('x'));
      await expect(store.getRetention(plain, 'unlocked')).rejects.toMatchObject({
        code: 'refused',
      });
      await expect(store.getRetention(bucket, 'missing')).rejects.toMatchObject({
        code: 'not_found',
      });
    });

    it('leaves older versions readable, past overwrites and delete markers', async () => {
      const { versionId } = await store.putObject(bucket, 'hidden', contentOf('first'));
      await store.putObject(bucket, 'hidden', contentOf('second one'));
      await store.deleteObject(bucket, 'hidden');
      const version = { versionId: versionId ?? '' };
      expect(await store.headObject(bucket, 'hidden', version)).toMatchObject({ sizeBytes: 5 });
      const { content } = await store.readObject(bucket, 'hidden', { maxBytes: 9, ...version });
      expect(content?.toString()).toBe('first');
      const range = { start: 1, end: 3 };
      const { head, body } = await store.getObject(bucket, 'hidden', { range, ...version });
      expect(Buffer.concat(await body.toArray()).toString()).toBe('ir');
      expect(head.sizeBytes).toBe(5);
      const page = await store.listVersionPage(bucket, { prefix: 'hidden' });
      expect(page.versions.map((one) => [one.isDeleteMarker, one.sizeBytes, one.isLatest])).toEqual(
        [
          [true, 0, true],
          [false, 10, false],
          [false, 5, false],
        ],
      );
      for (const { lastModified } of page.versions) expect(Date.parse(lastModified)).not.toBeNaN();
    });

    it('is neither given to nor taken from a bucket that is there', async () => {
      await store.createBucket(bucket);
      await store.createBucket(bucket, { objectLock: true });
      expect(await store.readBucketDocument(bucket, 'object-lock')).toMatchObject({
        state: 'captured',
      });
      await store.createBucket(plain, { objectLock: true });
      expect(await store.readBucketDocument(plain, 'object-lock')).toEqual({ state: 'none' });
    });
  });
}

function textOf(document: Awaited<ReturnType<ObjectStore['readBucketDocument']>>): string {
  return document.state === 'captured' ? document.content.toString() : document.state;
}
