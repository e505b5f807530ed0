import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MemberKind } from '../../../src/archive/gzip.js';
import { ObjectReader } from '../../../src/archive/object-reader.js';
import {
  ARCHIVE_ID,
  type SampleObject,
  addInPieces,
  addWhole,
  archiveOf,
  contentOf,
  inOrder,
  noise,
  openArchive,
  recordOf,
  text,
} from '../../helpers/archive-samples.js';
import { membersOf, readWithNodeTar } from '../../helpers/archive-members.js';

const MIB = 1024 * 1024;
const BORDERS = [0, 1, 511, 512, 513, MIB - 1, MIB, MIB + 1, 4 * MIB - 512, 4 * MIB, 4 * MIB + 1];
const ODD_KEYS = [
  'a',
  'a/b',
  'a/b/c',
  '..',
  '/leading',
  'trailing/',
  'a//b',
  'new\nline',
  ' ',
  '\uff5e',
  '\u{1f600}',
  `${'x'.repeat(255)}/${'\u{1f600}'.repeat(63)}`,
  'x'.repeat(256),
  'back\\slash',
  '__proto__',
];

/** Once made, used by all runs: the bytes do not matter, their number does. */
const contents = new Map(BORDERS.flatMap((size) => [[`n${size}`, noise(size)] as const]));
const texts = new Map(BORDERS.flatMap((size) => [[`t${size}`, text(size)] as const]));

function contentFor(size: number, compressible: boolean): Buffer {
  return (compressible ? texts.get(`t${size}`) : contents.get(`n${size}`))!;
}

/** Everything that the archive holds is what was put in: by index, by directory, by tar. */
async function expectSame(objects: readonly SampleObject[], bytes: Buffer): Promise<void> {
  const sorted = inOrder(objects);
  const { source, directory, lines } = await openArchive(bytes);
  expect(lines.map(({ bucket, key }) => [bucket, key])).toEqual(
    sorted.map(({ bucket, key }) => [bucket, key]),
  );
  const reader = new ObjectReader(source);
  for (const [n, object] of sorted.entries()) {
    expect(lines[n]).toMatchObject(recordOf(object));
    const content = await contentOf(reader, lines[n]!);
    expect(content.equals(object.content), `${object.bucket}/${object.key}`).toBe(true);
  }
  const total = sorted.reduce((sum, { content }) => sum + content.length, 0);
  expect(directory).toMatchObject({ archive: ARCHIVE_ID, objects: sorted.length, bytes: total });
  for (const bucket of directory.buckets) {
    const own = sorted.filter((object) => object.bucket === bucket.name);
    expect(bucket.objects).toBe(own.length);
    expect(bucket.bytes).toBe(own.reduce((sum, { content }) => sum + content.length, 0));
  }
  const inChunks = directory.chunks.reduce((sum, chunk) => sum + chunk.objects, 0);
  expect(inChunks).toBe(sorted.length);
}

const sizedObject = fc.record({
  bucket: fc.constantFrom('b', 'b-2', 'c'),
  key: fc.oneof(fc.constantFrom(...ODD_KEYS), fc.string({ unit: 'binary', maxLength: 20 })),
  size: fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(0, 1, 511, 512, 513) },
    fc.constantFrom(...BORDERS),
  ),
  compressible: fc.boolean(),
});
const anyObjects = fc
  .uniqueArray(sizedObject, { maxLength: 12, selector: ({ bucket, key }) => `${bucket}\0${key}` })
  .map((objects) =>
    objects.map(({ bucket, key, size, compressible }) => ({
      bucket,
      key,
      content: contentFor(size, compressible),
    })),
  );

describe('any objects', () => {
  it('come back whole, by every way of reading, and are counted right', async () => {
    const property = fc.asyncProperty(anyObjects, async (objects) => {
      const { bytes, written } = await archiveOf(objects);
      expect(written.objects).toBe(objects.length);
      await expectSame(objects, bytes);
    });
    await fc.assert(property, { numRuns: 25 });
  });

  it('come back whole when some are written while they are being read', async () => {
    const pieces = fc.constantFrom(MIB, 65_536, 100_003, 5 * MIB);
    const property = fc.asyncProperty(anyObjects, pieces, async (objects, pieceBytes) => {
      const add = addInPieces(pieceBytes);
      const { bytes } = await archiveOf(objects, (writer, object) =>
        object.content.length % 2 === 0 ? add(writer, object) : addWhole(writer, object),
      );
      await expectSame(objects, bytes);
    });
    await fc.assert(property, { numRuns: 15 });
  });
});

describe('all sizes at the borders, with all odd keys', () => {
  const objects = BORDERS.flatMap((size, n) => [
    { bucket: 'b', key: ODD_KEYS[n]!, content: contentFor(size, false) },
    { bucket: 'c', key: ODD_KEYS[n + 4]!, content: contentFor(size, true) },
  ]);

  it('come back whole', async () => {
    const { bytes } = await archiveOf(objects);
    await expectSame(objects, bytes);
  });

  it('are a tar to node-tar, with the paths of the index', async () => {
    const { bytes } = await archiveOf(objects);
    const tar = Buffer.concat(membersOf(bytes).map(({ content }) => content));
    const files = new Map((await readWithNodeTar(tar)).map((file) => [file.path, file.content]));
    const { lines } = await openArchive(bytes);
    for (const [n, { content }] of inOrder(objects).entries()) {
      expect(files.get(lines[n]!.path)?.equals(content)).toBe(true);
    }
    const indexFiles = [...files.keys()].filter((path) => path.startsWith(`${ARCHIVE_ID}/index/`));
    expect(indexFiles).toEqual([
      `${ARCHIVE_ID}/index/00000.ndjson`,
      `${ARCHIVE_ID}/index/directory.json`,
    ]);
    expect(files.size).toBe(objects.length + 3);
  });

  it('are the same bytes each time', async () => {
    const [first, second] = [await archiveOf(objects), await archiveOf(objects)];
    expect(first.bytes.equals(second.bytes)).toBe(true);
  });
});

describe('the pieces in which content comes', () => {
  it.each([1, 2, 511, 512, 513])('do not matter: %i bytes each', async (pieceBytes) => {
    const objects = [noise(2000), text(1536), Buffer.alloc(0)].map((content, n) => ({
      bucket: 'b',
      key: String(n),
      content,
    }));
    const { bytes } = await archiveOf(objects, addInPieces(pieceBytes));
    await expectSame(objects, bytes);
  });

  it('do not matter for a small object that is all there', async () => {
    const object = { bucket: 'b', key: 'a', content: noise(3000) };
    const single = [...object.content].map((byte) => Buffer.from([byte]));
    const { bytes } = await archiveOf([object], (writer) =>
      writer.addWholeObject(recordOf(object), single),
    );
    await expectSame([object], bytes);
  });
});

describe('an archive of nothing', () => {
  it('has a directory without chunks, and buckets that are empty', async () => {
    const { bytes, written } = await archiveOf([]);
    const { directory, lines } = await openArchive(bytes);
    expect(lines).toEqual([]);
    expect(directory).toMatchObject({ objects: 0, bytes: 0, chunks: [], buckets: [] });
    expect(written).toMatchObject({ objects: 0, objectBytes: 0, references: [] });
    expect(membersOf(bytes).map(({ kind }) => kind)).toEqual([
      MemberKind.data,
      MemberKind.directory,
      MemberKind.end,
    ]);
  });
});
