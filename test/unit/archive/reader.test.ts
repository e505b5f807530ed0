import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { decodeDirectory, encodeDirectory } from '../../../src/archive/directory.js';
import { FOOTER_BYTES, decodeFooter, encodeFooter } from '../../../src/archive/footer.js';
import { MemberKind } from '../../../src/archive/gzip.js';
import { encodeIndexLine } from '../../../src/archive/index-line.js';
import { ObjectReader } from '../../../src/archive/object-reader.js';
import { readChunk, readDirectory, readFooter } from '../../../src/archive/reader.js';
import { hasFooter } from '../../../src/archive/torn.js';
import { MemorySource, collect, failureOf } from '../../helpers/archive-memory.js';
import { deflatedMember } from '../../helpers/archive-members.js';
import { archiveOf, noise, onlyChunk, openArchive, sha256 } from '../../helpers/archive-samples.js';
import { tarEntry } from '../../helpers/archive-tar.js';

const MIB = 1024 * 1024;
const sample = await archiveOf([
  { bucket: 'b', key: 'large', content: noise(5 * MIB) },
  { bucket: 'b', key: 'small', content: noise(3000) },
]);
const small = await archiveOf([{ bucket: 'b', key: 'small', content: noise(100) }]);
const chunk = await onlyChunk(sample.bytes);
const footer = decodeFooter(sample.bytes.subarray(-FOOTER_BYTES))!;

function withFooter(changes: Partial<typeof footer>): MemorySource {
  const body = sample.bytes.subarray(0, -FOOTER_BYTES);
  return new MemorySource(Buffer.concat([body, encodeFooter({ ...footer, ...changes })]));
}

/** Flips a bit in each byte of a stretch in turn, and gives what the reader makes of it. */
async function* eachFlipped<T>(
  run: { offset: number; length: number },
  read: (source: MemorySource) => Promise<T>,
): AsyncGenerator<T | 'damaged'> {
  const bytes = Buffer.from(small.bytes);
  for (let at = run.offset; at < run.offset + run.length; at++) {
    bytes[at]! ^= 0x10;
    const reading = read(new MemorySource(bytes));
    yield await reading.catch(async () => {
      await expectDamaged(reading);
      return 'damaged' as const;
    });
    bytes[at]! ^= 0x10;
  }
}

async function expectDamaged(promise: Promise<unknown>, words?: RegExp): Promise<void> {
  const error = await failureOf(promise);
  expect(error.code).toBe('damaged');
  expect(error.hint).toContain('mangamotion backup verify');
  if (words !== undefined) expect(error.message).toMatch(words);
}

/** The last byte of a deflate stream has bits that mean nothing: there, the content is the same. */
function expectAlmostAllDamaged<T>(outcomes: readonly (T | 'damaged')[], content: T): void {
  const read = outcomes.filter((outcome) => outcome !== 'damaged');
  expect(read.length).toBeLessThanOrEqual(1);
  for (const same of read) expect(same).toEqual(content);
}

describe('an archive without its footer', () => {
  it.each([0, 1, FOOTER_BYTES - 1, FOOTER_BYTES, 1000])(
    'is damaged: %i bytes left',
    async (left) => {
      const source = new MemorySource(sample.bytes.subarray(0, left));
      await expectDamaged(readFooter(source), /has no footer/);
      expect(await hasFooter(source)).toBe(false);
    },
  );

  it('is told from one that has it', async () => {
    expect(await hasFooter(new MemorySource(sample.bytes))).toBe(true);
    expect(await readFooter(new MemorySource(sample.bytes))).toEqual(footer);
  });
});

