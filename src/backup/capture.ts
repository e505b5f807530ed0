import type { Archive } from '../archive/archive.js';
import type { ChunkReference } from '../archive/directory.js';
import type { IndexLine } from '../archive/index-line.js';
import type { ArchiveWriter } from '../archive/archive-writer.js';
import type { ObjectStore } from '../object-store/port.js';
import { prefetchInOrder } from '../prefetch.js';
import type { Failure } from '../repository/summary.js';
import { Arena } from './arena.js';
import type { Step } from './changes.js';
import { DigestThread } from './digest-thread.js';
import { type NotFetched, fetchWhole } from './fetch.js';
import type { ListedInBucket } from './listing.js';
import { lookAt } from './look.js';
import { copySalvaged, isReadWhole, readSalvaged } from './salvage-object.js';
import { streamObject } from './stream-object.js';

const PREFETCH_LIMITS = { mostRequests: 32, mostBytes: 12 * 1024 * 1024 };
/** For what is fetched and what still waits to be written. */
const ARENA_BYTES = 18 * 1024 * 1024;
/** Objects up to this size are fetched into memory; larger ones are streamed, one at a time. */
const LARGEST_PREFETCHED_BYTES = 8 * 1024 * 1024;
/** What a fetched object costs besides its bytes: names, headers, promises. */
const FIXED_WEIGHT_BYTES = 16 * 1024;
/** The same of an object that is only named. */
const CARRIED_WEIGHT_BYTES = 1024;

interface CaptureCounts {
  /** Objects that the listing named and whose turn has come. */
  total: number;
  /** Objects whose bytes were copied. */
  captured: number;
  /** Of them: those whose bytes an earlier run, which never ended, had copied already. */
  salvaged: number;
  /** Objects whose bytes lie in an earlier archive already. */
  unchanged: number;
  /** Of the unchanged: those of which nothing was read but their line in the listing. */
  unverified: number;
  /** Captured, but not as they were listed: they were overwritten in between. */
  changed: number;
  vanished: number;
  /** Sum of the sizes of all that is in the backup. */
  bytes: number;
}

export interface CaptureResult extends CaptureCounts {
  failures: Failure[];
}

export interface CaptureContext {
  store: ObjectStore;
  writer: ArchiveWriter;
  signal: AbortSignal;
  onProgress: (counts: { objects: number; bytes: number }) => void;
}

/**
 * Takes the steps, in their order: copies objects into the archive, or names them where they are. An
 * object that cannot be read is named in the result and does not end the run; a store that is gone
 * does.
 */
export async function capture(
  context: CaptureContext,
  steps: AsyncIterable<readonly Step[]>,
): Promise<CaptureResult> {
  // When writing fails, what is still being fetched is given up.
  const givenUp = new AbortController();
  const signal = AbortSignal.any([context.signal, givenUp.signal]);
  const run = new Capture({ ...context, signal });
  try {
    const prepared = prefetchInOrder(steps, PREFETCH_LIMITS, weigh, (step) => run.prepare(step));
    for await (const { result: write } of prepared) {
      signal.throwIfAborted();
      await write();
      context.onProgress({ objects: run.result.total, bytes: run.result.bytes });
    }
    return run.result;
  } finally {
    givenUp.abort();
    await run.close();
  }
}

function weigh(step: Step): number {
  switch (step.kind) {
    case 'take': {
      const { sizeBytes } = step.object;
      return FIXED_WEIGHT_BYTES + (isPrefetched(sizeBytes) ? sizeBytes : 0);
    }
    case 'salvage':
      return FIXED_WEIGHT_BYTES + (isReadWhole(step.line) ? step.line.size : 0);
    case 'look':
      return FIXED_WEIGHT_BYTES;
    case 'carry':
      return CARRIED_WEIGHT_BYTES;
    case 'refer':
      return step.lines.length * CARRIED_WEIGHT_BYTES;
  }
}

function isPrefetched(sizeBytes: number): boolean {
  return sizeBytes <= LARGEST_PREFETCHED_BYTES;
}

/** Puts into the archive what was prepared, when its turn has come. */
type Write = () => Promise<void>;

/** What is left to count of an object once it is in the archive, or known not to be. */
export type Written = { kind: 'captured'; bytes: number; changed: boolean } | NotFetched;

class Capture {
  readonly result: CaptureResult = {
    total: 0,
    captured: 0,
    salvaged: 0,
    unchanged: 0,
    unverified: 0,
    changed: 0,
    vanished: 0,
    bytes: 0,
    failures: [],
  };
  readonly #context: CaptureContext;
  readonly #arena = new Arena(ARENA_BYTES);
  readonly #digests = new DigestThread();

