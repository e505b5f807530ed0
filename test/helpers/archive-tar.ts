import { type HeaderData, Header } from 'tar';
import { TarScanner } from '../../src/archive/tar-scanner.js';
import { END_OF_TAR, encodeEntryHeader, paddingOf } from '../../src/archive/tar.js';
import type { TarFile } from './archive-members.js';

const MODIFIED_AT = new Date('2024-01-14T12:34:56Z');

/** A file as a tar holds it: header, content, padding. */
export function tarEntry({ path, content }: TarFile): Buffer {
  const header = encodeEntryHeader({ path, sizeBytes: content.length }, MODIFIED_AT);
  return Buffer.concat([header, content, Buffer.alloc(paddingOf(content.length))]);
}

export function tarOf(files: readonly TarFile[]): Buffer {
  return Buffer.concat([...files.map((file) => tarEntry(file)), END_OF_TAR]);
}

/** A single header block with any type and size, as an archive of ours never has it. */
export function headerBlock(data: HeaderData): Buffer {
  const block = Buffer.alloc(512);
  new Header({ path: 'n/data/b/x', mode: 0o644, size: 0, mtime: MODIFIED_AT, ...data }).encode(
    block,
  );
  return block;
}

/** Makes the checksum of a changed header block right again. */
export function withChecksum(block: Buffer): Buffer {
  const changed = Buffer.from(block);
  changed.fill(' ', 148, 156);
  const sum = changed.subarray(0, 512).reduce((total, byte) => total + byte, 0);
  changed.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return changed;
}

export interface ScannedFile extends TarFile {
  contentOffset: number;
}

/** What a scanner reports of the pieces; throws what it throws. */
export function scan(pieces: Iterable<Buffer>): { files: ScannedFile[]; ended: boolean } {
  const files: ScannedFile[] = [];
  let announced: { path: string; sizeBytes: number; contentOffset: number } | undefined;
  let parts: Buffer[] = [];
  const scanner = new TarScanner({
    entry: (path, sizeBytes, contentOffset) => {
      announced = { path, sizeBytes, contentOffset };
      parts = [];
    },
    content: (chunk) => parts.push(chunk),
    entryEnd: () => {
      const content = Buffer.concat(parts);
      if (announced?.sizeBytes !== content.length) throw new Error('not the announced size');
      files.push({ path: announced.path, contentOffset: announced.contentOffset, content });
    },
  });
  for (const piece of pieces) scanner.push(piece);
  return { files, ended: scanner.ended };
}
