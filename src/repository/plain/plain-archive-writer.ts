import { createHash } from 'node:crypto';
import type {
  AnnouncedObject,
  ArchivedBucket,
  ArchiveWriter,
  ObjectInProgress,
  WrittenArchive,
} from '../../archive/archive-writer.js';
import { describeArchive, describeWritten } from '../../archive/describe-archive.js';
import {
  encodeDirectory,
  type ChunkReference,
  type DocumentEntry,
} from '../../archive/directory.js';
import type { IndexLine, ObjectRecord } from '../../archive/index-line.js';
import { IndexWriter, type Placement } from '../../archive/index-writer.js';
import { hashedPath, PathAllocator } from '../../archive/paths.js';
import { DIRECTORY_FILE } from '../names.js';
import type { NewFile, PlainTree } from './plain-tree.js';

/**
 * Writes an archive as a tree of plain files, with the same names and the same index as a tar.gz.
 * The place of a file is its path, with offset 0 and its size as length. Many files are written
 * concurrently, but they are created, and enter the index, in order.
 */
export class PlainArchiveWriter implements ArchiveWriter {
  readonly #archive: string;
  readonly #createdAt: Date;
  readonly #tree: PlainTree;
  readonly #index: IndexWriter;
  readonly #paths = new PathAllocator();
  readonly #documents: DocumentEntry[] = [];
  /** Resolves when the latest object is in the index; rejects if it cannot enter it. */
  #indexed: Promise<void> = Promise.resolve();
  #inProgress: PlainObject | undefined;
  #directorySha256 = '';

  constructor(tree: PlainTree, archive: string, createdAt: Date) {
    this.#tree = tree;
    this.#archive = archive;
    this.#createdAt = createdAt;
    this.#index = new IndexWriter(archive, {
      writeChunk: (number, content) => this.#writeChunk(number, content()),
    });
  }

  /** The SHA-256 of the directory's file, once `finish` has resolved. */
  get directorySha256(): string {
    return this.#directorySha256;
  }

  async addDocument(name: string, content: Uint8Array): Promise<void> {
    const { path } = this.#addFile(name, content);
    const size = content.length;
    this.#documents.push({ path, ...placeOf(size), inner: 0, size, sha256: sha256(content) });
    await this.ready();
  }

  async addWholeObject(
    record: ObjectRecord,
    content: readonly Uint8Array[],
    onWritten: () => void = () => undefined,
  ): Promise<void> {
    if (content.reduce((sum, chunk) => sum + chunk.length, 0) !== record.size) {
      throw new RangeError('content of another length than announced');
    }
    await this.#indexed;
    const file = await this.#tree.create(this.#namesFor(record.bucket, record.key));
    const facts = { sizeBytes: record.size, modifiedAt: new Date(record.last_modified) };
    this.#tree.work.begin(record.size, () =>
      this.#tree.finish(file, this.#tree.append(file, content), facts, onWritten),
    );
    this.#addToIndex(record, file);
    await this.ready();
  }

  announceObject(announced: AnnouncedObject): ObjectInProgress {
    const names = this.#namesFor(announced.bucket, announced.key);
    const file = this.#indexed.then(() => this.#tree.create(names));
    // The next write or commit reports a failure.
    file.catch(() => undefined);
    this.#inProgress = new PlainObject(this.#tree, file, announced, (record, created) => {
      this.#indexed = created.then((found) => this.#addToIndex(record, found));
      // The next object, or `finish`, reports a failure.
      this.#indexed.catch(() => undefined);
    });
    return this.#inProgress;
  }

  async carry(line: IndexLine): Promise<void> {
    await this.#indexed;
    this.#index.carry(line);
    await this.ready();
  }

  async refer(chunk: ChunkReference, lines: readonly IndexLine[]): Promise<void> {
    await this.#indexed;
    this.#index.refer(chunk, lines);
    await this.ready();
  }

  ready(): Promise<void> {
    return this.#tree.work.ready();
  }

  async finish(buckets: readonly ArchivedBucket[]): Promise<WrittenArchive> {
    await this.#indexed;
    this.#index.endChunk();
    const directory = describeArchive(this.#archive, this.#index, buckets, this.#documents);
    const content = encodeDirectory(directory);
    this.#addFile(DIRECTORY_FILE, content);
    await this.#tree.work.drained();
    this.#directorySha256 = sha256(content);
    const place = { ...placeOf(content.length), sha256: this.#directorySha256 };
    return describeWritten(directory, place, this.#index.references);
  }

  async endEarly(): Promise<number> {
    await this.#inProgress?.abandon();
    await this.#indexed;
    this.#index.endChunk();
    await this.#tree.work.drained();
    return this.#index.ownObjects;
  }

  /** Resolves when all writes have ended, for a run that is given up. */
  async close(): Promise<void> {
    await this.#inProgress?.abandon();
    await this.#tree.work.settled();
  }

  #writeChunk(number: number, content: Buffer): { offset: number; length: number; path: string } {
    return this.#addFile(`index/${String(number).padStart(5, '0')}.ndjson`, content);
  }

  /** Writes a file that is not an object. Its name is free. */
  #addFile(name: string, content: Uint8Array): { offset: number; length: number; path: string } {
    const facts = { sizeBytes: content.length, modifiedAt: this.#createdAt };
    this.#tree.work.begin(content.length, async () => {
      const file = await this.#tree.create([name]);
      await this.#tree.finish(file, this.#tree.append(file, [content]), facts);
    });
    return { path: this.#pathOf(name), ...placeOf(content.length) };
  }

  /**
   * Returns the names to try for an object, in order. The last one is for buckets whose names are
   * equal to the file system: they share a folder, and so the hashes of their keys.
   */
  #namesFor(bucket: string, key: string): string[] {
    const own = this.#paths.pathFor(bucket, key);
    const hashed = [key, `${bucket}\0${key}`].map((name) => `data/${bucket}/${hashedPath(name)}`);
    return [...new Set([own, ...hashed])];
  }

  #addToIndex(record: ObjectRecord, { path }: NewFile): void {
    const placement: Placement = { span: placeOf(record.size), inner: 0 };
    this.#index.add(record, this.#pathOf(path), placement);
  }

  #pathOf(name: string): string {
    return `${this.#archive}/${name}`;
  }
}

