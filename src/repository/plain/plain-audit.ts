import { createHash } from 'node:crypto';
import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Archive } from '../../archive/archive.js';
import type {
  ArchivePart,
  ArchiveProblem,
  AuditObserver,
  AuditResult,
  PartResult,
} from '../../archive/archive.js';
import type { ChunkReference, Directory } from '../../archive/directory.js';
import type { IndexLine } from '../../archive/index-line.js';
import { type MangamotionError, isMangamotionError } from '../../errors.js';
import type { ObjectName } from '../../key-order.js';
import { prefetchInOrder } from '../../prefetch.js';
import { translateFileError } from '../../files/errors.js';
import { DIRECTORY_FILE } from '../names.js';
import { walkTree, type FilePlace, type PlainFiles, type TreeEntry } from './plain-files.js';

/** The files that one worker reads at once, each in pieces of 1 MiB. */
const FILES_A_WORKER = 8;

/** A file to be checked, or why the files of a chunk are not known. */
type Item = Expected | { damage: MangamotionError };

interface Expected extends FilePlace {
  sha256: string;
  /** Absent for a document. */
  object?: ObjectName;
}

/** Checks the length and SHA-256 of all files that the index names, then looks for other files. */
export async function auditPlain(
  archive: Archive,
  files: PlainFiles,
  directory: Directory,
  observer: AuditObserver,
): Promise<AuditResult> {
  return await new PlainAudit(archive, files, directory, observer).run();
}

/**
 * Checks the files of one part: a chunk and its objects, or the directory and the documents. Files that no
 * index names are not looked for.
 */
export async function auditPlainPart(
  archive: Archive,
  files: PlainFiles,
  directory: Directory,
  part: ArchivePart,
  observer: AuditObserver,
): Promise<PartResult> {
  return await new PlainAudit(archive, files, directory, observer).runPart(part);
}

class PlainAudit {
  readonly #archive: Archive;
  readonly #files: PlainFiles;
  readonly #directory: Directory;
  readonly #observer: AuditObserver;
  readonly #ownChunks: ChunkReference[];
  /** The number of intact files, including the directory and the chunks. */
  #intact = 0;
  #objects = 0;
  #bytes = 0;

  constructor(archive: Archive, files: PlainFiles, directory: Directory, observer: AuditObserver) {
    this.#archive = archive;
    this.#files = files;
    this.#directory = directory;
    this.#observer = observer;
    this.#ownChunks = directory.chunks.filter((chunk) => chunk.archive === files.id);
  }

