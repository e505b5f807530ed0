import { Header } from 'tar';
import { beforeAll, describe, expect, it } from 'vitest';
import { READ_WHOLE_BYTES } from '../../../src/archive/archive.js';
import { MemberKind } from '../../../src/archive/gzip.js';
import { ObjectReader } from '../../../src/archive/object-reader.js';
import { TarArchiveWriter } from '../../../src/archive/tar-archive-writer.js';
import { MemorySink, collect } from '../../helpers/archive-memory.js';
import { type FoundMember, membersOf } from '../../helpers/archive-members.js';
import {
  ARCHIVE_ID,
  CREATED_AT,
  type OpenArchive,
  archiveOf,
  noise,
  openArchive,
  text,
} from '../../helpers/archive-samples.js';

const KB = 1000;
const MIB = 1024 * 1024;

const sizes: [string, number][] = [
  ['a-small', 300 * KB],
  ['b-small', 300 * KB],
  ['c-large', MIB + 1],
  ['d-large', 9 * MIB],
  ['e-small', 300 * KB],
  ...Array.from({ length: 20 }, (_, n): [string, number] => [`f-small-${n}`, 300 * KB]),
  ...Array.from({ length: 20 }, (_, n): [string, number] => [`g-tiny-${n}`, 40 * KB]),
];
const objects = sizes.map(([key, size]) => ({ bucket: 'b', key, content: noise(size, key) }));

describe('the layout of an archive', () => {
  let members: FoundMember[];
  let archive: OpenArchive;

  beforeAll(async () => {
    const { bytes } = await archiveOf(objects);
    members = membersOf(bytes);
    archive = await openArchive(bytes);
  });

  const lineOf = (key: string) => archive.lines.find((line) => line.key === key)!;
  const membersIn = (run: { offset: number; length: number }) =>
    members.filter(({ offset }) => offset >= run.offset && offset < run.offset + run.length);

  it('gives an object over 1 MiB a run of its own, whose members hold at most 4 MiB', () => {
    for (const [key, count] of [['c-large', 1] as const, ['d-large', 3] as const]) {
      const line = lineOf(key);
      const own = membersIn(line);
      expect(own).toHaveLength(count);
      expect(own[0]?.offset).toBe(line.offset);
      expect(own.reduce((sum, { length }) => sum + length, 0)).toBe(line.length);
      for (const member of own) expect(member.content.length).toBeLessThanOrEqual(4 * MIB);
      const others = archive.lines.filter(({ offset }) => offset === line.offset);
      expect(others).toEqual([line]);
      // The run begins with the object's own tar header.
      expect(line.inner).toBe(512);
      expect(new Header(own[0]!.content)).toMatchObject({ path: line.path, size: line.size });
    }
  });

  it('lets small objects share members of at most 352 KiB, one of 300 kB in each', () => {
    const small = archive.lines.filter(({ key }) => key.includes('small'));
    for (const line of small) {
      const [member, ...more] = membersIn(line);
      expect(more).toEqual([]);
      expect(member!.content.length).toBeLessThanOrEqual(352 * 1024);
    }
    const runs = new Set(small.map(({ offset }) => offset));
    expect(runs.size).toBe(small.length);
    const tiny = archive.lines.filter(({ key }) => key.includes('tiny'));
    expect(new Set(tiny.map(({ offset }) => offset)).size).toBeLessThan(5);
  });

  it('puts the chunk behind the objects that it describes, then the directory, then the end', () => {
    const kinds = members.map(({ kind }) => kind).slice(-3);
    expect(kinds).toEqual([MemberKind.chunk, MemberKind.directory, MemberKind.end]);
    const data = members.slice(0, -3);
    expect(data.every(({ kind }) => kind === MemberKind.data)).toBe(true);
    expect(archive.directory.chunks[0]?.offset).toBe(members.at(-3)?.offset);
  });

  it('lets one object of 300 kB be read with less than 512 kB of reads', async () => {
    for (const key of ['b-small', 'f-small-10']) {
      const reader = new ObjectReader(archive.source);
      archive.source.readBytes = 0;
      const content = Buffer.concat(await reader.readWhole(lineOf(key)));
      expect(content.equals(noise(300 * KB, key))).toBe(true);
      expect(archive.source.readBytes).toBeLessThan(512_000);
    }
  });

  it('lets a reader in order read each shared member once', async () => {
    const reader = new ObjectReader(archive.source);
    const shared = archive.lines.filter((line) => line.size <= READ_WHOLE_BYTES);
    archive.source.readBytes = 0;
    await Promise.all(shared.map((line) => reader.readWhole(line)));
    const runs = new Map(shared.map(({ offset, length }) => [offset, length]));
    const runBytes = [...runs.values()].reduce((sum, length) => sum + length, 0);
    expect(archive.source.readBytes).toBeLessThan(runBytes + runs.size * 100);
  });

  it('lets a reader that stops early leave the rest of a large object unread', async () => {
    archive.source.readBytes = 0;
    for await (const part of new ObjectReader(archive.source).read(lineOf('d-large'))) {
      expect(part.length).toBeGreaterThan(0);
      break;
    }
    expect(archive.source.readBytes).toBeLessThan(4.5 * MIB);
  });
});

describe('the members', () => {
  it('are deflated where that helps, and stored where it does not', async () => {
    const pages = [text(100 * KB), noise(100 * KB)].map((content, n) => ({
      bucket: 'b',
      key: String(n),
      content,
    }));
    const { bytes } = await archiveOf(pages);
    const [, first, second] = membersOf(bytes);
    expect(first!.length).toBeLessThan(30 * KB);
    expect(second!.length).toBeGreaterThan(100 * KB);
    expect(bytes.indexOf(pages[1]!.content.subarray(0, 60 * KB))).toBeGreaterThan(0);
  });

  it('of a content type that is compressed already are stored, text or not', async () => {
    const content = text(60 * KB);
    const { bytes } = await archiveOf([
      { bucket: 'b', key: 'a', content, contentType: 'image/jpeg' },
    ]);
    expect(bytes.indexOf(content)).toBeGreaterThan(0);
  });
});

describe('a document over 1 MiB', () => {
  it('gets members that a reader accepts', async () => {
    const sink = new MemorySink();
    const writer = new TarArchiveWriter(sink, ARCHIVE_ID, CREATED_AT);
    const content = text(9 * MIB);
    await writer.addDocument('metadata/large.json', content);
    await writer.finish([]);
    const { source, directory } = await openArchive(sink.bytes);
    const [document] = directory.documents;
    expect(document).toMatchObject({ path: `${ARCHIVE_ID}/metadata/large.json`, size: 9 * MIB });
    for (const member of membersOf(sink.bytes)) {
      expect(member.content.length).toBeLessThanOrEqual(4 * MIB);
    }
    const line = { ...document!, bucket: '', key: '', etag: '', last_modified: '' };
    const read = new ObjectReader(source).read(line);
    expect(Buffer.concat(await collect(read)).equals(content)).toBe(true);
  });
});
