import { countOf } from '../count-of.js';
import { damagedArchive } from './errors.js';
import type { IndexLine } from './index-line.js';
import { readSpan } from './members.js';
import { readingAhead } from './read-ahead.js';
import type { ArchiveSource } from './sink.js';
import { SHARED_MEMBER_BYTES } from './tar-packer.js';

type FilePlace = Pick<IndexLine, 'path' | 'offset' | 'length' | 'inner' | 'size'>;

/**
 * Reads objects from one archive. Objects that share a member are adjacent in the index, so the
 * last member is kept, and inflated once. The caller checks the SHA-256.
 */
export class ObjectReader {
  readonly #source: ArchiveSource;
  #sharedOffset = -1;
  #shared: Promise<Buffer[]> | undefined;

  constructor(source: ArchiveSource) {
    this.#source = source;
  }

  /** Reads an object of at most `SHARED_MEMBER_BYTES`. */
  async readWhole(line: IndexLine): Promise<Buffer[]> {
    if (this.#sharedOffset !== line.offset || this.#shared === undefined) {
      this.#sharedOffset = line.offset;
      this.#shared = readAll(this.#source, line);
      // The caller handles a failure; a later object may replace the promise first.
      this.#shared.catch(() => undefined);
    }
    const parts = sliceOf(await this.#shared, line.inner, line.size);
    if (parts === undefined) throw cutOff(line);
    return parts;
  }

  /** Yields the bytes of any file, one member at a time. */
  async *read(file: FilePlace, requests = 1): AsyncGenerator<Buffer> {
    if (requests <= 1) {
      yield* contentOf(this.#source, file);
      return;
    }
    const { offset: from, length } = file;
    const ahead = readingAhead(this.#source, { from, to: from + length, requests });
    try {
      yield* contentOf(ahead, file);
    } finally {
      await ahead.close();
    }
  }
}

async function* contentOf(source: ArchiveSource, file: FilePlace): AsyncGenerator<Buffer> {
  let skip = file.inner;
  let left = file.size;
  for await (const member of readSpan(source, file)) {
    for (const part of member) {
      const wanted = part.subarray(skip, skip + left);
      skip -= Math.min(skip, part.length);
      left -= wanted.length;
      if (wanted.length > 0) yield wanted;
    }
    if (left === 0) return;
  }
  if (left > 0) throw cutOff(file);
}

async function readAll(source: ArchiveSource, line: IndexLine): Promise<Buffer[]> {
  const parts: Buffer[] = [];
  let total = 0;
  for await (const member of readSpan(source, line)) {
    for (const part of member) {
      parts.push(part);
      total += part.length;
    }
    // A forged span could claim to be shared, and must not fill the memory.
    if (total > 2 * SHARED_MEMBER_BYTES) throw cutOff(line);
  }
  return parts;
}

/** Returns `undefined` if the parts are too short. */
function sliceOf(parts: readonly Buffer[], start: number, length: number): Buffer[] | undefined {
  const wanted: Buffer[] = [];
  let skip = start;
  let left = length;
  for (const part of parts) {
    if (left === 0) break;
    const slice = part.subarray(skip, skip + left);
    skip -= Math.min(skip, part.length);
    left -= slice.length;
    if (slice.length > 0) wanted.push(slice);
  }
  return left === 0 ? wanted : undefined;
}

function cutOff({ path, size }: FilePlace): Error {
  return damagedArchive(`the members of ${path} do not hold its ${countOf(size, 'byte')}`);
}
