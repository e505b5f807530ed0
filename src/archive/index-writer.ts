import { createHash } from 'node:crypto';
import { type ObjectName, compareObjects } from '../key-order.js';
import type { ArchivedBucket } from './archive-writer.js';
import { ChunkBoundary, isWholeChunk } from './chunking.js';
import type { BucketEntry, ChunkReference } from './directory.js';
import { type IndexLine, type ObjectRecord, encodeLocated, encodeRecord } from './index-line.js';

/** The place of an object's bytes. The numbers are filled in before its chunk is written. */
export interface Placement {
  span: { offset: number; length: number };
  inner: number;
}

/** The place of a chunk. The numbers are valid once it is written. */
interface ChunkPlace {
  offset: number;
  length: number;
  path?: string;
}

export interface ChunkOutput {
  /**
   * Writes a chunk after the objects that were written before it. `content` is called when all of
   * them are placed. `weightBytes` estimates the memory that the chunk holds until then.
   */
  writeChunk(number: number, content: () => Buffer, weightBytes: number): ChunkPlace;
}

/** An object that waits for the end of its chunk. It is encoded early to spare the collector. */
interface PendingLine {
  name: ObjectName;
  size: number;
  json: string;
  archive: string;
  path: string;
  placement: Placement;
}

type Unplaced = Omit<ChunkReference, 'offset' | 'length' | 'path'>;
interface OwnChunk {
  unplaced: Unplaced | undefined;
  place: ChunkPlace;
}

/** Collects the lines of a chunk, and writes it after the bytes that it describes. */
export class IndexWriter {
  readonly #archive: string;
  readonly #output: ChunkOutput;
  readonly #boundary = new ChunkBoundary();
  readonly #chunks: (OwnChunk | ChunkReference)[] = [];
  readonly #totals = new Map<string, Pick<BucketEntry, 'objects' | 'bytes'>>();
  readonly #references = new Set<string>();
  /** A chunk that ended only because its archive did: more objects may extend it. */
  #unfinished: { chunk: ChunkReference; lines: readonly IndexLine[] } | undefined;
  #pending: PendingLine[] = [];
  #last: ObjectName | undefined;
  #count = 0;
  #ownObjects = 0;

  constructor(archive: string, output: ChunkOutput) {
    this.#archive = archive;
    this.#output = output;
  }

  /** The ids of the other archives that the index names, sorted. Complete after `endChunk`. */
  get references(): string[] {
    return [...this.#references].sort();
  }

  get ownObjects(): number {
    return this.#ownObjects;
  }

  /** Adds an object whose bytes this archive holds. */
  add(record: ObjectRecord, path: string, placement: Placement): void {
    this.#continueUnfinished();
    this.#checkOrder(record, record);
    this.#countIn(record);
    this.#ownObjects += 1;
    this.#append(record, { archive: this.#archive, path, placement });
  }

  /** Adds an object whose bytes lie in another archive. */
  carry(line: IndexLine): void {
    this.#continueUnfinished();
    this.#checkOrder(line, line);
    this.#countIn(line);
    this.#appendCarried(line);
  }

  /** Adds all objects of a chunk in another archive by a reference to it. */
  refer(chunk: ChunkReference, lines: readonly IndexLine[]): void {
    this.#checkOrder(chunk.first, chunk.last);
    for (const line of lines) this.#countIn(line);
    this.endChunk();
    if (isWholeChunk(lines)) this.#take(chunk, lines);
    else this.#unfinished = { chunk, lines };
  }

  endChunk(): void {
    if (this.#unfinished !== undefined) {
      this.#take(this.#unfinished.chunk, this.#unfinished.lines);
      this.#unfinished = undefined;
    }
    this.#writePending();
  }

  /** Returns the chunks. It is complete once everything has been written. */
  chunks(): ChunkReference[] {
    return this.#chunks.map((chunk) => ('place' in chunk ? located(chunk) : chunk));
  }

  withTotals(buckets: readonly ArchivedBucket[]): BucketEntry[] {
    return buckets.map((bucket) => ({
      ...bucket,
      ...(this.#totals.get(bucket.name) ?? { objects: 0, bytes: 0 }),
    }));
  }

  #checkOrder(first: ObjectName, last: ObjectName): void {
    if (this.#last !== undefined && compareObjects(this.#last, first) >= 0) {
      throw new RangeError(`objects out of order: ${first.bucket}/${first.key}`);
    }
    this.#last = { bucket: last.bucket, key: last.key };
  }

  #countIn({ bucket, size }: ObjectRecord): void {
    const totals = this.#totals.get(bucket) ?? { objects: 0, bytes: 0 };
    totals.objects += 1;
    totals.bytes += size;
    this.#totals.set(bucket, totals);
  }

  #append(
    record: ObjectRecord,
    where: { archive: string; path: string; placement: Placement },
  ): void {
    const name = { bucket: record.bucket, key: record.key };
    this.#pending.push({ name, size: record.size, json: encodeRecord(record), ...where });
    if (this.#boundary.endsWith(record)) this.#writePending();
  }

  #appendCarried(line: IndexLine): void {
    const { archive, path, offset, length, inner } = line;
    this.#references.add(archive);
    this.#append(line, { archive, path, placement: { span: { offset, length }, inner } });
  }

  #take(chunk: ChunkReference, lines: readonly IndexLine[]): void {
    this.#references.add(chunk.archive);
    for (const { archive } of lines) this.#references.add(archive);
    this.#chunks.push(chunk);
  }

  /** More objects follow an earlier archive's last chunk: its lines begin a longer one here. */
  #continueUnfinished(): void {
    const lines = this.#unfinished?.lines ?? [];
    this.#unfinished = undefined;
    for (const line of lines) this.#appendCarried(line);
  }

  #writePending(): void {
    this.#boundary.reset();
    const lines = this.#pending;
    if (lines.length === 0) return;
    this.#pending = [];
    const chunk: OwnChunk = { unplaced: undefined, place: { offset: 0, length: 0 } };
    this.#chunks.push(chunk);
    const weight = lines.reduce((sum, { json }) => sum + json.length, 0);
    // Offsets are known only when all earlier bytes are placed, so the text is built then.
    const content = (): Buffer => {
      const text = Buffer.from(lines.map(encodeLine).join(''));
      chunk.unplaced = describeChunk(this.#archive, lines, text);
      return text;
    };
    chunk.place = this.#output.writeChunk(this.#count++, content, weight);
  }
}

function encodeLine({ json, path, archive, placement: { span, inner } }: PendingLine): string {
  return encodeLocated(json, { path, archive, offset: span.offset, length: span.length, inner });
}

function located({ unplaced, place }: OwnChunk): ChunkReference {
  if (unplaced === undefined) throw new RangeError('an index chunk that is not written yet');
  const { archive, ...rest } = unplaced;
  const { offset, length, path } = place;
  return { archive, offset, length, ...(path === undefined ? {} : { path }), ...rest };
}

function describeChunk(archive: string, lines: PendingLine[], content: Buffer): Unplaced {
  const nameOf = (line: PendingLine | undefined) => line?.name ?? { bucket: '', key: '' };
  return {
    archive,
    size: content.length,
    sha256: createHash('sha256').update(content).digest('hex'),
    first: nameOf(lines[0]),
    last: nameOf(lines.at(-1)),
    objects: lines.length,
    bytes: lines.reduce((sum, line) => sum + line.size, 0),
  };
}
