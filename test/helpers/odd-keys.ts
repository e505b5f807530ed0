import { isMangamotionError } from '../../src/errors.js';
import type { ObjectStore } from '../../src/object-store/port.js';
import { listing } from './seed.js';
import { contentOf } from './test-store.js';

/** Keys that are hard to keep: as names of files, in XML, in URLs, in order. */
export const ODD_KEYS = [
  ...['a', 'a/b', 'a/b/c', 'a-between', 'A'],
  ...['..', '../escape', './here', 'up/../side', '...', '.hidden', 'double//slash'],
  ...['/leading', 'trailing/', '/', 'back\\slash', '.mangamotion-keys/mine'],
  ...['with space', 'plus+plus', 'percent%2Fslash', 'question?mark', 'hash#mark', `"'&<>;`],
  ...['new\nline', 'carriage\rreturn', 'tab\there', 'bell\u0007', 'delete\u007f', 'c1\u0085'],
  ...[
    'ページ/第1話.png',
    '🦊.png',
    '\uff5e-before-🦊',
    'e\u0301 is not \u00e9',
    '\u00e9',
    '\u{10fffd}',
  ],
  ...['-rf', '--checkpoint=1', '*', '$(true)', '~'],
  `${'segments/'.repeat(110)}${'x'.repeat(10)}`,
  'k'.repeat(1000),
  '頁'.repeat(333),
];

/** One of each header, and text that no header can carry as it is. */
export const ODD_ATTRIBUTES = {
  headers: {
    'cache-control': 'max-age=60, private',
    'content-disposition': 'attachment; filename="page.png"',
    'content-encoding': 'gzip',
    'content-language': 'ja, en',
    'content-type': 'image/png; charset="utf-8"',
    expires: 'Thu, 01 Dec 2033 16:00:00 GMT',
  },
  metadata: { title: '進撃の巨人 – été', artist: 'plain', 'with-dash': '1' },
  tags: [
    { key: 'project', value: 'one two' },
    { key: 'a.b:c/d_e-f@g', value: 'x + y = z/@' },
  ],
};

/** Resolves to the keys that the server does not take, or takes and does not list. */
export async function seedOddKeys(store: ObjectStore, bucket: string): Promise<string[]> {
  const refused: string[] = [];
  // One after the other: of two keys that exclude each other the first one stays.
  for (const [i, key] of ODD_KEYS.entries()) {
    const withAttributes = i % 5 === 0 ? { attributes: ODD_ATTRIBUTES } : {};
    try {
      await store.putObject(bucket, key, contentOf(`content of ${i}`), withAttributes);
    } catch (error) {
      if (!isMangamotionError(error, 'refused')) throw error;
      refused.push(key);
    }
  }
  const listed = new Set((await listing(store, bucket)).map(({ key }) => key));
  for (const key of ODD_KEYS.filter((odd) => !listed.has(odd) && !refused.includes(odd))) {
    await store.deleteObject(bucket, key);
    refused.push(key);
  }
  return refused;
}
