import { createHash } from 'node:crypto';
import { join } from 'node:path';
import mime from 'mime';
import { type Archive, READ_WHOLE_BYTES } from '../../archive/archive.js';
import type { ArchiveProblem, AuditResult } from '../../archive/archive.js';
import type { ChunkReference, Directory, DocumentEntry } from '../../archive/directory.js';
import type { IndexLine } from '../../archive/index-line.js';
import { compareKeys } from '../../key-order.js';
import { walkInKeyOrder } from './key-order-walk.js';
import type { LegacyBackup } from './legacy-backup.js';
import { damagedLegacy, nothingToCheck } from './refusals.js';
import { look } from './survey.js';
import { readTreeFile } from './tree-file.js';

export interface Tree {
  /** Holds `data` and `metadata`. */
  root: string;
  remove: () => Promise<void>;
}

/**
 * The tree that backup-minio.sh made, as an archive. There is no index, so that each reading of a
 * chunk reads its files: for their SHA-256, by which an upload is checked, and for their MD5, which
 * is the ETag that the store gives them.
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

  /** There is none: what stands for it comes with the archive from `openLegacy`. */
  readDirectory(): Promise<Directory> {
    return Promise.reject(nothingToCheck(this.#backup));
  }

  async readChunk({ first, last, objects }: ChunkReference): Promise<IndexLine[]> {
    const lines: IndexLine[] = [];
    const { bucket } = first;
    for await (const entry of walkInKeyOrder(this.#path(bucket, ''), first.key)) {
      if (compareKeys(entry.key, last.key) > 0) break;
      const looked = await look(this.#tree.root, bucket, entry);
      if (typeof looked === 'string') continue;
      lines.push(await this.#lineOf(bucket, entry.key, looked));
    }
    if (lines.length === objects) return lines;
    throw damagedLegacy(`${this.#path(bucket, '')} was changed while it was read`);
  }

  readDocument({ path }: DocumentEntry): Promise<Buffer> {
    const content = this.#documents.get(path);
    return content === undefined
      ? Promise.reject(damagedLegacy(`${path} is missing`))
      : Promise.resolve(content);
  }

  async readWhole(line: IndexLine): Promise<Buffer[]> {
    if (line.size > READ_WHOLE_BYTES) throw damagedLegacy(`${line.path} is too large for that`);
    const parts: Buffer[] = [];
    for await (const part of this.read(line)) parts.push(part);
    return parts;
  }

  read({ bucket, key, size }: IndexLine): AsyncGenerator<Buffer> {
    return readTreeFile(this.#path(bucket, key), size);
  }

  checkEnd(): Promise<ArchiveProblem | undefined> {
    return Promise.reject(nothingToCheck(this.#backup));
  }

  audit(): Promise<AuditResult> {
    return Promise.reject(nothingToCheck(this.#backup));
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

/** The scripts did not keep it, and `mc mirror` went by the name too; `null` where that tells nothing. */
function contentTypeOf(key: string): string | null {
  // With a folder before it, `png` is a name without an ending, and not an ending.
  return mime.getType(`/${key}`);
}
