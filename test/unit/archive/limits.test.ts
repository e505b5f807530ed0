import { describe, expect, it } from 'vitest';
import { decodeDirectory } from '../../../src/archive/directory.js';
import { MemberKind } from '../../../src/archive/gzip.js';
import {
  LARGEST_DIRECTORY_BYTES,
  LARGEST_DOCUMENT_BYTES,
  LONGEST_KEY,
  MAX_BUCKETS,
  isTooDense,
  largestDirectoryBytes,
} from '../../../src/archive/limits.js';
import { parseChunk, readDirectory } from '../../../src/archive/reader.js';
import { TarArchive } from '../../../src/archive/tar-archive.js';
import { decodeSummary, encodeSummary } from '../../../src/repository/summary-codec.js';
import { expectDamaged } from '../../helpers/archive-damage.js';
import { MemorySource, failureOf } from '../../helpers/archive-memory.js';
import { deflatedMember } from '../../helpers/archive-members.js';
import { sha256 } from '../../helpers/archive-samples.js';
import { headerBlock, scan, tarEntry, withChecksum } from '../../helpers/archive-tar.js';
import { summaryOf } from '../../helpers/summaries.js';

const MIB = 1024 * 1024;

/** An archive that is nothing but a directory of that content. */
function archiveOf(content: Buffer) {
  const entry = tarEntry({ path: 'n/index/directory.json', content });
  const member = deflatedMember(MemberKind.directory, entry);
  const place = { offset: 0, length: member.length, sha256: sha256(content) };
  return { source: new MemorySource(member), place };
}

function withinSeconds<T>(seconds: number, what: () => T): T {
  const start = performance.now();
  const result = what();
  expect(performance.now() - start).toBeLessThan(1000 * seconds);
  return result;
}

const name = (key: string) => ({ bucket: 'b', key });
const directory = (more: object) =>
  Buffer.from(
    JSON.stringify({
      ...{ format: 1, archive: 'n', objects: 0, bytes: 0, buckets: [], documents: [], chunks: [] },
      ...more,
    }),
  );

describe('a directory', () => {
  it('is damaged, and not parsed, where it inflates to more than its archive allows', async () => {
    const { source, place } = archiveOf(Buffer.alloc(40 * MIB, ' '));
    expect(largestDirectoryBytes(source.sizeBytes)).toBeLessThan(40 * MIB);
    await expectDamaged(readDirectory(source, place), /cannot be inflated/);
  });

  it('may be larger in a larger archive, up to a limit', () => {
    expect(largestDirectoryBytes(2 * MIB)).toBe(64 * MIB);
    expect(largestDirectoryBytes(1e12)).toBe(LARGEST_DIRECTORY_BYTES);
  });

  it('is damaged where it names more chunks than its bytes have digests', async () => {
    const chunks = Array.from({ length: 20_000 }, (_, n) => ({
      ...{ archive: 'n', offset: n, length: 1, size: 1, sha256: '0'.repeat(64) },
      ...{ first: name(`${1e6 + n}`), last: name(`${1e6 + n}`), objects: 0, bytes: 0 },
    }));
    const buckets = [{ name: 'b', created_at: null, region: null, objects: 0, bytes: 0 }];
    const { source, place } = archiveOf(directory({ chunks, buckets }));
    await expectDamaged(readDirectory(source, place), /20,000 entries are too many/);
  });

  it('is damaged where it has too many buckets', () => {
    const buckets = Array<unknown>(MAX_BUCKETS + 1).fill({ name: 'b' });
    expect(() => decodeDirectory(directory({ buckets }))).toThrow(/100,001 entries are too many/);
  });

  it('is damaged where it would take many times its length in memory', () => {
    const dense = directory({ chunks: Array<unknown>(5 * MIB).fill({}) });
    withinSeconds(10, () => expect(() => decodeDirectory(dense)).toThrow(/more entries than/));
  });

  it('is damaged where it is nested a million times', () => {
    const deep = `{"format":1,"chunks":${'['.repeat(1e6)}${']'.repeat(1e6)}}`;
    expect(() => decodeDirectory(Buffer.from(deep))).toThrow();
  });
});

describe('a document', () => {
  it('is damaged, and not read, where it is larger than 16 MiB', async () => {
    const source = new MemorySource(Buffer.alloc(100));
    const archive = new TarArchive({ ...closable(source) });
    const place = { path: 'n/metadata/b/policy.json', offset: 0, length: 100, inner: 0 };
    const entry = { ...place, size: LARGEST_DOCUMENT_BYTES + 1, sha256: '0'.repeat(64) };
    await expectDamaged(archive.readDocument(entry), /larger than a document can be/);
    expect(source.readBytes).toBe(0);
  });
});

function closable(source: MemorySource) {
  return {
    sizeBytes: source.sizeBytes,
    read: (offset: number, length: number) => source.read(offset, length),
    close: () => Promise.resolve(),
  };
}

