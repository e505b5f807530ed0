import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import mime from 'mime';
import {
  READ_WHOLE_BYTES,
  type Archive,
  type ArchivePart,
  type ArchiveProblem,
  type AuditResult,
  type PartResult,
} from '../../archive/archive.js';
import type { ChunkReference, Directory, DocumentEntry } from '../../archive/directory.js';
import { type IndexLine, encodeIndexLine } from '../../archive/index-line.js';
import { errnoOf, translateFileError } from '../../files/errors.js';
import { inParallel } from '../../in-parallel.js';
import { compareKeys } from '../../key-order.js';
import { type WalkedEntry, statFile, walkInKeyOrder } from './legacy-objects.js';
import { damagedLegacy, cannotVerifyLegacy, type LegacyBackup } from './legacy-backup.js';

/** Small files are read together: on a disk, one at a time takes several times as long. */
const FILES_AT_ONCE = 16;

export interface Tree {
  root: string;
  remove: () => Promise<void>;
}

/**
 * Presents the tree that backup-minio.sh made as an archive. It has no index, so each read of a
 * chunk reads its files to compute their SHA-256, by which uploads are checked, and their MD5,
 * which becomes their ETag.
 */
export class LegacyArchive implements Archive {
  readonly sizeBytes: number;
  readonly #backup: LegacyBackup;
  readonly #tree: Tree;
  readonly #documents: ReadonlyMap<string, Buffer>;
  readonly #signal: AbortSignal | undefined;

  constructor(
    backup: LegacyBackup,
    tree: Tree,
    documents: ReadonlyMap<string, Buffer>,
    signal: AbortSignal | undefined,
  ) {
    this.sizeBytes = backup.bytes ?? Infinity;
    this.#backup = backup;
    this.#tree = tree;
    this.#documents = documents;
    this.#signal = signal;
  }

  /** There is no directory; `openLegacy` builds one. */
  readDirectory(): Promise<Directory> {
    return Promise.reject(cannotVerifyLegacy(this.#backup));
  }

  async readChunk({ first, last, objects }: ChunkReference): Promise<IndexLine[]> {
    const { bucket } = first;
    const entries: WalkedEntry[] = [];
    for await (const entry of walkInKeyOrder(this.#path(bucket, ''), first.key)) {
      if (compareKeys(entry.key, last.key) > 0) break;
      entries.push(entry);
    }
    const read = await inParallel(FILES_AT_ONCE, entries, async (entry) => {
      const file = await statFile(this.#tree.root, bucket, entry);
      return typeof file === 'string' ? undefined : await this.#lineOf(bucket, entry.key, file);
    });
    const lines = read.filter((line) => line !== undefined);
    if (lines.length === objects) return lines;
    throw damagedLegacy(`${this.#path(bucket, '')} was changed while it was read`);
  }

  async readChunkBytes(reference: ChunkReference): Promise<Buffer> {
    const lines = await this.readChunk(reference);
    return Buffer.from(lines.map(encodeIndexLine).join(''));
  }

  readDocument({ path }: DocumentEntry): Promise<Buffer> {
    const content = this.#documents.get(path);
    return content === undefined
      ? Promise.reject(damagedLegacy(`${path} is missing`))
      : Promise.resolve(content);
  }

  async readWhole(line: IndexLine): Promise<Buffer[]> {
    if (line.size > READ_WHOLE_BYTES)
      throw damagedLegacy(`${line.path} is too large to be read as a whole`);
    const parts: Buffer[] = [];
    for await (const part of this.read(line)) parts.push(part);
    return parts;
  }

  read({ bucket, key, size }: IndexLine): AsyncGenerator<Buffer> {
    return readTreeFile(this.#path(bucket, key), size);
  }

  checkEnd(): Promise<ArchiveProblem | undefined> {
    return Promise.reject(cannotVerifyLegacy(this.#backup));
  }

  audit(): Promise<AuditResult> {
    return Promise.reject(cannotVerifyLegacy(this.#backup));
  }

  parts(): ArchivePart[] {
    throw cannotVerifyLegacy(this.#backup);
  }

  auditPart(): Promise<PartResult> {
    return Promise.reject(cannotVerifyLegacy(this.#backup));
  }

  close(): Promise<void> {
    return this.#tree.remove();
  }

  async #lineOf(
    bucket: string,
    key: string,
    { size, mtime }: { size: number; mtime: Date },
  ): Promise<IndexLine> {
    const sha256 = createHash('sha256');
    const md5 = createHash('md5');
    for await (const part of readTreeFile(this.#path(bucket, key), size)) {
      this.#signal?.throwIfAborted();
      sha256.update(part);
      md5.update(part);
    }
    const contentType = contentTypeOf(key);
    return {
      bucket,
      key,
      size,
      etag: md5.digest('hex'),
      last_modified: mtime.toISOString(),
      sha256: sha256.digest('hex'),
      ...(contentType === null ? {} : { headers: { 'content-type': contentType } }),
      path: `${this.#backup.id}/data/${bucket}/${key}`,
      archive: this.#backup.id,
      offset: 0,
      length: size,
      inner: 0,
    };
  }

  #path(bucket: string, key: string): string {
    return join(this.#tree.root, 'data', bucket, key);
  }
}

/**
 * Guesses the content type by the key, as `mc mirror` does, because the scripts did not keep it.
 */
function contentTypeOf(key: string): string | null {
  // Without the slash, `png` would be taken for an extension.
  return mime.getType(`/${key}`);
}

const READ_BYTES = 1024 * 1024;
/** A file that became a link is not followed, and one that became a pipe does not block. */
const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** Reads a file piece by piece. Rejects with `damaged` if it does not have exactly `size` bytes. */
async function* readTreeFile(path: string, size: number): AsyncGenerator<Buffer> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, FLAGS);
    const found = await file.stat();
    if (!found.isFile() || found.size !== size) throw changed(path);
    for (let left = size; left > 0;) {
      const buffer = Buffer.allocUnsafeSlow(Math.min(left, READ_BYTES));
      const { bytesRead } = await file.read(buffer, 0, buffer.length);
      if (bytesRead === 0) throw changed(path);
      left -= bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ELOOP', 'ENXIO'].includes(errnoOf(error) ?? '')) {
      throw changed(path, error);
    }
    throw translateFileError(error, 'read', path);
  } finally {
    await file?.close();
  }
}

function changed(path: string, cause?: unknown) {
  return damagedLegacy(`${path} was changed while it was read`, cause);
}
