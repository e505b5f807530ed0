import { noise, type SeedObject } from '../../helpers/seed.js';

/** What is in every store: enough for some pages of ten, and something of everything. */
export const CONTENT: readonly SeedObject[] = [
  ...Array.from({ length: 24 }, (_, i) => plain(`pages/${String(i + 10)}`)),
  { key: 'empty', content: Buffer.alloc(0) },
  { key: 'folder/', content: Buffer.alloc(0) },
  plain('plus+and space'),
  plain('percent%2Fslash'),
  plain('頁/第1話'),
  plain('帯/🦊'),
  plain('zz-last'),
  {
    key: 'described',
    content: noise(900, 'described'),
    attributes: {
      headers: { 'content-type': 'image/png', 'cache-control': 'max-age=60' },
      metadata: { artist: 'plain', title: '進撃の巨人 – été' },
    },
  },
  tagged('tagged/1'),
  tagged('tagged/2'),
];

/** What happens to every store between the first backup and the second. */
export const CHANGES = {
  deleted: ['pages/11', 'pages/25'],
  /** Two are of another size, and two only of other bytes. */
  written: [
    { key: 'pages/12', content: noise(333, 'second') },
    { key: 'pages/13', content: noise(700, 'pages/13 again') },
    { key: 'zz-last', content: noise(700, 'zz-last again') },
    plain('pages/20-new'),
    plain('zzz-new'),
  ],
} as const;

/** The objects of another bucket. */
export const OTHER: readonly SeedObject[] = [plain('other/1'), plain('other/2')];

export function plain(key: string, sizeBytes = 700): SeedObject {
  return { key, content: noise(sizeBytes, key) };
}

function tagged(key: string): SeedObject {
  return {
    ...plain(key),
    attributes: { tags: [{ key: 'project', value: 'one two' }] },
  };
}