  constructor(context: CaptureContext) {
    this.#context = context;
  }

  async close(): Promise<void> {
    await this.#digests.close();
  }

  /** Does what can be done before the step's turn, many at a time. */
  async prepare(step: Step): Promise<Write> {
    switch (step.kind) {
      case 'take':
        return await this.#prepareTake(step);
      case 'look':
        return await this.#prepareLook(step, step.line);
      case 'salvage':
        return await this.#prepareSalvage(step, step.line, step.archive);
      case 'carry':
        return () => this.#carry(step.line, 'unverified');
      case 'refer':
        return () => this.#refer(step.chunk, step.lines);
    }
  }

  async #prepareTake(listed: ListedInBucket): Promise<Write> {
    const { bucket, object } = listed;
    if (!isPrefetched(object.sizeBytes)) return () => this.#stream(listed);
    const { store, signal } = this.#context;
    const source = { store, arena: this.#arena, digests: this.#digests, signal };
    const fetched = await fetchWhole(source, bucket, object, LARGEST_PREFETCHED_BYTES);
    if (fetched.kind === 'stream') return () => this.#stream(listed);
    if (fetched.kind !== 'whole') return () => this.#countAsync(listed, fetched);
    const { record, content, release, changed } = fetched;
    return async () => {
      await this.#context.writer.addWholeObject(record, [content], release);
      this.#count(listed, { kind: 'captured', bytes: record.size, changed });
    };
  }

  async #prepareLook(listed: ListedInBucket, line: IndexLine): Promise<Write> {
    const looked = await lookAt(this.#context.store, listed, line, this.#context.signal);
    if (looked.kind === 'same') return () => this.#carry(looked.line, 'verified');
    if (looked.kind === 'other') return await this.#prepareTake(listed);
    return () => this.#countAsync(listed, looked);
  }

  /** Whatever a listing does not show is asked for; the bytes alone are taken from the torn archive. */
  async #prepareSalvage(listed: ListedInBucket, line: IndexLine, from: Archive): Promise<Write> {
    const looked = await lookAt(this.#context.store, listed, line, this.#context.signal);
    if (looked.kind === 'other') return await this.#prepareTake(listed);
    if (looked.kind !== 'same') return () => this.#countAsync(listed, looked);
    const record = looked.line;
    if (!isReadWhole(line)) return () => this.#copy(listed, record, from);
    const parts = await readSalvaged(from, line);
    if (parts === undefined) return await this.#prepareTake(listed);
    return async () => {
      await this.#context.writer.addWholeObject(record, parts);
      this.#countSalvaged(listed, record);
    };
  }

  async #copy(listed: ListedInBucket, line: IndexLine, from: Archive): Promise<void> {
    if (await copySalvaged(from, line, this.#context.writer)) this.#countSalvaged(listed, line);
    else await this.#stream(listed);
  }

  #countSalvaged(listed: ListedInBucket, { size }: IndexLine): void {
    this.result.salvaged += 1;
    this.#count(listed, { kind: 'captured', bytes: size, changed: false });
  }

  async #stream(listed: ListedInBucket): Promise<void> {
    const { total, bytes } = this.result;
    const onBytes = (read: number) =>
      this.#context.onProgress({ objects: total, bytes: bytes + read });
    this.#count(listed, await streamObject(this.#context, listed.bucket, listed.object, onBytes));
  }

  async #carry(line: IndexLine, how: 'verified' | 'unverified'): Promise<void> {
    await this.#context.writer.carry(line);
    this.#countUnchanged([line], how);
  }

  async #refer(chunk: ChunkReference, lines: readonly IndexLine[]): Promise<void> {
    await this.#context.writer.refer(chunk, lines);
    this.#countUnchanged(lines, 'unverified');
  }

  #countUnchanged(lines: readonly IndexLine[], how: 'verified' | 'unverified'): void {
    const { result } = this;
    result.total += lines.length;
    result.unchanged += lines.length;
    if (how === 'unverified') result.unverified += lines.length;
    for (const { size } of lines) result.bytes += size;
  }

  #countAsync(listed: ListedInBucket, written: Written): Promise<void> {
    this.#count(listed, written);
    return Promise.resolve();
  }

  #count({ bucket, object }: ListedInBucket, written: Written): void {
    const { result } = this;
    result.total += 1;
    switch (written.kind) {
      case 'captured':
        result.captured += 1;
        result.bytes += written.bytes;
        if (written.changed) result.changed += 1;
        return;
      case 'vanished':
        result.vanished += 1;
        return;
      case 'failed':
        result.failures.push({ bucket, key: object.key, reason: written.reason });
        return;
    }
  }
}
