import { countOf } from '../count-of.js';
import { createHash } from 'node:crypto';
import { isMangamotionError } from '../errors.js';
import type {
  Archive,
  ArchivePart,
  ArchiveProblem,
  AuditObserver,
  AuditResult,
  DirectoryPlace,
  PartResult,
} from './archive.js';
import { auditArchive, auditPart } from './audit.js';
import { partsOf } from './parts.js';
import type { ChunkReference, Directory, DocumentEntry } from './directory.js';
import { damagedArchive } from './errors.js';
import type { IndexLine } from './index-line.js';
import { LARGEST_DOCUMENT_BYTES } from './limits.js';
import { ObjectReader } from './object-reader.js';
import { REQUESTS_A_WORKER, readingAhead } from './read-ahead.js';
import { readChunk, readChunkBytes, readDirectory, readFooter } from './reader.js';
import type { ClosableSource } from './sink.js';

/** Places in it are those in the tar.gz; its size is that of the file, which may be encrypted. */
export class TarArchive implements Archive {
  readonly #source: ClosableSource;
  readonly #objects: ObjectReader;

  constructor(source: ClosableSource) {
    this.#source = source;
    this.#objects = new ObjectReader(source);
  }

  get sizeBytes(): number {
    return this.#source.storedBytes ?? this.#source.sizeBytes;
  }

  readDirectory(place: DirectoryPlace): Promise<Directory> {
    return readDirectory(this.#source, place);
  }

  readChunk(reference: ChunkReference): Promise<IndexLine[]> {
    return readChunk(this.#source, reference);
  }

  readChunkBytes(reference: ChunkReference): Promise<Buffer> {
    return readChunkBytes(this.#source, reference);
  }

  async readDocument(entry: DocumentEntry): Promise<Buffer> {
    if (entry.size > LARGEST_DOCUMENT_BYTES) {
      throw damagedArchive(
        `${entry.path} is larger than a document can be (${countOf(entry.size, 'byte')})`,
      );
    }
    const parts: Buffer[] = [];
    for await (const part of this.#objects.read(entry)) parts.push(part);
    const bytes = Buffer.concat(parts);
    if (createHash('sha256').update(bytes).digest('hex') !== entry.sha256) {
      throw damagedArchive(`the digest of ${entry.path} is wrong`);
    }
    return bytes;
  }

  readWhole(line: IndexLine): Promise<Buffer[]> {
    return this.#objects.readWhole(line);
  }

  read(line: IndexLine, requests?: number): AsyncIterable<Buffer> {
    return this.#objects.read(line, requests);
  }

  /** A footer of a newer version counts as a problem, because the summary says what was written. */
  async checkEnd(place: DirectoryPlace): Promise<ArchiveProblem | undefined> {
    try {
      const { offset, length, sha256 } = await readFooter(this.#source);
      if (offset === place.offset && length === place.length && sha256 === place.sha256) {
        return undefined;
      }
      return {
        kind: 'footer',
        message: 'the footer is not the one that the summary describes',
      };
    } catch (error) {
      if (!isMangamotionError(error, 'damaged', 'refused')) throw error;
      return { kind: 'footer', message: error.message };
    }
  }

  async audit(directory: Directory, observer: AuditObserver): Promise<AuditResult> {
    const source = this.#source;
    const walked = readingAhead(source, { from: 0, to: source.sizeBytes, ...requestsOf(observer) });
    try {
      walked.beginStoredDigest?.();
      const result = await auditArchive({ source, walked }, directory, observer);
      const sha256 = await walked.storedDigest?.();
      return sha256 === undefined ? result : { ...result, sha256 };
    } finally {
      await walked.close();
    }
  }

  parts(directory: Directory, sizeBytes: number): ArchivePart[] {
    const isEncrypted = this.#source.storedBytes !== undefined;
    return partsOf(directory, isEncrypted ? this.#source.sizeBytes : sizeBytes);
  }

  async auditPart(
    directory: Directory,
    part: ArchivePart,
    observer: AuditObserver,
  ): Promise<PartResult> {
    const source = this.#source;
    const { from, to } = part;
    const walked = readingAhead(source, { from, to, ...requestsOf(observer) });
    try {
      return await auditPart({ source, walked }, directory, part, observer);
    } finally {
      await walked.close();
    }
  }

  close(): Promise<void> {
    return this.#source.close();
  }
}

function requestsOf({ workers = 1 }: AuditObserver): { requests: number } {
  return { requests: REQUESTS_A_WORKER * workers };
}
