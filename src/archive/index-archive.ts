import { MangamotionError } from '../errors.js';
import type { Archive, ArchivePart, AuditResult, DirectoryPlace, PartResult } from './archive.js';
import type { ChunkReference, Directory } from './directory.js';
import { damagedArchive } from './errors.js';
import type { IndexLine } from './index-line.js';
import { FOOTER_BYTES } from './footer.js';
import { storedMemberBytes } from './gzip.js';
import { LARGEST_ATTACHED_BYTES, LARGEST_DIRECTORY_BYTES } from './limits.js';
import { ownChunksOf, partsOf } from './parts.js';
import { parseDirectory, readChunk, readChunkBytes, readFooter, readOnlyFile } from './reader.js';
import type { ClosableSource } from './sink.js';
import { END_OF_TAR } from './tar.js';

/**
 * Reads what `IndexCopy` wrote, in the place of the archive: its directory and its chunks are there,
 * its objects and documents are not.
 */
export class IndexArchive implements Archive {
  /** The size of the archive that it stands for. */
  readonly sizeBytes: number;
  readonly #source: ClosableSource;
  readonly #id: string;
  #opened: Promise<Opened> | undefined;

  constructor(source: ClosableSource, id: string, archiveBytes: number) {
    this.#source = source;
    this.#id = id;
    this.sizeBytes = archiveBytes;
  }

  async readDirectory(place: DirectoryPlace): Promise<Directory> {
    const { directory, sha256 } = await this.#open();
    if (sha256 === place.sha256) return directory;
    throw damagedArchive(`the index of ${this.#id} is not the one of its archive`);
  }

  async readChunk(reference: ChunkReference): Promise<IndexLine[]> {
    return await readChunk(this.#source, await this.#placed(reference));
  }

  async readChunkBytes(reference: ChunkReference): Promise<Buffer> {
    return await readChunkBytes(this.#source, await this.#placed(reference));
  }

  async #placed(reference: ChunkReference): Promise<ChunkReference> {
    const { places } = await this.#open();
    const offset = places.get(reference.offset);
    if (offset !== undefined) return { ...reference, offset };
    throw damagedArchive(`the index of ${this.#id} has no chunk of byte ${reference.offset}`);
  }

  /** Reads the document behind the directory. */
  async readAttached(): Promise<Buffer> {
    const { attached } = await this.#open();
    return await readOnlyFile(this.#source, attached, LARGEST_ATTACHED_BYTES);
  }

  readDocument(): Promise<Buffer> {
    return Promise.reject(this.withoutContents());
  }

  readWhole(): Promise<Buffer[]> {
    return Promise.reject(this.withoutContents());
  }

  // oxlint-disable-next-line typescript/require-await
  async *read(): AsyncGenerator<Buffer> {
    throw this.withoutContents();
  }

  checkEnd(): Promise<undefined> {
    return Promise.reject(this.withoutContents());
  }

  audit(): Promise<AuditResult> {
    return Promise.reject(this.withoutContents());
  }

  parts(directory: Directory, sizeBytes: number): ArchivePart[] {
    return partsOf(directory, sizeBytes);
  }

  auditPart(): Promise<PartResult> {
    return Promise.reject(this.withoutContents());
  }

  close(): Promise<void> {
    return this.#source.close();
  }

  #open(): Promise<Opened> {
    this.#opened ??= openIndex(this.#source);
    return this.#opened;
  }

  /** The error of every read of contents. */
  withoutContents(): MangamotionError {
    return new MangamotionError(
      'access_denied',
      `the contents of ${this.#id} are encrypted, and the key of this host opens only its index`,
      { hint: 'Give a key of its recipients with --identity FILE.' },
    );
  }
}

/** The bytes of the end of the tar and of the footer, which follow the attached document. */
const TRAILER_BYTES = storedMemberBytes(END_OF_TAR.length) + FOOTER_BYTES;

interface Opened {
  directory: Directory;
  sha256: string;
  /** The offset of each chunk in this file, by its offset in the archive. */
  places: Map<number, number>;
  attached: { offset: number; length: number };
}

async function openIndex(source: ClosableSource): Promise<Opened> {
  const { offset, length, sha256 } = await readFooter(source);
  const bytes = await readOnlyFile(source, { offset, length }, LARGEST_DIRECTORY_BYTES);
  const directory = parseDirectory(bytes, { length, sha256 });
  const places = new Map<number, number>();
  let at = 0;
  for (const chunk of ownChunksOf(directory)) {
    places.set(chunk.offset, at);
    at += chunk.length;
  }
  if (at !== offset) throw damagedArchive('the index does not hold what its directory says');
  const behind = offset + length;
  const attached = { offset: behind, length: source.sizeBytes - TRAILER_BYTES - behind };
  return { directory, sha256, places, attached };
}
