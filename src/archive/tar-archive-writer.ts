import { createHash } from 'node:crypto';
import { type Directory, encodeDirectory } from './directory.js';
import { FORMAT_VERSION, encodeFooter } from './footer.js';
import { MemberKind } from './gzip.js';
import type { ObjectRecord } from './index-line.js';
import { IndexWriter } from './index-writer.js';
import { MemberStream } from './member-stream.js';
import { PathAllocator } from './paths.js';
import { Run } from './run.js';
import type { ArchiveSink } from './sink.js';
import { END_OF_TAR, encodeEntryHeader, paddingOf } from './tar.js';
import {
  type FileInfo,
  type LargeFile,
  type Placement,
  SHARED_MEMBER_BYTES,
  TarPacker,
} from './tar-packer.js';
import { isCompressible } from './compressibility.js';

/** What the archive's reader starts from; also kept in the backup's summary. */
export interface WrittenArchive {
  bytes: number;
  directory: { offset: number; length: number; sha256: string };
  objects: number;
  /** Sum of the sizes of the objects. */
  objectBytes: number;
  buckets: { name: string; objects: number; bytes: number }[];
}

export interface ArchivedBucket {
  name: string;
  created_at: string | null;
  region: string | null;
}

/** The content of an object that is announced before its bytes are there. */
export interface AnnouncedObject {
  bucket: string;
  key: string;
  sizeBytes: number;
  modifiedAt: Date;
  contentType: string | undefined;
}

/**
 * Writes an archive of format version 1 to a sink. Objects come in order (bucket, then key, in
 * UTF-8 byte order); each is recorded in the index when its bytes are complete, never before.
 */
export class ArchiveWriter {
  readonly #archive: string;
  readonly #createdAt: Date;
  readonly #members: MemberStream;
  readonly #packer: TarPacker;
  readonly #index: IndexWriter;
  readonly #paths = new PathAllocator();
  readonly #documents: { path: string; content: Uint8Array; placement: Placement }[] = [];

  constructor(sink: ArchiveSink, archive: string, createdAt: Date) {
    this.#archive = archive;
    this.#createdAt = createdAt;
    this.#members = new MemberStream(sink);
    this.#packer = new TarPacker(this.#members);
    this.#index = new IndexWriter(this.#members, archive, createdAt);
  }

  /** Adds a document that is no object, such as `metadata/buckets.json`. */
  async addDocument(name: string, content: Uint8Array): Promise<void> {
    this.#packer.flush();
    const path = `${this.#archive}/${name}`;
    const file = { path, sizeBytes: content.length, modifiedAt: this.#createdAt };
    const placement = await this.#packDocument(file, content);
    this.#documents.push({ path, content, placement });
    await this.#members.ready();
  }

  async #packDocument(file: FileInfo, content: Uint8Array): Promise<Placement> {
    if (file.sizeBytes > SHARED_MEMBER_BYTES) {
      const large = this.#packer.beginLarge(file, true);
      await large.write(content);
      large.end();
      return large.placement;
    }
    const placement = this.#packer.addSmall(file, [content], true);
    this.#packer.flush();
    return placement;
  }

  /**
   * Adds an object whose bytes are all there: a small one shares a member with others. The bytes
   * must not change until `onWritten` is called.
   */
  async addWholeObject(
    record: ObjectRecord,
    content: readonly Uint8Array[],
    onWritten: () => void = () => undefined,
  ): Promise<void> {
    const modifiedAt = new Date(record.last_modified);
    const contentType = record.headers?.['content-type'];
    if (record.size > SHARED_MEMBER_BYTES) {
      const { bucket, key, size: sizeBytes } = record;
      const object = this.announceObject({ bucket, key, sizeBytes, modifiedAt, contentType });
      for (const chunk of content) await object.write(chunk);
      object.commit(record, onWritten);
    } else {
      const path = this.#pathOf(record.bucket, record.key);
      const file = { path, sizeBytes: record.size, modifiedAt };
      const compress = isCompressible(contentType, content[0] ?? new Uint8Array());
      const placement = this.#packer.addSmall(file, content, compress);
      placement.run.afterwards(onWritten);
      this.#record(record, path, placement);
    }
    await this.#members.ready();
  }

  /** Resolves when there is room for more. */
  ready(): Promise<void> {
    return this.#members.ready();
  }

