import { Header, Pax } from 'tar';

/**
 * Tar entries (POSIX pax) as bytes. The encoding is node-tar's; the rules here are: plain files
 * only, no owner, whole seconds, and an extended header where a name or a size needs one.
 */

export const BLOCK_BYTES = 512;

/** Two blocks of zeros end a tar. */
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

/** Tar counts seconds since 1970; a time that is none becomes that beginning. */
function wholeSeconds(time: Date): Date {
  const seconds = Math.floor(time.getTime() / 1000);
  return new Date(seconds > 0 ? seconds * 1000 : 0);
}

/** How many zeros follow a content of that size. */
export function paddingOf(sizeBytes: number): number {
  const rest = sizeBytes % BLOCK_BYTES;
  return rest === 0 ? 0 : BLOCK_BYTES - rest;
}
