import { describe, expect, it } from 'vitest';
import type { ListPage, ObjectStore } from '../../../../src/object-store/port.js';
import { S3Destination } from '../../../../src/repository/s3/s3-destination.js';

const ID = 'minio_backup_full_20260101_000000';

/** A store with these names below the prefix that can be listed, and nothing else. */
function listable(names: readonly string[]): ObjectStore {
  const listPage = (_: string, { prefix = '' } = {}): Promise<ListPage> => {
    const objects = names
      .filter((name) => `p/${name}`.startsWith(prefix))
      .map((name) => ({ key: `p/${name}`, sizeBytes: 1, etag: '', lastModified: '' }));
    return Promise.resolve({ objects, nextToken: null });
  };
  return { endpoint: 'http://store', listPage } as Partial<ObjectStore> as ObjectStore;
}

function open(names: readonly string[], appendOnly: boolean): S3Destination {
  const { signal } = new AbortController();
  const place = { url: 's3://b/p', bucket: 'b', prefix: 'p/', appendOnly, signal };
  return new S3Destination({ ...place, store: listable(names) });
}

/** At the second of the id, and a second later after each wait. */
function clockAt(time: string) {
  let ms = Date.parse(time);
  return {
    now: () => new Date(ms),
    sleep: (forMs: number) => Promise.resolve(void (ms += forMs)),
  };
}

describe('an append-only destination', () => {
  it.each([
    ['remove', (to: S3Destination) => to.remove(ID)],
    ['writeNote', (to: S3Destination) => to.writeNote('.note.json', '{}')],
    ['mark', (to: S3Destination) => to.mark(ID, 'expired', false)],
    ['claims.put', (to: S3Destination) => to.claims('.drills').put('a', '')],
    ['claims.remove', (to: S3Destination) => to.claims('.drills').remove('a')],
  ])('does not change anything: %s', async (_, change) => {
    // The store has no such methods: a request would be a TypeError.
    await expect((async () => await change(open([], true)))()).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringContaining('BACKUP_S3_APPEND_ONLY') as string,
    });
  });

  it.each([`${ID}.json`, `${ID}.tar.gz`, `${ID}.expired`, `${ID}.json.partial`])(
    'does not take an id again of which there is %s, even if the clock goes back',
    async (name) => {
      const pending = await open([name], true).begin('full', clockAt('2026-01-01T00:00:00.250Z'));
      expect(pending.id).toBe('minio_backup_full_20260101_000001');
    },
  );
});
