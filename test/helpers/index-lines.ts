import { createHash } from 'node:crypto';
import type { ChunkReference } from '../../src/archive/directory.js';
import { type IndexLine, encodeIndexLine } from '../../src/archive/index-line.js';

/** Lines of an index, and chunks of them. */

export function sampleLine(key: string, more: Partial<IndexLine> = {}): IndexLine {
  return {
    ...{ bucket: 'b', key, size: 1, etag: 'e'.repeat(32) },
    ...{ last_modified: '2024-01-15T02:00:00.000Z', sha256: 'a'.repeat(64) },
    ...{ path: `id/data/b/${key}`, archive: 'id', offset: 0, length: 100, inner: 0 },
    ...more,
  };
}

export function referenceOf(lines: readonly IndexLine[]): ChunkReference {
  const [first, last] = [lines[0], lines.at(-1)];
  const text = lines.map(encodeIndexLine).join('');
  const nameOf = (line: IndexLine | undefined) => ({
    bucket: line?.bucket ?? '',
    key: line?.key ?? '',
  });
  return {
    ...{ archive: 'id', offset: 0, length: 1, size: Buffer.byteLength(text) },
    sha256: createHash('sha256').update(text).digest('hex'),
    ...{ first: nameOf(first), last: nameOf(last) },
    objects: lines.length,
    bytes: lines.reduce((sum, { size }) => sum + size, 0),
  };
}
