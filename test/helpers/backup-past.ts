import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { deflateSync, crc32 } from 'node:zlib';
import type { ObjectStore } from '../../src/object-store/port.js';
import { storeSettings } from './cli.js';
import { runAt } from './in-process.js';
import { noise, seed } from './seed.js';
import { contentOf, inParallel } from './test-store.js';

/** Backups that the program made on earlier days, of a bucket that grew and then lost its objects. */

const DAY_MS = 24 * 60 * 60 * 1000;
const TINY = 120;

export const DEEP_KEY = 'deep/one/two/three/four/leaf.txt';
export const IMAGE_KEY = 'pages/cover & 表紙 #1.png';
/** More than a page of the listing. */
export const MANY = 130;
/** Keys that are hard to show, to link to and to name a file by. */
export const ODD_KEYS = [
  'odd/with space & = ? # + %2F.txt',
  'odd/ünï 日本語.txt',
  `odd/quote"'\\.txt`,
  'odd/dots/../up.txt',
  'odd/double//slash.txt',
  'odd/<b>bold</b>.txt',
  `odd/${'long-'.repeat(40)}name.txt`,
];
export const contentOfOdd = (key: string): Buffer => Buffer.from(`the content of ${key}`);

export interface PastBackups {
  /** Oldest first. */
  fulls: string[];
  /** Complete, and refers to `missing`. */
  incremental: string;
  suspect: string;
  /** Removed with its summary, as if somebody had cleaned up. */
  missing: string;
}

interface Refused {
  message?: string;
}

/** A folder of a destination, or its URL, and the bucket whose backups lie there. */
export async function makeBackup(
  destination: string,
  bucket: string,
  { at, type = 'full', env = {} }: { at: Date; type?: string; env?: Record<string, string> },
): Promise<string> {
  const args = ['backup', type, destination, '--bucket', bucket, '--no-prune', '--json'];
  const settings = storeSettings({ env });
  const { stdout, stderr } = await runAt(at.toISOString(), args, { env: settings });
  const answer = JSON.parse(stdout === '' ? '{}' : stdout) as { id?: string; error?: Refused };
  // A suspect backup is kept, and the command is refused.
  const id = answer.id ?? /^minio_backup_\w+(?= is kept)/.exec(answer.error?.message ?? '')?.[0];
  if (id === undefined) throw new Error(`there is no backup: ${stdout}${stderr}`);
  return id;
}

export const daysAgo = (days: number): Date => new Date(Date.now() - days * DAY_MS);

export async function makePastBackups(
  store: ObjectStore,
  folder: string,
  bucket: string,
): Promise<PastBackups> {
  const numbered = (count: number, name: (index: number) => string) =>
    Array.from({ length: count }, (_, index) => ({
      key: name(index),
      content: Buffer.from(String(index)),
    }));
  await seed(
    store,
    bucket,
    numbered(TINY, (index) => `tiny/${index}`),
  );
  await seed(store, bucket, [{ key: 'noise/1', content: noise(200_000, 'one') }]);
  const first = await makeBackup(folder, bucket, { at: daysAgo(20) });
  await seed(store, bucket, [
    ...numbered(MANY, (index) => `many/${String(index).padStart(3, '0')}`),
    ...ODD_KEYS.map((key) => ({ key, content: contentOfOdd(key) })),
    { key: DEEP_KEY, content: Buffer.from('a leaf') },
    { key: IMAGE_KEY, content: picture(320, 200) },
    { key: 'noise/2', content: noise(300_000, 'two') },
  ]);
  const second = await makeBackup(folder, bucket, { at: daysAgo(6) });
  const change = async (days: number, name: string): Promise<string> => {
    await seed(store, bucket, [{ key: `new/${name}`, content: noise(2000, name) }]);
    return await makeBackup(folder, bucket, { at: daysAgo(days), type: 'incremental' });
  };
  const missing = await change(4, 'lost');
  const incremental = await change(3, 'later');
  const gone = Array.from({ length: TINY }, (_, index) => `tiny/${index}`);
  await inParallel(16, gone, (key) => store.deleteObject(bucket, key));
  const suspect = await change(2, 'after');
  for (const end of ['.json', '.tar.gz']) rmSync(join(folder, missing + end));
  // For whoever uses the bucket after this.
  await inParallel(16, gone, (key) => store.putObject(bucket, key, contentOf(key)));
  return { fulls: [first, second], incremental, suspect, missing };
}

/** A PNG with a gradient. */
function picture(width: number, height: number): Buffer {
  const row = (y: number) => [
    0,
    ...Array.from({ length: width }, (_, x) => [x % 256, y % 256, 180]).flat(),
  ];
  const pixels = Buffer.from(Array.from({ length: height }, (_, y) => row(y)).flat());
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2], 8);
  return Buffer.concat([
    Buffer.from('89504e470d0a1a0a', 'hex'),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(pixels)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type), data]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}
