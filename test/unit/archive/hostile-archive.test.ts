import { describe, expect, it } from 'vitest';
import { MemberKind, encodeMemberHeader } from '../../../src/archive/gzip.js';
import { LARGEST_DIRECTORY_BYTES } from '../../../src/archive/limits.js';
import { readMember } from '../../../src/archive/members.js';
import { ObjectReader } from '../../../src/archive/object-reader.js';
import { readChunk } from '../../../src/archive/reader.js';
import { expectDamaged } from '../../helpers/archive-damage.js';
import { MemorySource, collect } from '../../helpers/archive-memory.js';
import { deflatedMember } from '../../helpers/archive-members.js';
import { archiveOf, noise, openArchive } from '../../helpers/archive-samples.js';
import { tarEntry } from '../../helpers/archive-tar.js';

const MIB = 1024 * 1024;
const sample = await archiveOf([
  { bucket: 'b', key: 'large', content: noise(5 * MIB) },
  { bucket: 'b', key: 'small', content: noise(3000) },
]);

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

  it('is not read when it claims more than one of its kind can hold', async () => {
    const memberBytes = 8 * MIB + 1;
    for (const kind of [MemberKind.data, MemberKind.end]) {
      const header = encodeMemberHeader({ kind, memberBytes });
      const source = new MemorySource(Buffer.concat([header, Buffer.alloc(memberBytes)]));
      const reading = readMember(source, 0, source.sizeBytes, LARGEST_DIRECTORY_BYTES);
      await expectDamaged(reading, /impossible length/);
      expect(source.readBytes).toBe(header.length);
    }
  });

  it('does not fill the memory as one of many bombs in a chunk', async () => {
    const bomb = deflatedMember(
      MemberKind.chunk,
      tarEntry({ path: 'n', content: Buffer.alloc(8 * MIB) }),
    );
    const bombs = Buffer.concat([...Array<Buffer>(6).fill(bomb), Buffer.alloc(bomb.length)]);
    const source = new MemorySource(bombs);
    const { directory } = await openArchive(sample.bytes);
    const reference = { ...directory.chunks[0]!, offset: 0, length: bombs.length };
    // It gave up at 32 MiB: it would say something else of what follows.
    await expectDamaged(readChunk(source, reference), /larger than allowed/);
  });

  it('does not fill the memory as one of many in the run of a small object', async () => {
    const bomb = deflatedMember(MemberKind.data, Buffer.alloc(MIB));
    const bombs = Buffer.concat([...Array<Buffer>(4).fill(bomb), Buffer.alloc(bomb.length)]);
    const source = new MemorySource(bombs);
    const lying = { ...(await line(bombs)), inner: 2 ** 40 };
    await expectDamaged(new ObjectReader(source).readWhole(lying), /do not hold/);
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
    let received = 0;
    const reading = (async () => {
      for await (const part of new ObjectReader(source).read(longer)) {
        received += part.length;
      }
    })();
    await expectDamaged(reading, /do not hold/);
    expect(received).toBeLessThan(longer.size);
  });
});