describe('the footer', () => {
  it('of a newer version is refused, with the way to a newer program', async () => {
    const error = await failureOf(readFooter(withFooter({ version: 2 })));
    expect(error.code).toBe('refused');
    expect(error.message).toContain('version 2');
    expect(error.hint).toContain('npm install');
  });

  it('that points outside the archive is damaged', async () => {
    const start = sample.bytes.length - FOOTER_BYTES;
    for (const place of [{ offset: start }, { offset: 2 ** 53 }, { length: 2 ** 60 }]) {
      await expectDamaged(readFooter(withFooter(place)), /outside/);
    }
    const toTheEnd = withFooter({ length: start - footer.offset });
    expect((await readFooter(toTheEnd)).offset).toBe(footer.offset);
  });

  it('that points to another place than a directory is damaged', async () => {
    for (const place of [{ offset: 0 }, { offset: footer.offset + 1 }, { length: 0 }]) {
      const source = withFooter(place);
      await expectDamaged(readFooter(source).then((found) => readDirectory(source, found)));
    }
  });
});

describe('a directory that is not as it was written', () => {
  it('is damaged by its digest', async () => {
    const source = withFooter({ sha256: '00'.repeat(32) });
    await expectDamaged(readDirectory(source, await readFooter(source)), /digest/);
  });

  it('is damaged by each flipped byte of its member', async () => {
    const place = await readFooter(new MemorySource(small.bytes));
    const { directory } = await openArchive(small.bytes);
    const outcomes = await collect(eachFlipped(place, (source) => readDirectory(source, place)));
    expect(outcomes).toHaveLength(place.length);
    expectAlmostAllDamaged(outcomes, directory);
  });

  it('is damaged when it has the right digest and no sense', async () => {
    const content = Buffer.from('{"format":1}');
    const member = deflatedMember(MemberKind.directory, tarEntry({ path: 'n/d', content }));
    const place = { version: 1, offset: 0, length: member.length, sha256: sha256(content) };
    await expectDamaged(readDirectory(new MemorySource(member), place), /cannot be read/);
  });
});

describe('an index chunk that is not as it was written', () => {
  it('is damaged by each flipped byte of its member', async () => {
    const reference = await onlyChunk(small.bytes);
    const { lines } = await openArchive(small.bytes);
    const outcomes = await collect(
      eachFlipped(reference, (source) => readChunk(source, reference)),
    );
    expect(outcomes).toHaveLength(reference.length);
    expectAlmostAllDamaged(outcomes, lines);
  });

  it.each([
    ['another digest', { sha256: '00'.repeat(32) }],
    ['another size', { size: chunk.size + 1 }],
    ['a place outside the archive', { offset: sample.bytes.length }],
    ['a length that ends outside', { length: sample.bytes.length }],
    ['no length', { length: 0 }],
    ['a length that ends in the member', { length: chunk.length - 1 }],
    ['the place of data', { offset: 0, length: 100 }],
    ['a place that no file has', { offset: 2 ** 53 - 1 }],
  ])('is damaged by %s', async (_, wrong) => {
    const reading = readChunk(new MemorySource(sample.bytes), { ...chunk, ...wrong });
    await expectDamaged(reading);
  });

  it('is damaged by lines out of order, or none, with the right digest', async () => {
    const { lines } = await openArchive(sample.bytes);
    const [first, second] = lines.map((line) => encodeIndexLine(line));
    for (const text of [`${second!}${first!}`, `${first!}${first!}`, '{}\n', 'no JSON\n']) {
      const content = Buffer.from(text);
      const member = deflatedMember(MemberKind.chunk, tarEntry({ path: 'n/i', content }));
      const place = { offset: 0, length: member.length, size: content.length };
      const reference = { ...chunk, ...place, sha256: sha256(content) };
      await expectDamaged(readChunk(new MemorySource(member), reference), /cannot be read/);
    }
  });

  it('is damaged by a tar of another kind', async () => {
    const member = deflatedMember(MemberKind.chunk, noise(1024));
    const reading = readChunk(new MemorySource(member), {
      ...chunk,
      offset: 0,
      length: member.length,
    });
    await expectDamaged(reading, /the tar is broken/);
  });
});

