import { countOf, formatCount } from '../../count-of.js';
import { createHash } from 'node:crypto';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import {
  READ_WHOLE_BYTES,
  type Archive,
  type ArchivePart,
  type ArchiveProblem,
  type AuditObserver,
  type AuditResult,
  type DirectoryPlace,
  type PartResult,
} from '../../archive/archive.js';
import type { ChunkReference, Directory, DocumentEntry } from '../../archive/directory.js';
import { damagedArchive } from '../../archive/errors.js';
import { partsOfFolder } from '../../archive/parts.js';
import type { IndexLine } from '../../archive/index-line.js';
import {
  LARGEST_CHUNK_BYTES,
  LARGEST_DIRECTORY_BYTES,
  LARGEST_DOCUMENT_BYTES,
} from '../../archive/limits.js';
import { checkedBytes, checkedChunk, parseChunk, parseDirectory } from '../../archive/reader.js';
import { isMangamotionError } from '../../errors.js';
import { errnoOf, translateFileError } from '../../files/errors.js';
import type { TruncatedArchive } from '../leftover.js';
import { DIRECTORY_FILE } from '../names.js';
import { auditPlain, auditPlainPart } from './plain-audit.js';
import { PlainFiles, walkTree } from './plain-files.js';

/** An archive that is a tree of plain files in the folder `ID`. */
export class PlainArchive implements Archive {
  /** The size in the summary: counting the files would take a walk through the tree. */
  readonly sizeBytes: number;
  readonly #files: PlainFiles;

  constructor(files: PlainFiles, sizeBytes = Infinity) {
    this.sizeBytes = sizeBytes;
    this.#files = files;
  }

  async readDirectory(place: DirectoryPlace): Promise<Directory> {
    const file = { path: `${this.#files.id}/${DIRECTORY_FILE}`, size: place.length };
    return parseDirectory(await this.#files.readWhole(file, LARGEST_DIRECTORY_BYTES), place);
  }

  async readChunk(reference: ChunkReference): Promise<IndexLine[]> {
    return checkedChunk(await this.#readChunkFile(reference), reference);
  }

  async readChunkBytes(reference: ChunkReference): Promise<Buffer> {
    return checkedBytes(await this.#readChunkFile(reference), reference);
  }

  readDocument(entry: DocumentEntry): Promise<Buffer> {
    return this.#readChecked(entry, LARGEST_DOCUMENT_BYTES);
  }

  async readWhole(line: IndexLine): Promise<Buffer[]> {
    return [await this.#files.readWhole(line, READ_WHOLE_BYTES)];
  }

  read(line: IndexLine): AsyncGenerator<Buffer> {
    return this.#files.read(line);
  }

  /** Checks the total size of the files, as there is no footer. */
  async checkEnd(): Promise<ArchiveProblem | undefined> {
    const bytes = this.sizeBytes === Infinity ? Infinity : await this.#sumOfFiles();
    if (bytes === this.sizeBytes) return undefined;
    const kind = bytes < this.sizeBytes ? 'archive_truncated' : 'archive';
    const message = `the files of ${this.#files.id} have ${countOf(bytes, 'byte')} in total, but its summary says ${formatCount(this.sizeBytes)}`;
    return { kind, message };
  }

  audit(directory: Directory, observer: AuditObserver): Promise<AuditResult> {
    return auditPlain(this, this.#files, directory, observer);
  }

  parts(directory: Directory, sizeBytes: number): ArchivePart[] {
    return partsOfFolder(directory, sizeBytes);
  }

  auditPart(directory: Directory, part: ArchivePart, observer: AuditObserver): Promise<PartResult> {
    return auditPlainPart(this, this.#files, directory, part, observer);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #readChunkFile({ path, size }: ChunkReference): Promise<Buffer> {
    if (path !== undefined) return this.#files.readWhole({ path, size }, LARGEST_CHUNK_BYTES);
    throw damagedArchive('the directory does not name the file of an index chunk');
  }

  async #readChecked(
    file: { path: string; size: number; sha256: string },
    maxBytes: number,
  ): Promise<Buffer> {
    const bytes = await this.#files.readWhole(file, maxBytes);
    if (createHash('sha256').update(bytes).digest('hex') === file.sha256) return bytes;
    throw damagedArchive(`the digest of ${file.path} is wrong`);
  }

  async #sumOfFiles(): Promise<number> {
    const { root } = this.#files;
    let bytes = 0;
    try {
      for await (const { path, kind } of walkTree(root)) {
        if (kind === 'file') bytes += (await lstat(join(root, path))).size;
      }
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw translateFileError(error, 'read', root);
    }
    return bytes;
  }
}

const CHUNK_FILE = /^\d{5,}\.ndjson$/;

/** Opens an unfinished plain folder. Its lines are those of the complete index chunks. */
export function openTruncatedPlain(parent: string, id: string, folder: string): TruncatedArchive {
  const files = new PlainFiles(parent, id, folder);
  return { archive: new PlainArchive(files), lines: () => readLines(files) };
}

async function* readLines(files: PlainFiles): AsyncGenerator<IndexLine[]> {
  for (const name of await chunksIn(join(files.root, 'index'))) {
    const lines = await readChunk(files, name);
    if (lines !== undefined) yield lines;
  }
}

/** Resolves to `undefined` if a chunk is incomplete. */
async function readChunk(files: PlainFiles, name: string): Promise<IndexLine[] | undefined> {
  try {
    const { size } = await lstat(join(files.root, 'index', name));
    const place = { path: `${files.id}/index/${name}`, size };
    return parseChunk(await files.readWhole(place, LARGEST_CHUNK_BYTES), 0);
  } catch (error) {
    if (isMangamotionError(error, 'damaged')) return undefined;
    throw translateFileError(error, 'read', join(files.root, 'index', name));
  }
}

async function chunksIn(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).filter((name) => CHUNK_FILE.test(name)).sort();
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw translateFileError(error, 'list', folder);
  }
}
