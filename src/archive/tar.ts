import { Header, Pax } from 'tar';

/**
 * Encodes tar entries (POSIX pax) with node-tar: files only, no owner, times in whole seconds, and
 * an extended header if a name or size needs one.
 */

export const BLOCK_BYTES = 512;

export const END_OF_TAR = Buffer.alloc(2 * BLOCK_BYTES);

export interface TarEntry {
  path: string;
  sizeBytes: number;
}

export function encodeEntryHeader(entry: TarEntry, modifiedAt: Date): Buffer {
  const data = {
    path: entry.path,
    size: entry.sizeBytes,
    mode: 0o644,
    uid: 0,
    gid: 0,
    mtime: wholeSeconds(modifiedAt),
    type: 'File' as const,
  };
  const block = Buffer.alloc(BLOCK_BYTES);
  const needsExtended = new Header(data).encode(block);
  if (!needsExtended) return block;
  return Buffer.concat([new Pax({ path: entry.path, size: entry.sizeBytes }).encode(), block]);
}

/** Tar counts seconds since 1970; an invalid or earlier time becomes 0. */
function wholeSeconds(time: Date): Date {
  const seconds = Math.floor(time.getTime() / 1000);
  return new Date(seconds > 0 ? seconds * 1000 : 0);
}

export function paddingOf(sizeBytes: number): number {
  const rest = sizeBytes % BLOCK_BYTES;
  return rest === 0 ? 0 : BLOCK_BYTES - rest;
}
