import { beforeAll, describe, expect, it } from 'vitest';
import type { Directory } from '../../../src/archive/directory.js';
import { FOOTER_BYTES, FORMAT_VERSION, encodeFooter } from '../../../src/archive/footer.js';
import { MemberKind } from '../../../src/archive/gzip.js';
import { type IndexLine, encodeIndexLine } from '../../../src/archive/index-line.js';
import { END_OF_TAR } from '../../../src/archive/tar.js';
import { audit, namedKeys } from '../../helpers/archive-audit.js';
import { deflatedMember } from '../../helpers/archive-members.js';
import { archiveOf, noise, onlyChunk, openArchive, sha256 } from '../../helpers/archive-samples.js';
import { headerBlock, tarEntry } from '../../helpers/archive-tar.js';

/** An archive of the given tar pieces, a member each, with an index of the given lines. */
function craft(pieces: readonly Buffer[], lines: (offsets: number[]) => IndexLine[]) {
  const members = pieces.map((piece) => deflatedMember(MemberKind.data, piece));
  const offsets: number[] = [];
  let offset = 0;
  for (const member of members) {
    offsets.push(offset);
    offset += member.length;
  }
  const index = lines(offsets);
  const content = Buffer.from(index.map(encodeIndexLine).join(''));
  const chunk = deflatedMember(
    MemberKind.chunk,
    tarEntry({ path: 'n/index/00000.ndjson', content }),
  );
  const counts = {
    objects: index.length,
    bytes: index.reduce((sum, { size }) => sum + size, 0),
  };
  const name = { bucket: 'b', key: 'a' };
  const directory: Directory = {
    format: 1,
    archive: 'n',
    ...counts,
    buckets: [],
    documents: [],
    chunks: [
      {
        archive: 'n',
        offset,
        length: chunk.length,
        size: content.length,
        sha256: sha256(content),
        first: name,
        last: name,
        ...counts,
      },
    ],
  };
  const end = deflatedMember(MemberKind.end, END_OF_TAR);
  const place = { version: FORMAT_VERSION, offset, length: chunk.length, sha256: '00'.repeat(32) };
  const bytes = Buffer.concat([...members, chunk, end, encodeFooter(place)]);
  return { bytes, directory };
}

const content = noise(1000);
const file = tarEntry({ path: 'n/data/b/a', content });
const line = (offset: number, changes: Partial<IndexLine> = {}): IndexLine => ({
  bucket: 'b',
  key: 'a',
  size: content.length,
  etag: '',
  last_modified: '2024-01-14T12:34:56Z',
  sha256: sha256(content),
  path: 'n/data/b/a',
  archive: 'n',
  offset,
  length: 1,
  inner: 512,
  ...changes,
});

