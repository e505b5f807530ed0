import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { MemberKind, encodeMemberHeader } from '../../../src/archive/gzip.js';
import type { IndexLine } from '../../../src/archive/index-line.js';
import { ObjectReader } from '../../../src/archive/object-reader.js';
import { readTruncatedIndex } from '../../../src/archive/truncated.js';
import { MemorySource, collect } from '../../helpers/archive-memory.js';
import { type FoundMember, deflatedMember, membersOf } from '../../helpers/archive-members.js';
import { archiveOf, contentOf, noise, openArchive, sha256 } from '../../helpers/archive-samples.js';
import { tarEntry } from '../../helpers/archive-tar.js';

/** Keys of which each ends a chunk. */
function endingKeys(count: number): string[] {
  const keys: string[] = [];
  for (let n = 0; keys.length < count; n++) {
    const key = `key-${String(n).padStart(6, '0')}`;
    if (crc32(`b\0${key}`) % 8192 === 0) keys.push(key);
  }
  return keys;
}

const objects = endingKeys(4).flatMap((key, n) => [
  // In order before the key that ends the chunk, and behind the one before.
  { bucket: 'b', key: `${key.slice(0, -1)}!`, content: noise(n * 700, `${n}/before`) },
  { bucket: 'b', key, content: noise(n === 2 ? 1_100_000 : 400, `${n}`) },
]);

describe('a torn archive', () => {
  let bytes: Buffer;
  let members: FoundMember[];
  let lines: IndexLine[];
  let chunkEnds: number[];

  beforeAll(async () => {
    ({ bytes } = await archiveOf(objects));
    members = membersOf(bytes);
    lines = (await openArchive(bytes)).lines;
    chunkEnds = members
      .filter(({ kind }) => kind === MemberKind.chunk)
      .map(({ offset, length }) => offset + length);
  });

  async function linesOf(torn: Buffer): Promise<IndexLine[]> {
    return (await collect(readTruncatedIndex(new MemorySource(torn)))).flat();
  }

  async function expectWholeChunks(cut: number): Promise<void> {
    const torn = bytes.subarray(0, cut);
    const found = await linesOf(torn);
    const whole = chunkEnds.filter((end) => end <= cut).length;
    expect(found).toEqual(lines.slice(0, whole * 2));
    const reader = new ObjectReader(new MemorySource(torn));
    for (const line of found) expect(sha256(await contentOf(reader, line))).toBe(line.sha256);
  }

  it('has four chunks of two objects when it is whole', async () => {
    expect(chunkEnds).toHaveLength(4);
    expect(await linesOf(bytes)).toEqual(lines);
    expect(lines).toHaveLength(8);
  });

  it('gives the objects of its whole chunks, cut at any border of a member', async () => {
    for (const { offset, length } of members) {
      for (const cut of [offset, offset + 1, offset + length - 1, offset + length]) {
        await expectWholeChunks(cut);
      }
    }
  });

  it('gives the objects of its whole chunks, cut at any byte', async () => {
    const cuts = fc.asyncProperty(fc.nat(bytes.length), (cut) => expectWholeChunks(cut));
    await fc.assert(cuts, { numRuns: 60 });
  });

  it('gives them too when zeros follow, as after a loss of power', async () => {
    for (const cut of [chunkEnds[1]!, chunkEnds[1]! + 40]) {
      const torn = Buffer.concat([bytes.subarray(0, cut), Buffer.alloc(5000)]);
      expect(await linesOf(torn)).toEqual(lines.slice(0, 4));
    }
  });

  it('is read without its data', async () => {
    const source = new MemorySource(bytes);
    await collect(readTruncatedIndex(source));
    expect(source.readBytes).toBeLessThan(10_000);
  });

  it('ends at a chunk that is damaged', async () => {
    const second = members.filter(({ kind }) => kind === MemberKind.chunk)[1]!;
    for (const at of [second.offset, second.offset + 22, second.offset + second.length - 1]) {
      const damaged = Buffer.from(bytes);
      damaged[at]! ^= 1;
      expect(await linesOf(damaged)).toEqual(lines.slice(0, 2));
    }
  });

  it('ends at a chunk that claims more than a chunk can have, without reading it', async () => {
    const memberBytes = 40 * 1024 * 1024;
    const header = encodeMemberHeader({ kind: MemberKind.chunk, memberBytes });
    const source = new MemorySource(Buffer.concat([header, Buffer.alloc(memberBytes)]));
    expect(await collect(readTruncatedIndex(source))).toEqual([]);
    expect(source.largestReadBytes).toBeLessThan(1000);
  });

  it('ends at a member of no length, instead of going round for ever', async () => {
    const stuck = deflatedMember(MemberKind.data, Buffer.alloc(600), { memberBytes: 0 });
    expect(await linesOf(stuck)).toEqual([]);
  });

  it('ends at a chunk whose lines are none', async () => {
    const entry = tarEntry({ path: 'n/i', content: Buffer.from('{}\n') });
    expect(await linesOf(deflatedMember(MemberKind.chunk, entry))).toEqual([]);
  });
});