function placeOf(sizeBytes: number): { offset: number; length: number } {
  return { offset: 0, length: sizeBytes };
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/**
 * Pieces are written together from this size on, because each write costs a turn of the event loop.
 */
const WRITE_BYTES = 1024 * 1024;

class PlainObject implements ObjectInProgress {
  readonly #tree: PlainTree;
  readonly #file: Promise<NewFile>;
  readonly #announced: AnnouncedObject;
  readonly #onCommit: (record: ObjectRecord, file: Promise<NewFile>) => void;
  #left: number;
  #pending: Uint8Array[] = [];
  #pendingBytes = 0;
  #writing: Promise<void> = Promise.resolve();
  #open = true;

  constructor(
    tree: PlainTree,
    file: Promise<NewFile>,
    announced: AnnouncedObject,
    onCommit: (record: ObjectRecord, file: Promise<NewFile>) => void,
  ) {
    this.#tree = tree;
    this.#file = file;
    this.#announced = announced;
    this.#onCommit = onCommit;
    this.#left = announced.sizeBytes;
  }

  async write(chunk: Uint8Array): Promise<void> {
    if (chunk.length > this.#left) throw new RangeError('more content than was announced');
    this.#left -= chunk.length;
    this.#pending.push(chunk);
    this.#pendingBytes += chunk.length;
    if (this.#pendingBytes < WRITE_BYTES) return;
    await this.#writing;
    this.#flush();
  }

  commit(record: ObjectRecord, onWritten: () => void = () => undefined): void {
    if (this.#left > 0) throw new RangeError('less content than was announced');
    const weightBytes = this.#pendingBytes;
    this.#open = false;
    this.#flush();
    this.#tree.work.begin(weightBytes, async () => {
      await this.#tree.finish(await this.#file, this.#writing, this.#announced, onWritten);
    });
    this.#onCommit(record, this.#file);
  }

  async abandon(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    // A failed write has been reported; only the end of writing matters here.
    await this.#writing.catch(() => undefined);
    const file = await this.#file.catch(() => undefined);
    if (file !== undefined) await this.#tree.remove(file);
  }

  /** Begins to write the pending chunks after the current write. */
  #flush(): void {
    const chunks = this.#pending;
    const before = this.#writing;
    this.#pending = [];
    this.#pendingBytes = 0;
    this.#writing = before.then(async () => this.#tree.append(await this.#file, chunks));
    // The next write or commit reports a failure.
    this.#writing.catch(() => undefined);
  }
}
