import type { ArchivePart } from './archive.js';
import type { ChunkReference, Directory } from './directory.js';

/** Returns the index chunks that lie in the archive itself, in their order. */
export function ownChunksOf({ archive, chunks }: Directory): ChunkReference[] {
  return chunks.filter((chunk) => chunk.archive === archive).sort((a, b) => a.offset - b.offset);
}

/**
 * Divides a tar.gz of `sizeBytes` into parts that can be read and checked one at a time. Each ends
 * with an index chunk, which describes the objects before it; the last one is what follows the last
 * chunk. The parts cover the archive without a gap.
 */
export function partsOf(directory: Directory, sizeBytes: number): ArchivePart[] {
  const parts: ArchivePart[] = [];
  let from = 0;
  for (const chunk of ownChunksOf(directory)) {
    const to = chunk.offset + chunk.length;
    parts.push({ chunk, from, to });
    from = to;
  }
  return [...parts, { chunk: undefined, from, to: Math.max(from, sizeBytes) }];
}

/**
 * Divides a plain folder in the same way. Its files have no places, so the sizes are shares of
 * `sizeBytes` by what each chunk describes, which may lie in earlier archives.
 */
export function partsOfFolder(directory: Directory, sizeBytes: number): ArchivePart[] {
  const chunks = directory.chunks.filter(({ archive }) => archive === directory.archive);
  const weightOf = ({ size, bytes }: ChunkReference) => size + bytes;
  const total = chunks.reduce((sum, chunk) => sum + weightOf(chunk), 0);
  const parts: ArchivePart[] = [];
  let weight = 0;
  let from = 0;
  for (const chunk of chunks) {
    weight += weightOf(chunk);
    const to = Math.floor((sizeBytes / total) * weight);
    parts.push({ chunk, from, to });
    from = to;
  }
  return [...parts, { chunk: undefined, from, to: Math.max(from, sizeBytes) }];
}