describe('a member that lies', () => {
  const content = tarEntry({ path: 'n/data/b/x', content: Buffer.alloc(100_000) });
  const line = async (member: Buffer) => ({
    ...(await openArchive(sample.bytes)).lines[1]!,
    ...{ size: 100_000, offset: 0, length: member.length, inner: 512 },
  });

  it.each([
    ['too short for a member', { memberBytes: 31 }],
    ['shorter than it is', { memberBytes: 60 }],
    ['longer than the archive', { memberBytes: 0xffff_ffff }],
    ['of no length', { memberBytes: 0 }],
    ['with another count of bytes', { inputBytes: content.length - 1 }],
    ['with another checksum', { crc: 1 }],
  ])('is damaged: %s', async (_, lies) => {
    const member = deflatedMember(MemberKind.data, content, lies);
    const reader = new ObjectReader(new MemorySource(member));
    await expectDamaged(reader.readWhole(await line(member)));
    await expectDamaged(collect(reader.read(await line(member))));
  });

  it('is read when it does not lie', async () => {
    const member = deflatedMember(MemberKind.data, content);
    const parts = await new ObjectReader(new MemorySource(member)).readWhole(await line(member));
    expect(Buffer.concat(parts).equals(Buffer.alloc(100_000))).toBe(true);
  });

  it('is damaged when it inflates to more than 8 MiB', async () => {
    const bomb = deflatedMember(MemberKind.data, Buffer.alloc(8 * MIB + 1));
    const reader = new ObjectReader(new MemorySource(bomb));
    await expectDamaged(reader.readWhole(await line(bomb)), /cannot be inflated/);
    await expectDamaged(collect(reader.read(await line(bomb))), /cannot be inflated/);
  });

  it('does not fill the memory as one of many bombs in a chunk', async () => {
    const bomb = deflatedMember(
      MemberKind.chunk,
      tarEntry({ path: 'n', content: Buffer.alloc(8 * MIB) }),
    );
    const bombs = Buffer.concat(Array<Buffer>(12).fill(bomb));
    const source = new MemorySource(bombs);
    const reference = { ...chunk, offset: 0, length: bombs.length };
    await expectDamaged(readChunk(source, reference), /larger than it can be/);
    // It gave up at 32 MiB, not at the end.
    expect(source.readBytes).toBeLessThan(6 * (bomb.length + 100));
  });

  it('does not fill the memory as one of many in the run of a small object', async () => {
    const bomb = deflatedMember(MemberKind.data, Buffer.alloc(MIB));
    const bombs = Buffer.concat(Array<Buffer>(12).fill(bomb));
    const source = new MemorySource(bombs);
    const lying = { ...(await line(bombs)), inner: 2 ** 40 };
    await expectDamaged(new ObjectReader(source).readWhole(lying));
    expect(source.readBytes).toBeLessThan(4 * (bomb.length + 100));
  });
});

describe('a line that lies about its object', () => {
  it.each([
    ['a place outside', { offset: 2 ** 50 }],
    ['a length to outside', { length: 2 ** 50 }],
    ['no length', { length: 0 }],
    ['a place within a member', { offset: 1 }],
    ['a start behind its member', { inner: 4 * MIB }],
    ['more bytes than its member has', { size: MIB }],
  ])('is damaged: %s', async (_, lie) => {
    const { source, lines } = await openArchive(sample.bytes);
    const small = { ...lines[1]!, ...lie };
    await expectDamaged(new ObjectReader(source).readWhole(small));
    await expectDamaged(collect(new ObjectReader(source).read(small)));
  });

  it('about a large object is damaged after the bytes that are there', async () => {
    const { source, lines } = await openArchive(sample.bytes);
    const longer = { ...lines[0]!, size: lines[0]!.size + 10_000 };
    const hash = createHash('sha256');
    let received = 0;
    const reading = (async () => {
      for await (const part of new ObjectReader(source).read(longer)) {
        hash.update(part);
        received += part.length;
      }
    })();
    await expectDamaged(reading, /do not hold/);
    expect(received).toBeLessThan(longer.size);
  });
});

describe('the hint at what was written', () => {
  it('is the same in the footer, the directory and the result of the writer', async () => {
    const { directory } = await openArchive(sample.bytes);
    const { version, ...place } = footer;
    expect(version).toBe(1);
    expect(sample.written.directory).toEqual(place);
    expect(decodeDirectory(encodeDirectory(directory))).toEqual(directory);
    expect(sha256(encodeDirectory(directory))).toBe(footer.sha256);
  });
});
