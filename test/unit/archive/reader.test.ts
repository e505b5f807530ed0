import { describe, expect, it } from 'vitest';
import { decodeDirectory, encodeDirectory } from '../../../src/archive/directory.js';
import { FOOTER_BYTES, decodeFooter, encodeFooter } from '../../../src/archive/footer.js';
import { MemberKind } from '../../../src/archive/gzip.js';
import { encodeIndexLine } from '../../../src/archive/index-line.js';
import { readChunk, readDirectory, readFooter } from '../../../src/archive/reader.js';
import { expectDamaged } from '../../helpers/archive-damage.js';
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
    },
  );

  it('is told from one that has it', async () => {
    expect(await readFooter(new MemorySource(sample.bytes))).toEqual(footer);
  });
});

describe('the footer', () => {
  it('of a newer version is refused, with the way to a newer program', async () => {
    const error = await failureOf(readFooter(withFooter({ version: 2 })));
    expect(error.code).toBe('refused');
    expect(error.message).toContain('version 2');
    expect(error.hint).toBe('Install a newer version of mangamotion.');
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
