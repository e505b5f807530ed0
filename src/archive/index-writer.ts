import { createHash } from 'node:crypto';
import { ChunkBoundary } from './chunking.js';
import type { BucketEntry, ChunkReference } from './directory.js';
import { MemberKind } from './gzip.js';
import { type ObjectRecord, encodeLocated, encodeRecord } from './index-line.js';
import type { MemberStream } from './member-stream.js';
import { type ObjectName, compareObjects } from '../key-order.js';
import { Run } from './run.js';
import { encodeEntryHeader, paddingOf } from './tar.js';
import type { Placement } from './tar-packer.js';

/** An object that waits for the end of its chunk: as text, which costs the garbage collector less. */
interface PendingLine {
  name: ObjectName;
  size: number;
  json: string;
  path: string;
  placement: Placement;
}

type Unplaced = Omit<ChunkReference, 'offset' | 'length'>;

/** Counts of the objects of each bucket, kept while they pass. */
export type BucketTotals = Pick<BucketEntry, 'objects' | 'bytes'>;

/** Collects the lines of a chunk and writes it behind the members that it describes. */
export class IndexWriter {
  readonly #members: MemberStream;
  readonly #archive: string;
  readonly #modifiedAt: Date;
  readonly #boundary = new ChunkBoundary();
  readonly #chunks: { reference: Unplaced; run: Run }[] = [];
  readonly #totals = new Map<string, BucketTotals>();
  #pending: PendingLine[] = [];
  #last: ObjectName | undefined;
  #count = 0;

  constructor(members: MemberStream, archive: string, modifiedAt: Date) {
    this.#members = members;
    this.#archive = archive;
    this.#modifiedAt = modifiedAt;
  }

  get totals(): ReadonlyMap<string, BucketTotals> {
    return this.#totals;
  }

  /** True when the object ends its chunk: the caller flushes its members and calls `endChunk`. */
  add(record: ObjectRecord, path: string, placement: Placement): boolean {
    if (this.#last !== undefined && compareObjects(this.#last, record) >= 0) {
      throw new RangeError(`objects out of order: ${record.bucket}/${record.key}`);
    }
    const name = { bucket: record.bucket, key: record.key };
    this.#last = name;
    this.#pending.push({ name, size: record.size, json: encodeRecord(record), path, placement });
    const totals = this.#totals.get(record.bucket) ?? { objects: 0, bytes: 0 };
    totals.objects += 1;
    totals.bytes += record.size;
    this.#totals.set(record.bucket, totals);
    return this.#boundary.endsWith(record);
  }

  endChunk(): void {
    const lines = this.#pending;
    if (lines.length === 0) return;
    this.#pending = [];
    const number = this.#count++;
    const run = new Run();
    // Offsets are known only when the members before it are placed, so its text is made then.
    this.#members.addLater(
      MemberKind.chunk,
      0,
      () => {
        const content = Buffer.from(lines.map((line) => this.#encode(line)).join(''));
        const reference = describeChunk(this.#archive, lines, content);
        this.#chunks.push({ reference, run });
        const path = `${this.#archive}/index/${String(number).padStart(5, '0')}.ndjson`;
        const header = encodeEntryHeader({ path, sizeBytes: content.length }, this.#modifiedAt);
        return [header, content, Buffer.alloc(paddingOf(content.length))];
      },
      run,
    );
  }

  /** Complete when the members are drained up to the last chunk. */
  references(): ChunkReference[] {
    return this.#chunks.map(({ reference, run }) => ({
      archive: reference.archive,
      offset: run.offset,
      length: run.length,
      size: reference.size,
      sha256: reference.sha256,
      first: reference.first,
      last: reference.last,
      objects: reference.objects,
      bytes: reference.bytes,
    }));
  }

  #encode({ json, path, placement: { run, inner } }: PendingLine): string {
    const { offset, length } = run;
    return encodeLocated(json, { path, archive: this.#archive, offset, length, inner });
  }
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