describe('an index chunk', () => {
  const line = (more: object) =>
    JSON.stringify({
      ...{ bucket: 'b', key: 'a', size: 0, etag: '', last_modified: '', sha256: '0'.repeat(64) },
      ...{ path: 'n/data/b/a', archive: 'n', offset: 0, length: 0, inner: 0, ...more },
    });

  it.each([
    ['a line of megabytes', line({ acl: 'x'.repeat(MIB) }), /too long/],
    ['a key of kilobytes', line({ key: 'k'.repeat(LONGEST_KEY + 1) }), /key is longer/],
    ['a path of kilobytes', line({ path: 'k'.repeat(20_000) }), /path is longer/],
    ['a bucket of kilobytes', line({ bucket: 'k'.repeat(20_000) }), /bucket is longer/],
    ['values beyond measure', `[${'{},'.repeat(4 * MIB)}{}]`, /more values than/],
    ['lists in lists', '['.repeat(500_000), /cannot be read/],
  ])('is damaged with %s', (_, text, words) => {
    const parse = async () => await Promise.resolve(parseChunk(Buffer.from(text), 0));
    return expect(failureOf(parse())).resolves.toMatchObject({
      code: 'damaged',
      message: expect.stringMatching(words) as unknown,
    });
  });
});

describe('a tar entry', () => {
  it.each([
    ['of a negative size', withChecksum(headerBlock({ type: 'File' }).fill(0xff, 124, 136))],
    [
      'that is a folder with a content',
      headerBlock({ type: 'Directory', path: 'n/d/', size: 2 ** 33 }),
    ],
    [
      'that is a file with the name of a folder',
      headerBlock({ type: 'File', path: 'n/d/', size: 512 }),
    ],
    [
      'with a long name of another kind',
      headerBlock({ type: 'NextFileHasLongPath', size: 2 ** 33 }),
    ],
    ['with a global header', headerBlock({ type: 'GlobalExtendedHeader', size: 2 ** 33 })],
    [
      'with an extended header of gigabytes',
      headerBlock({ type: 'ExtendedHeader', size: 2 ** 33 }),
    ],
  ])('%s is refused at its header', (_, block) => {
    withinSeconds(5, () => expect(() => scan([block, Buffer.alloc(MIB)])).toThrow(/./));
  });
});

describe('the summary', () => {
  const summary = summaryOf({ at: '2024-01-15T02:00:00Z', sequence: 1 });
  const failures = (count: number, reason: string) =>
    Array.from({ length: count }, (_, n) => ({ bucket: 'b', key: `k${n}`, reason }));

  it('is read with all its failures where they are few', () => {
    const bytes = Buffer.from(encodeSummary({ ...summary, failures: failures(11_000, 'r') }));
    const decoded = decodeSummary(bytes);
    expect(decoded.kind === 'valid' && decoded.summary.failures).toHaveLength(11_000);
  });

  it('is read with the first 10,000 failures, and a count of the rest, where they are very many', () => {
    const many = failures(60_000, 'x'.repeat(400));
    const decoded = decodeSummary(Buffer.from(encodeSummary({ ...summary, failures: many })));
    if (decoded.kind !== 'valid') throw new Error('damaged');
    const { failures: named, failures_omitted, ...rest } = decoded.summary;
    expect(named).toEqual(many.slice(0, 10_000));
    expect(failures_omitted).toBe(50_000);
    expect({ ...rest, failures: [], failures_omitted: 0 }).toEqual(summary);
  });

  it('is damaged where a byte of a failure that is not named was changed', () => {
    const many = failures(60_000, 'x'.repeat(400));
    const bytes = Buffer.from(encodeSummary({ ...summary, failures: many }));
    bytes[bytes.length - 100_000]! ^= 1;
    expect(decodeSummary(bytes)).toMatchObject({ kind: 'damaged' });
  });

  it.each([
    ['nested a hundred thousand times', `{\n  "a": ${'['.repeat(1e5)}${']'.repeat(1e5)}\n}`],
    ['of more values than its length can hold', `{\n  "a": [${'{},'.repeat(4 * MIB)}{}]\n}`],
    ['with fields that are no fields', '{\n  "__proto__": {"id": 1}\n}'],
  ])('is damaged, and no bug, where it is %s', (_, text) => {
    const signed = `${text.slice(0, -2)},\n  "digest": "${sha256(Buffer.from(text))}"\n}\n`;
    withinSeconds(5, () => {
      expect(decodeSummary(Buffer.from(signed))).toMatchObject({ kind: 'damaged' });
    });
  });
});

describe('JSON that is too dense', () => {
  it('is told by its values, and not by what its texts hold', () => {
    const texts = Buffer.from(JSON.stringify(['{[,"\\'.repeat(3 * MIB)]));
    expect(isTooDense(texts)).toBe(false);
    expect(isTooDense(Buffer.alloc(9 * MIB, ','))).toBe(true);
    expect(isTooDense(Buffer.alloc(9 * MIB, '['))).toBe(true);
    expect(isTooDense(Buffer.alloc(9 * MIB, '"'))).toBe(false);
  });
});
