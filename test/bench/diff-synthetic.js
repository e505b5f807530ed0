import { hash } from 'node:crypto';
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import { backUpFull } from '../../dist/backup/full.js';
import { backUpIncremental } from '../../dist/backup/incremental.js';
import { FolderDestination } from '../../dist/repository/folder/folder-destination.js';

/**
 * Makes three backups of a store that is nothing but a listing: a full one, then, with CHANGED
 * objects overwritten, an incremental one and another full one. Every object has a content of its
 * own, so that the index is as hard to compress as a real one.
 *
 * usage: node diff-synthetic.js FOLDER OBJECTS CHANGED
 */

const [folder, objects, changed] = process.argv.slice(2);
const PAGE = 1000;
const changedEvery = Math.floor(Number(objects) / Number(changed));
let round = 0;

const keyOf = (number) => `jobs/${String(number).padStart(9, '0')}/page.png`;
const contentOf = (key) => {
  const number = Number(key.slice('jobs/'.length, -'/page.png'.length));
  return number % changedEvery === 7 ? `${key} ${round}` : `${key} 0`;
};
const factsOf = (key) => {
  const content = contentOf(key);
  const time = round === 0 || content.endsWith(' 0') ? '2024-01-15T02' : '2024-01-16T02';
  return {
    sizeBytes: content.length,
    etag: hash('md5', content),
    lastModified: `${time}:00:00.000Z`,
  };
};
const common = {
  ...{ versionId: null, headers: { 'content-type': 'image/png' }, metadata: {}, tagCount: 0 },
  ...{ missingMetadata: 0, etagIsMd5: true, retention: null, legalHold: false },
  ...{ encryption: null, storageClass: null, checksums: {} },
};
const store = {
  endpoint: 'http://synthetic',
  listBuckets: async () => [{ name: 'synthetic', createdAt: null }],
  bucketRegion: async () => null,
  readBucketDocument: async () => ({ state: 'none' }),
  listPage: async () => ({ objects: [], nextToken: null }),
  async *listObjects() {
    for (let first = 0; first < Number(objects); first += PAGE) {
      await turn();
      yield Array.from({ length: Math.min(PAGE, Number(objects) - first) }, (_, i) => {
        const key = keyOf(first + i);
        return { key, ...factsOf(key) };
      });
    }
  },
  readObject: async (_bucket, key) => ({
    head: { ...common, ...factsOf(key) },
    content: Buffer.from(contentOf(key)),
  }),
};

const ignore = () => undefined;
const context = {
  store,
  destination: await FolderDestination.open(folder),
  clock: { now: () => new Date(), sleep: (ms) => sleep(ms) },
  signal: new AbortController().signal,
  progress: { start: ignore, phase: ignore, update: ignore, warn: ignore },
  tool: 'bench',
};
const options = {
  selection: { only: [], excluded: [] },
  ...{ ignoreFreeSpace: false, waitLockMs: 0, refreshMetadata: false },
};
const ids = [];
for (const backUp of [backUpFull, backUpIncremental, backUpFull]) {
  ids.push((await backUp(context, options)).id);
  round = 1;
}
process.stdout.write(`${JSON.stringify(ids)}\n`);