  /** Begins an object whose bytes are still coming. No other call until it is committed or abandoned. */
  announceObject(announced: AnnouncedObject): ObjectInProgress {
    const path = this.#pathOf(announced.bucket, announced.key);
    return new ObjectInProgress(
      (compress) => this.#packer.beginLarge({ ...announced, path }, compress),
      announced.contentType,
      (record, placement) => this.#record(record, path, placement),
    );
  }

  /** Writes what is left, the directory and the footer. */
  async finish(buckets: readonly ArchivedBucket[]): Promise<WrittenArchive> {
    this.#endChunk();
    const run = new Run();
    let directory: Directory | undefined;
    let digest = '';
    this.#members.addLater(
      MemberKind.directory,
      0,
      () => {
        directory = this.#directory(buckets);
        const content = encodeDirectory(directory);
        digest = createHash('sha256').update(content).digest('hex');
        const path = `${this.#archive}/index/directory.json`;
        const header = encodeEntryHeader({ path, sizeBytes: content.length }, this.#createdAt);
        return [header, content, Buffer.alloc(paddingOf(content.length))];
      },
      run,
    );
    this.#members.add(MemberKind.end, [END_OF_TAR], false, new Run());
    this.#members.addRaw(() =>
      encodeFooter({
        version: FORMAT_VERSION,
        offset: run.offset,
        length: run.length,
        sha256: digest,
      }),
    );
    const archiveBytes = await this.#members.drained();
    return {
      bytes: archiveBytes,
      directory: { offset: run.offset, length: run.length, sha256: digest },
      objects: directory?.objects ?? 0,
      objectBytes: directory?.bytes ?? 0,
      buckets: (directory?.buckets ?? []).map(({ name, objects, bytes }) => ({
        name,
        objects,
        bytes,
      })),
    };
  }

  #pathOf(bucket: string, key: string): string {
    return `${this.#archive}/${this.#paths.pathFor(bucket, key)}`;
  }

  #record(record: ObjectRecord, path: string, placement: Placement): void {
    if (this.#index.add(record, path, placement)) this.#endChunk();
  }

  #endChunk(): void {
    this.#packer.flush();
    this.#index.endChunk();
  }

  #directory(buckets: readonly ArchivedBucket[]): Directory {
    const chunks = this.#index.references();
    const sumOf = (field: 'objects' | 'bytes') =>
      chunks.reduce((sum, chunk) => sum + chunk[field], 0);
    return {
      format: FORMAT_VERSION,
      archive: this.#archive,
      objects: sumOf('objects'),
      bytes: sumOf('bytes'),
      buckets: buckets.map((bucket) => ({
        ...bucket,
        ...(this.#index.totals.get(bucket.name) ?? { objects: 0, bytes: 0 }),
      })),
      documents: this.#documents.map(({ path, content, placement }) => ({
        path,
        offset: placement.run.offset,
        length: placement.run.length,
        inner: placement.inner,
        size: content.length,
        sha256: createHash('sha256').update(content).digest('hex'),
      })),
      chunks,
    };
  }
}

/** An object between its announcement and its commit. */
export class ObjectInProgress {
  readonly #begin: (compress: boolean) => LargeFile;
  readonly #contentType: string | undefined;
  readonly #commit: (record: ObjectRecord, placement: Placement) => void;
  #file: LargeFile | undefined;

  constructor(
    begin: (compress: boolean) => LargeFile,
    contentType: string | undefined,
    commit: (record: ObjectRecord, placement: Placement) => void,
  ) {
    this.#begin = begin;
    this.#contentType = contentType;
    this.#commit = commit;
  }

  /** Resolves when there is room for more. */
  async write(chunk: Uint8Array): Promise<void> {
    this.#file ??= this.#begin(isCompressible(this.#contentType, chunk));
    await this.#file.write(chunk);
  }

  /** The bytes are complete and right: the object enters the index. */
  commit(record: ObjectRecord, onWritten: () => void = () => undefined): void {
    const file = this.#file ?? this.#begin(true);
    file.placement.run.afterwards(onWritten);
    file.end();
    this.#commit(record, file.placement);
  }

  /** The bytes are not to be had: the tar is filled up, and the index does not know the object. */
  async abandon(): Promise<void> {
    await this.#file?.padOut();
  }
}
