import { createHash } from 'node:crypto';
import type { Archive } from '../archive/archive.js';
import { damagedArchive } from '../archive/errors.js';
import type { IndexLine } from '../archive/index-line.js';
import { compareObjects, type ObjectName } from '../key-order.js';
import type { LocatedBackup } from '../repository/located-backup.js';
import { openCommitted } from '../repository/open-backup.js';

export interface OpenObject {
  line: IndexLine;
  /**
   * Yields the bytes, and checks the SHA-256 before the last of them: whoever got all has the right
   * ones. Rejects with `damaged`. The end of the generator, also by `return`, closes the archives once
   * it has begun.
   */
  pieces: AsyncGenerator<Buffer, undefined>;
}

/**
 * Opens an object of a backup; `undefined` if there is none of this name. In a bucket, this and the
 * first 4 MiB take four requests: the summary, the directory, one chunk of the index, and the bytes.
 */
export async function openObject(
  located: LocatedBackup,
  name: ObjectName,
): Promise<OpenObject | undefined> {
  const { archives, directory } = await openCommitted(located);
  let isHandedOn = false;
  try {
    const chunk = directory.chunks.find(({ last }) => compareObjects(last, name) >= 0);
    if (chunk === undefined || compareObjects(chunk.first, name) > 0) return undefined;
    const lines = await (await archives.of(chunk.archive)).readChunk(chunk);
    const line = lines.find((one) => compareObjects(one, name) === 0);
    if (line === undefined) return undefined;
    const archive = await archives.of(line.archive);
    isHandedOn = true;
    return { line, pieces: checkedPieces(archive, line, () => archives.close()) };
  } finally {
    if (!isHandedOn) await archives.close();
  }
}

async function* checkedPieces(
  archive: Archive,
  line: IndexLine,
  close: () => Promise<void>,
): AsyncGenerator<Buffer, undefined> {
  try {
    const hash = createHash('sha256');
    let last: Buffer | undefined;
    for await (const piece of archive.read(line)) {
      hash.update(piece);
      if (last !== undefined) yield last;
      last = piece;
    }
    if (hash.digest('hex') !== line.sha256) {
      throw damagedArchive(`the digest of ${line.path} is wrong`);
    }
    if (last !== undefined) yield last;
  } finally {
    await close();
  }
}