  async run(): Promise<AuditResult> {
    const sha256 = await this.#digestOfDirectory();
    await this.#check(this.#pages(this.#ownChunks, this.#directory.documents));
    await this.#findUnexpected();
    return { sha256, objects: this.#objects, bytes: this.#bytes };
  }

  /** The caller has already read and checked the directory. */
  async runPart({ chunk }: ArchivePart): Promise<PartResult> {
    const [chunks, documents] =
      chunk === undefined ? [[], this.#directory.documents] : [[chunk], []];
    await this.#check(this.#pages(chunks, documents));
    return { objects: this.#objects, bytes: this.#bytes };
  }

  async #check(pages: AsyncIterable<Item[]>): Promise<void> {
    const { workers = 1 } = this.#observer;
    const checks = prefetchInOrder(
      pages,
      { maxRequests: FILES_A_WORKER * workers, maxBytes: Infinity },
      () => 1,
      (item) => ('damage' in item ? Promise.resolve(undefined) : this.#problemOf(item)),
    );
    for await (const { item, result } of checks) {
      this.#observer.signal.throwIfAborted();
      if ('damage' in item) this.#report({ kind: 'chunk', message: item.damage.message });
      else this.#count(item, result);
      this.#observer.progress({ objects: this.#objects, bytes: this.#bytes });
    }
  }

  /**
   * Yields the documents and the objects of these chunks that lie in this archive, or the damage of a
   * chunk, and counts the intact chunks.
   */
  async *#pages(chunks: readonly ChunkReference[], documents: Expected[]): AsyncGenerator<Item[]> {
    yield documents;
    for (const chunk of chunks) {
      this.#observer.signal.throwIfAborted();
      try {
        const lines = await this.#archive.readChunk(chunk);
        this.#intact += 1;
        yield lines.filter(({ archive }) => archive === this.#files.id).map(expectedOf);
      } catch (error) {
        if (!isMangamotionError(error, 'damaged')) throw error;
        yield [{ damage: error }];
      }
    }
  }

  async #problemOf(file: Expected): Promise<string | undefined> {
    const hash = createHash('sha256');
    try {
      for await (const part of this.#files.read(file)) {
        this.#observer.signal.throwIfAborted();
        hash.update(part);
      }
    } catch (error) {
      if (isMangamotionError(error, 'damaged')) return error.message;
      throw error;
    }
    return hash.digest('hex') === file.sha256
      ? undefined
      : 'its bytes are not those that were backed up';
  }

  #count({ path, size, object }: Expected, wrong: string | undefined): void {
    // The path of an object may be a digest, so the message names its key.
    const what = object === undefined ? path : `${object.bucket}/${object.key}`;
    if (wrong !== undefined) {
      const kind = object === undefined ? 'document' : 'object';
      this.#report({ kind, message: `${what} is damaged: ${wrong}`, ...object });
      return;
    }
    this.#intact += 1;
    if (object === undefined) return;
    this.#objects += 1;
    this.#bytes += size;
  }

  /**
   * Reports what lies in the tree and in no index. Files are compared only if their number differs,
   * so that millions of them need not be remembered.
   */
  async #findUnexpected(): Promise<void> {
    let found = 0;
    for await (const { path, kind } of this.#walk()) {
      if (kind === 'file') found += 1;
      if (kind === 'other') this.#reportUnexpected(path, 'is neither a file nor a folder');
    }
    if (found === this.#intact) return;
    const known = await this.#knownInodes();
    for await (const { path, kind } of this.#walk()) {
      if (kind !== 'file') continue;
      const inode = await this.#files.inodeOf(path);
      if (inode === undefined || !known.has(inode)) {
        this.#reportUnexpected(path, 'is named in no index');
      }
    }
  }

  /** Collects the inodes of the expected files, because names may be spelled differently. */
  async #knownInodes(): Promise<Set<bigint>> {
    const known = new Set<bigint>();
    const remember = async (path: string | undefined) => {
      const inode = path === undefined ? undefined : await this.#files.inodeOf(path);
      if (inode !== undefined) known.add(inode);
    };
    await remember(`${this.#files.id}/${DIRECTORY_FILE}`);
    for (const { path } of this.#ownChunks) await remember(path);
    for await (const page of this.#pages(this.#ownChunks, this.#directory.documents)) {
      for (const item of page) if (!('damage' in item)) await remember(item.path);
    }
    return known;
  }

  async *#walk(): AsyncGenerator<TreeEntry> {
    const { root, id } = this.#files;
    try {
      for await (const { path, kind } of walkTree(root)) {
        this.#observer.signal.throwIfAborted();
        yield { path: `${id}/${path}`, kind };
      }
    } catch (error) {
      this.#observer.signal.throwIfAborted();
      throw translateFileError(error, 'read', root);
    }
  }

  #reportUnexpected(path: string, why: string): void {
    this.#report({ kind: 'unexpected', message: `${JSON.stringify(path)} ${why}` });
  }

  #report(problem: ArchiveProblem): void {
    this.#observer.problem(problem);
  }

  /** Computes the SHA-256 of the directory, which the caller has already read and checked. */
  async #digestOfDirectory(): Promise<string> {
    const { size } = await lstat(join(this.#files.root, DIRECTORY_FILE)).catch((error: unknown) => {
      throw translateFileError(error, 'read', join(this.#files.root, DIRECTORY_FILE));
    });
    const hash = createHash('sha256');
    const place = { path: `${this.#files.id}/${DIRECTORY_FILE}`, size };
    for await (const part of this.#files.read(place)) hash.update(part);
    this.#intact += 1;
    return hash.digest('hex');
  }
}

function expectedOf({ path, size, sha256, bucket, key }: IndexLine): Expected {
  return { path, size, sha256, object: { bucket, key } };
}
