import { Header, Pax } from 'tar';
import { describe, expect, it } from 'vitest';
import { ObjectReader } from '../../../src/archive/object-reader.js';
import type { ArchiveSink } from '../../../src/archive/sink.js';
import { TarArchiveWriter } from '../../../src/archive/tar-archive-writer.js';
import { MemorySink } from '../../helpers/archive-memory.js';
import { membersOf, readWithNodeTar } from '../../helpers/archive-members.js';
import {
  ARCHIVE_ID,
  CREATED_AT,
  type SampleObject,
  addInPieces,
  addWhole,
  bucketsOf,
  contentOf,
  noise,
  openArchive,
  recordOf,
  sha256,
} from '../../helpers/archive-samples.js';

const KIB = 1024;
const MIB = 1024 * KIB;

function newWriter(sink: ArchiveSink = new MemorySink()): TarArchiveWriter {
  return new TarArchiveWriter(sink, ARCHIVE_ID, CREATED_AT);
}

function announce(writer: TarArchiveWriter, key: string, sizeBytes: number) {
  const contentType = undefined;
  return writer.announceObject({
    bucket: 'b',
    key,
    sizeBytes,
    modifiedAt: CREATED_AT,
    contentType,
  });
}

describe('an object that is given up', () => {
  const object: SampleObject = { bucket: 'b', key: 'broken', content: noise(2 * MIB + 7) };
  const neighbours = ['a', 'z'].map((key) => ({ bucket: 'b', key, content: noise(100, key) }));

  /** Gives the object up after some bytes, and adds it again when told so. */
  async function archiveWith(writtenBytes: number, again: boolean): Promise<Buffer> {
    const sink = new MemorySink();
    const writer = newWriter(sink);
    await addWhole(writer, neighbours[0]!);
    const broken = announce(writer, object.key, object.content.length);
    if (writtenBytes > 0) await broken.write(noise(writtenBytes, 'wrong'));
    await broken.abandon();
    if (again) await addInPieces(MIB)(writer, object);
    await addWhole(writer, neighbours[1]!);
    await writer.finish(bucketsOf(neighbours));
    return sink.bytes;
  }

  it.each([0, 1, 512, MIB, 2 * MIB + 6, 2 * MIB + 7])(
    'after %i bytes is left out of the index, and the tar stays whole',
    async (writtenBytes) => {
      const bytes = await archiveWith(writtenBytes, false);
      const { source, lines, directory } = await openArchive(bytes);
      expect(lines.map(({ key }) => key)).toEqual(['a', 'z']);
      expect(directory).toMatchObject({ objects: 2, bytes: 200 });
      const reader = new ObjectReader(source);
      for (const line of lines) expect(sha256(await contentOf(reader, line))).toBe(line.sha256);
      const tar = Buffer.concat(membersOf(bytes).map(({ content }) => content));
      const broken = (await readWithNodeTar(tar)).filter(({ path }) => path.endsWith('/broken'));
      if (writtenBytes === 0) {
        expect(broken).toEqual([]);
      } else {
        const zeros = Buffer.alloc(object.content.length - writtenBytes);
        const padded = Buffer.concat([noise(writtenBytes, 'wrong'), zeros]);
        expect(broken.map(({ content }) => content.equals(padded))).toEqual([true]);
      }
    },
  );

  it('and added again has the last entry of its name, which the index means', async () => {
    const bytes = await archiveWith(MIB, true);
    const { source, lines } = await openArchive(bytes);
    expect(lines.map(({ key }) => key)).toEqual(['a', 'broken', 'z']);
    const content = await contentOf(new ObjectReader(source), lines[1]!);
    expect(content.equals(object.content)).toBe(true);
    const tar = Buffer.concat(membersOf(bytes).map((member) => member.content));
    const named = (await readWithNodeTar(tar)).filter(({ path }) => path === lines[1]!.path);
    expect(named).toHaveLength(2);
    expect(named[1]!.content.equals(object.content)).toBe(true);
  });
});

describe('an object that is not as announced', () => {
  it('is refused when it has too many bytes', async () => {
    const object = announce(newWriter(), 'a', 10);
    await expect(object.write(noise(11))).rejects.toThrow(RangeError);
  });

  it('is refused when it is committed with too few', async () => {
    const content = noise(10);
    const object = announce(newWriter(), 'a', 10);
    await object.write(content.subarray(1));
    expect(() => object.commit(recordOf({ bucket: 'b', key: 'a', content }))).toThrow(RangeError);
  });

  it('is refused when it is small and another length than its record says', async () => {
    const record = recordOf({ bucket: 'b', key: 'a', content: noise(10) });
    await expect(newWriter().addWholeObject(record, [noise(9)])).rejects.toThrow(RangeError);
    await expect(newWriter().addWholeObject(record, [noise(11)])).rejects.toThrow(RangeError);
  });
});

describe('the order of objects', () => {
  it.each([
    ['the same again', 'b', 'm', 'b', 'm'],
    ['a key before', 'b', 'm', 'b', 'l'],
    ['a bucket before', 'b', 'm', 'a', 'z'],
    ['one that only JavaScript would put behind', 'b', '\u{1f600}', 'b', '\uff5e'],
  ])('is kept: %s is refused', async (_, bucket, key, nextBucket, nextKey) => {
    const writer = newWriter();
    await addWhole(writer, { bucket, key, content: noise(1) });
    const next = { bucket: nextBucket, key: nextKey, content: noise(1) };
    await expect(addWhole(writer, next)).rejects.toThrow(/out of order/);
  });
});

describe('an object of 9 GiB', () => {
  it('is announced by a header that gives its size to every reader', async () => {
    const sink = new MemorySink();
    const writer = newWriter(sink);
    const sizeBytes = 9 * KIB * MIB;
    // Only its first member; the rest never comes.
    await announce(writer, 'huge', sizeBytes).write(Buffer.alloc(4 * MIB));
    await expect.poll(() => sink.bytes.length).toBeGreaterThan(0);
    const [member] = membersOf(Buffer.concat([sink.bytes, Buffer.alloc(65)]).subarray());
    const tar = member!.content;
    const extended = new Header(tar);
    expect(extended.type).toBe('ExtendedHeader');
    const pax = Pax.parse(tar.toString('utf8', 512, 512 + (extended.size ?? 0)));
    expect(pax.size).toBe(sizeBytes);
    const file = new Header(tar, 1024, pax);
    expect(file).toMatchObject({ type: 'File', size: sizeBytes, cksumValid: true });
    expect(new Header(tar, 1024).size).toBe(sizeBytes);
  });
});