describe('an audit of a crafted archive', () => {
  it('finds nothing where all is as the index says', async () => {
    const { bytes, directory } = craft([file], ([at]) => [line(at!)]);
    expect(await audit(bytes, directory)).toMatchObject({ objects: 1, bytes: 1000, problems: [] });
  });

  it.each([
    ['another digest', { sha256: '00'.repeat(32) }],
    ['another size', { size: 999 }],
    ['another path', { path: 'n/data/b/b' }],
    ['another start', { inner: 513 }],
    ['a place behind the end', { offset: 2 ** 50 }],
    ['a place just outside its stretch', { offset: 1200 }],
  ])('names the object for which the index says %s', async (_, lie) => {
    const { bytes, directory } = craft([file], ([at]) => [line(at!, lie)]);
    const audited = await audit(bytes, directory);
    expect(namedKeys(audited)).toEqual(['a']);
    expect(audited.objects).toBe(0);
    expect(audited.sha256).toBe(sha256(bytes));
  });

  it('stays in the archive when there is damage and a line leads outside', async () => {
    const { bytes, directory } = craft([file], () => [line(2 ** 50)]);
    bytes[0]! ^= 1;
    const audited = await audit(bytes, directory);
    expect(audited.sha256).toBe(sha256(bytes));
    expect(namedKeys(audited)).toEqual(['a']);
  });

  it('counts neither a copy that was given up nor its bytes', async () => {
    const wrong = tarEntry({ path: 'n/data/b/a', content: Buffer.alloc(1000) });
    const { bytes, directory } = craft([wrong, file], ([, at]) => [line(at!)]);
    expect(await audit(bytes, directory)).toMatchObject({ objects: 1, problems: [] });
    const swapped = craft([wrong, file], ([at]) => [line(at!)]);
    expect(namedKeys(await audit(swapped.bytes, swapped.directory))).toEqual(['a']);
  });

  it.each([
    ['a link', headerBlock({ type: 'SymbolicLink', linkpath: '/etc/passwd' })],
    ['a folder', headerBlock({ type: 'Directory', path: 'n/data/b/x/' })],
    ['a device', headerBlock({ type: 'CharacterDevice' })],
    ['an end before the end', END_OF_TAR],
    ['bytes that are no tar', noise(512)],
    ['a number that cannot be read', headerBlock({ type: 'File' }).fill(0xc1, 100, 108)],
  ])('tells of %s between the objects', async (_, extra) => {
    const { bytes, directory } = craft([extra, file], ([, at]) => [line(at!)]);
    const audited = await audit(bytes, directory);
    expect(audited.problems.map(({ kind }) => kind)).toContain('tar');
  });

  it('tells of a file that reaches into the next member with what it hides there', async () => {
    const long = headerBlock({ type: 'File', path: 'n/data/b/long', size: 100_000 });
    const { bytes, directory } = craft([long, file], ([, at]) => [line(at!)]);
    expect(namedKeys(await audit(bytes, directory))).toEqual(['a']);
  });

  it('tells of a member that inflates to more than it may', async () => {
    const { bytes, directory } = craft([Buffer.alloc(8 * 1024 * 1024 + 512), file], ([, at]) => [
      line(at!),
    ]);
    const audited = await audit(bytes, directory);
    expect(audited.problems[0]?.message).toContain('cannot be inflated');
    expect(audited.objects).toBe(1);
  });
});

describe('an audit with a directory that lies', () => {
  let bytes: Buffer;
  let directory: Directory;

  beforeAll(async () => {
    ({ bytes } = await archiveOf([{ bucket: 'b', key: 'a', content }]));
    ({ directory } = await openArchive(bytes));
  });

  it.each([
    ['a chunk outside the archive', { offset: 2 ** 50 }],
    ['a chunk over the footer', { length: 2 ** 40 }],
    ['a chunk at the start', { offset: 0 }],
    ['a chunk of no length', { length: 0 }],
    ['a chunk that is cut off', { length: 40 }],
  ])('tells of %s', async (_, lie) => {
    const chunk = { ...(await onlyChunk(bytes)), ...lie };
    const audited = await audit(bytes, { ...directory, chunks: [chunk] });
    expect(audited.problems.map(({ kind }) => kind)).toContain('chunk');
    expect(audited.sha256).toBe(sha256(bytes));
  });

  it('tells of a document that is not there', async () => {
    const [document] = directory.documents;
    const missing = { ...document!, path: 'n/metadata/missing.json' };
    const audited = await audit(bytes, { ...directory, documents: [document!, missing] });
    expect(audited.problems).toMatchObject([{ kind: 'document' }]);
    expect(audited.problems[0]?.message).toContain('missing.json');
  });

  it('stays in the archive when there is damage and a document leads outside', async () => {
    const empty = (await archiveOf([])).bytes;
    const { directory: own } = await openArchive(empty);
    const outside = { ...own.documents[0]!, path: 'n/metadata/outside.json', offset: 2 ** 50 };
    empty[own.documents[0]!.offset + 30]! ^= 1;
    const audited = await audit(empty, { ...own, documents: [...own.documents, outside] });
    expect(audited.problems.map(({ kind }) => kind)).toContain('document');
    expect(audited.sha256).toBe(sha256(empty));
  });

  it('leaves the chunks of other archives alone', async () => {
    const other = { ...(await onlyChunk(bytes)), archive: 'another', offset: 2 ** 50 };
    const chunks = [...directory.chunks, other];
    expect(await audit(bytes, { ...directory, chunks })).toMatchObject({
      problems: [],
      objects: 1,
    });
  });

  it('tells of what lies between the end of the tar and the footer', async () => {
    const body = bytes.subarray(0, -FOOTER_BYTES);
    const hidden = deflatedMember(MemberKind.data, tarEntry({ path: 'n/data/b/a', content }));
    const longer = Buffer.concat([body, hidden, bytes.subarray(-FOOTER_BYTES)]);
    const audited = await audit(longer, directory);
    expect(audited.problems[0]?.message).toContain('after the end of the tar');
  });
});
