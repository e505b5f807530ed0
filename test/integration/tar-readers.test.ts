import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TAR_READERS, requireReader, run } from '../helpers/archive-readers.js';
import {
  ARCHIVE_ID,
  type SampleObject,
  addInPieces,
  addWhole,
  archiveOf,
  noise,
  openArchive,
  sha256,
  text,
} from '../helpers/archive-samples.js';

const MIB = 1024 * 1024;

const SIZES = [0, 1, 511, 512, 513, 65_535, 65_536, MIB, MIB + 1, 4 * MIB, 4 * MIB + 1];
const KEYS = [
  'plain.txt',
  'with space and  two',
  ' leading and trailing ',
  'emoji \u{1f600}/\u{1f468}\u200d\u{1f469}\u200d\u{1f467}.png',
  'ünï/çødé/\u65e5\u672c\u8a9e',
  'a',
  'a/b',
  'a/b/c',
  '../../etc/passwd',
  '/absolute',
  'folder/',
  'double//slash',
  'new\nline',
  'back\\slash',
  '-rf',
  '*?[glob]',
  '"quoted" \'name\'',
  '12 path=evil',
  'x'.repeat(255),
  'y'.repeat(256),
  `${'segment-'.repeat(25)}/${'\u{1f600}'.repeat(50)}`,
  `deep/${'folder/'.repeat(40)}end`,
];

/** Each key with a size, each size compressible and not. */
const objects: SampleObject[] = [
  ...KEYS.map((key, n) => ({ bucket: 'keys', key, content: noise(n * 97, key) })),
  ...SIZES.flatMap((size) => [
    { bucket: 'sizes', key: `noise-${size}`, content: noise(size) },
    { bucket: 'sizes', key: `text-${size}`, content: text(size) },
  ]),
  { bucket: 'sizes', key: 'large-noise', content: noise(9 * MIB + 7) },
  { bucket: 'sizes', key: 'large-zeros', content: Buffer.alloc(13 * MIB) },
];

let folder: string;
let archive: string;
/** The digest of each file by its path, as the index tells it. */
let expected: Map<string, string>;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'mangamotion-readers-'));
  archive = path.join(folder, `${ARCHIVE_ID}.tar.gz`);
  const addStreamed = addInPieces(100_000);
  const { bytes } = await archiveOf(objects, async (writer, object) => {
    if (object.key.includes('large')) await addStreamed(writer, object);
    else await addWhole(writer, object);
  });
  await writeFile(archive, bytes);
  const { lines } = await openArchive(bytes);
  expected = new Map(lines.map((line) => [line.path, line.sha256]));
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function digestsBelow(root: string): Promise<Map<string, string>> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const digests = new Map<string, string>();
  for (const file of files) {
    const full = path.join(file.parentPath, file.name);
    digests.set(path.relative(root, full), sha256(await readFile(full)));
  }
  return digests;
}

const isObject = (name: string) => name.startsWith(`${ARCHIVE_ID}/data/`);

describe.each(TAR_READERS)('$name', (reader) => {
  beforeAll(() => requireReader(reader));

  it('lists every object under the name that the index gives it, and nothing outside', async () => {
    const names = (await run(reader.list(archive))).split('\n');
    expect(names.every((name) => name.startsWith(`${ARCHIVE_ID}/`))).toBe(true);
    expect(names.filter(isObject)).toEqual([...expected.keys()]);
    expect(names.filter((name) => !isObject(name))).toEqual([
      `${ARCHIVE_ID}/metadata/buckets.json`,
      `${ARCHIVE_ID}/index/00000.ndjson`,
      `${ARCHIVE_ID}/index/directory.json`,
    ]);
  });

  it('extracts every object, byte for byte', async () => {
    const target = path.join(folder, reader.debianPackage);
    await mkdir(target);
    await run(reader.extract(archive, target));
    const digests = await digestsBelow(target);
    const extracted = new Map([...digests].filter(([name]) => isObject(name)));
    expect(new Map([...extracted].sort())).toEqual(new Map([...expected].sort()));
    expect(digests.size).toBe(objects.length + 3);
    const kept = path.join(target, ARCHIVE_ID, 'data', 'keys', KEYS[3]!);
    expect(sha256(await readFile(kept))).toBe(sha256(noise(3 * 97, KEYS[3])));
  });
});
