import { setTimeout as sleep } from 'node:timers/promises';
import { backUpFull } from '../../dist/backup/full.js';
import { backUpIncremental } from '../../dist/backup/incremental.js';
import { keepHeapSmall } from '../../dist/cli/run/memory.js';
import { FolderDestination } from '../../dist/repository/folder/folder-destination.js';

/**
 * Backs up a store that is nothing but a listing, of as many empty objects as asked for: what the
 * index alone costs. A program of its own, so that its memory can be measured.
 *
 * usage: node synthetic.js full|incremental FOLDER OBJECTS
 */

const [type, folder, objects] = process.argv.slice(2);
const PAGE = 1000;
const BUCKET = { name: 'synthetic', createdAt: null };
const ETAG = 'd41d8cd98f00b204e9800998ecf8427e';
const TIME = '2024-01-15T02:00:00.000Z';

const keyOf = (number) => `jobs/${String(number).padStart(9, '0')}/page.png`;
const head = {
  ...{ sizeBytes: 0, etag: ETAG, lastModified: TIME, versionId: null },
  ...{ headers: { 'content-type': 'image/png' }, metadata: {}, tagCount: 0, etagIsMd5: true },
  ...{ retention: null, legalHold: false },
};
const store = {
  endpoint: 'http://synthetic',
  listBuckets: async () => [BUCKET],
  bucketRegion: async () => null,
  readBucketDocument: async () => ({ state: 'none' }),
  async *listObjects() {
    for (let first = 0; first < Number(objects); first += PAGE) {
      const length = Math.min(PAGE, Number(objects) - first);
      // As long as a server on the same machine takes for a page, so that nothing piles up unseen.
      await sleep(1);
      yield Array.from({ length }, (_, i) => {
        return { key: keyOf(first + i), sizeBytes: 0, etag: ETAG, lastModified: TIME };
      });
    }
  },
  readObject: async () => ({ head, content: Buffer.alloc(0) }),
};

const ignore = () => undefined;
keepHeapSmall();
const context = {
  store,
  destination: await FolderDestination.open(folder),
  clock: { now: () => new Date(), sleep: (ms) => sleep(ms) },
  signal: new AbortController().signal,
  progress: { start: ignore, update: ignore, warn: ignore },
  tool: 'bench',
};
const options = {
  selection: { only: [], excluded: [] },
  ...{ ignoreFreeSpace: false, waitLockMs: 0, refreshMetadata: false },
};
const summary = await (type === 'full' ? backUpFull : backUpIncremental)(context, options);
process.stdout.write(`${JSON.stringify(summary.objects)}\n`);
