import { createHash } from 'node:crypto';
import type {
  AnnouncedObject,
  ArchiveWriter,
  ArchivedBucket,
  ObjectInProgress,
  WrittenArchive,
} from './archive-writer.js';
import { describeArchive, describeWritten } from './describe-archive.js';
import {
  type ChunkReference,
  type Directory,
  type DocumentEntry,
  encodeDirectory,
} from './directory.js';
import { FORMAT_VERSION, encodeFooter } from './footer.js';
import { MemberKind } from './gzip.js';
import type { IndexLine, ObjectRecord } from './index-line.js';
import type { IndexCopy } from './index-copy.js';
import { IndexWriter } from './index-writer.js';
import { MemberStream } from './member-stream.js';
import { PathAllocator } from './paths.js';
import { Span } from './span.js';
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

export class TarArchiveWriter implements ArchiveWriter {
  readonly #archive: string;
  readonly #createdAt: Date;
  readonly #members: MemberStream;
  readonly #packer: TarPacker;
  readonly #index: IndexWriter;
  readonly #paths = new PathAllocator();
  readonly #documents: WrittenDocument[] = [];

  /** `copyIndexTo` gets the index, too. */
  constructor(sink: ArchiveSink, archive: string, createdAt: Date, copyIndexTo?: IndexCopy) {
    this.#archive = archive;
    this.#createdAt = createdAt;
    this.#members = new MemberStream(sink, copyIndexTo);
    this.#packer = new TarPacker(this.#members);
    this.#index = new IndexWriter(archive, {
      writeChunk: (number, content, weightBytes) => this.#writeChunk(number, content, weightBytes),
    });
  }

  async addDocument(name: string, content: Uint8Array): Promise<void> {
    this.#packer.flush();
    const path = `${this.#archive}/${name}`;
    const file = { path, sizeBytes: content.length, modifiedAt: this.#createdAt };
    const placement = await this.#packDocument(file, content);
    // Not the content: of a million keys of Redis nothing may stay in memory.
    const sha256 = createHash('sha256').update(content).digest('hex');
    this.#documents.push({ path, size: content.length, sha256, placement });
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
      placement.span.afterwards(onWritten);
      this.#index.add(record, path, placement);
    }
    await this.#members.ready();
  }

  async carry(line: IndexLine): Promise<void> {
    this.#index.carry(line);
    await this.#members.ready();
  }

  async refer(chunk: ChunkReference, lines: readonly IndexLine[]): Promise<void> {
    this.#index.refer(chunk, lines);
    await this.#members.ready();
  }

  ready(): Promise<void> {
    return this.#members.ready();
  }

  announceObject(announced: AnnouncedObject): ObjectInProgress {
    const path = this.#pathOf(announced.bucket, announced.key);
    return new TarObjectInProgress(
      (compress) => this.#packer.beginLarge({ ...announced, path }, compress),
      announced.contentType,
      (record, placement) => this.#index.add(record, path, placement),
    );
  }

  async endEarly(): Promise<number> {
    this.#index.endChunk();
    await this.#members.drained();
    return this.#index.ownObjects;
  }

  async finish(buckets: readonly ArchivedBucket[]): Promise<WrittenArchive> {
    this.#index.endChunk();
    this.#packer.flush();
    let directory: Directory | undefined;
    let digest = '';
    const span = this.#addFile(MemberKind.directory, 'index/directory.json', 0, () => {
      const documents = this.#documents.map(describeDocument);
      directory = describeArchive(this.#archive, this.#index, buckets, documents);
      const content = encodeDirectory(directory);
      digest = createHash('sha256').update(content).digest('hex');
      return content;
    });
    this.#members.add(MemberKind.end, [END_OF_TAR], false, new Span());
    this.#members.addRaw(() =>
      encodeFooter({
        version: FORMAT_VERSION,
        offset: span.offset,
        length: span.length,
        sha256: digest,
      }),
    );
    await this.#members.drained();
    if (directory === undefined) throw new RangeError('the directory was not written');
    const place = { offset: span.offset, length: span.length, sha256: digest };
    return describeWritten(directory, place, this.#index.references);
  }

  #pathOf(bucket: string, key: string): string {
    return `${this.#archive}/${this.#paths.pathFor(bucket, key)}`;
  }

  #writeChunk(number: number, content: () => Buffer, weightBytes: number): Span {
    this.#packer.flush();
    const name = `index/${String(number).padStart(5, '0')}.ndjson`;
    return this.#addFile(MemberKind.chunk, name, weightBytes, content);
  }

  /** Adds a file in its own member; its content is built when everything before it is placed. */
  #addFile(kind: MemberKind, name: string, weightBytes: number, make: () => Buffer): Span {
    const span = new Span();
    const path = `${this.#archive}/${name}`;
    this.#members.addLater(
      kind,
      weightBytes,
      () => {
        const content = make();
        const header = encodeEntryHeader({ path, sizeBytes: content.length }, this.#createdAt);
        return [header, content, Buffer.alloc(paddingOf(content.length))];
      },
      span,
    );
    return span;
  }
}

interface WrittenDocument {
  path: string;
  size: number;
  sha256: string;
  placement: Placement;
}

function describeDocument({ path, size, sha256, placement }: WrittenDocument): DocumentEntry {
  return {
    path,
    offset: placement.span.offset,
    length: placement.span.length,
    inner: placement.inner,
    size,
    sha256,
  };
}

class TarObjectInProgress implements ObjectInProgress {
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

  async write(chunk: Uint8Array): Promise<void> {
    this.#file ??= this.#begin(isCompressible(this.#contentType, chunk));
    await this.#file.write(chunk);
  }

  commit(record: ObjectRecord, onWritten: () => void = () => undefined): void {
    const file = this.#file ?? this.#begin(true);
    file.placement.span.afterwards(onWritten);
    file.end();
    this.#commit(record, file.placement);
  }

  async abandon(): Promise<void> {
    await this.#file?.padOut();
  }
}
