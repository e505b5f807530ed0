import { describe, expect, it } from 'vitest';
import { ChunkLines } from '../../../src/archive/chunk-lines.js';
import { type IndexLine, encodeIndexLine } from '../../../src/archive/index-line.js';
import { referenceOf, sampleLine } from '../../helpers/index-lines.js';

function chunkOf(lines: readonly IndexLine[], text = lines.map(encodeIndexLine).join('')) {
  const bytes = Buffer.from(text);
  return new ChunkLines(bytes, { ...referenceOf(lines), size: bytes.length });
}

describe('the lines of a chunk as bytes', () => {
  const one = sampleLine('a', { metadata: { a: '1', path: '/x","path":"/y', z: '1' } });

  it('have the same record wherever the bytes lie', () => {
    const elsewhere = { ...one, archive: 'other', path: 'other/data/b/a', offset: 7, inner: 512 };
    expect(chunkOf([one]).hasSameRecord(chunkOf([elsewhere]))).toBe(true);
  });

  it.each([
    ['the digest', { sha256: 'b'.repeat(64) }],
    ['the time', { last_modified: '2025-01-01T00:00:00.000Z' }],
    [
      'metadata that looks like a location',
      { metadata: { a: '1', path: '/x","path":"/z', z: '1' } },
    ],
    [
      'metadata behind an entry that is called path',
      { metadata: { a: '1', path: '/x","path":"/y', z: '2' } },
    ],
    ['tags behind it', { tags: [{ key: 'path', value: 'x' }] }],
  ])('have another record if it differs in %s', (_what, more) => {
    expect(chunkOf([one]).hasSameRecord(chunkOf([{ ...one, ...more }]))).toBe(false);
  });

  it('are decoded where that is asked for', () => {
    const bytes = Buffer.from(encodeIndexLine(one));
    const reference = { ...referenceOf([one]), size: bytes.length };
    const decoded = new ChunkLines(bytes, reference, { comparesBytes: false });
    expect(decoded.hasSameRecord(chunkOf([one]))).toBe(false);
    expect(decoded.line).toEqual(one);
  });

  /** All lines, decoded. */
  function readAll(chunk: ChunkLines): IndexLine[] {
    const read: IndexLine[] = [];
    while (!chunk.ended) {
      read.push(chunk.line);
      chunk.next();
    }
    return read;
  }

  it('come one after the other, up to the last', () => {
    const lines = ['a', 'b', 'c'].map((key) => sampleLine(key));
    expect(readAll(chunkOf(lines))).toEqual(lines);
  });

  const [a, b, c] = ['a', 'b', 'c'].map((key) => sampleLine(key)) as [
    IndexLine,
    IndexLine,
    IndexLine,
  ];
  const encoded = (...lines: IndexLine[]) => lines.map(encodeIndexLine).join('');

  it.each([
    ['another first line', encoded(b, c), /does not hold what the directory says/],
    ['another last line', encoded(a, b), /does not hold what the directory says/],
    ['fewer lines', encoded(a, c), /does not hold what the directory says/],
    ['more lines', encoded(a, b, sampleLine('bb'), c), /does not hold what the directory says/],
    ['a line that is cut off', encoded(a, b, c).slice(0, -9), /cannot be read/],
    ['a line that is no JSON', encoded(a) + 'nonsense\n' + encoded(c), /cannot be read/],
    ['lines out of order', encoded(a, sampleLine('bb'), b, c), /out of order/],
    ['nothing', '', /does not hold what the directory says/],
  ])('are damaged if there is %s', (_what, text, reason) => {
    expect(() => readAll(chunkOf([a, b, c], text))).toThrow(reason);
  });

  it('are damaged if one is longer than any that is written', () => {
    const long = sampleLine('a', { metadata: { x: 'x'.repeat(1024 * 1024) } });
    expect(() => chunkOf([long])).toThrow(/too long/);
  });
});
