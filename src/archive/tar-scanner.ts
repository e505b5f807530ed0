import { Header, Pax } from 'tar';
import { LONGEST_EXTENDED_HEADER_BYTES } from './limits.js';
import { BLOCK_BYTES, paddingOf } from './tar.js';

export interface TarEvents {
  /** A file begins. `contentOffset` is the offset of its content in all bytes pushed so far. */
  entry(path: string, sizeBytes: number, contentOffset: number): void;
  content(chunk: Buffer): void;
  entryEnd(): void;
}

/** The tar is invalid, or has something that our archives never have. */
export class TarStructureError extends Error {
  override readonly name = 'TarStructureError';
}

/** Parses a tar in chunks of any size. Refuses everything but files: links, devices, folders. */
export class TarScanner {
  readonly #events: TarEvents;
  #offset = 0;
  /** The bytes of an incomplete header block or extended header. */
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  #wantedBytes = BLOCK_BYTES;
  #state: 'header' | 'extended' | 'content' | 'padding' = 'header';
  #left = 0;
  #padding = 0;
  #extended: Pax | undefined;
  #zeroBlocks = 0;

  constructor(events: TarEvents) {
    this.#events = events;
  }

  /** True after the two zero blocks that end a tar. */
  get ended(): boolean {
    return this.#zeroBlocks >= 2;
  }

  /** Restarts at a boundary, after a stretch that could not be read. */
  reset(offset: number): void {
    this.#offset = offset;
    this.#pending = [];
    this.#pendingBytes = 0;
    this.#wantedBytes = BLOCK_BYTES;
    this.#state = 'header';
    this.#extended = undefined;
  }

  push(chunk: Buffer): void {
    let position = 0;
    while (position < chunk.length) {
      const rest = chunk.subarray(position);
      const taken =
        this.#state === 'content'
          ? this.#takeContent(rest)
          : this.#state === 'padding'
            ? this.#takePadding(rest)
            : this.#takeBlock(rest);
      position += taken;
      this.#offset += taken;
      this.#advance();
    }
  }

  #takeContent(rest: Buffer): number {
    const part = rest.subarray(0, this.#left);
    this.#left -= part.length;
    this.#events.content(part);
    return part.length;
  }

  #takePadding(rest: Buffer): number {
    const part = rest.subarray(0, this.#left);
    if (part.some((byte) => byte !== 0)) throw new TarStructureError('padding is not zero');
    this.#left -= part.length;
    return part.length;
  }

  #takeBlock(rest: Buffer): number {
    const part = rest.subarray(0, this.#wantedBytes - this.#pendingBytes);
    this.#pending.push(part);
    this.#pendingBytes += part.length;
    return part.length;
  }

  #advance(): void {
    if (this.#state === 'header' || this.#state === 'extended') {
      if (this.#pendingBytes < this.#wantedBytes) return;
      const bytes = Buffer.concat(this.#pending);
      this.#pending = [];
      this.#pendingBytes = 0;
      if (this.#state === 'extended') this.#readExtended(bytes);
      else this.#readHeader(bytes);
    }
    if (this.#state === 'content' && this.#left === 0) {
      this.#events.entryEnd();
      this.#state = 'padding';
      this.#left = this.#padding;
    }
    if (this.#state === 'padding' && this.#left === 0) this.#state = 'header';
  }

  #readHeader(block: Buffer): void {
    const header = decodeHeader(block, this.#extended);
    if (header.nullBlock) {
      if (this.#extended !== undefined)
        throw new TarStructureError('an extended header without a file');
      this.#zeroBlocks += 1;
      return;
    }
    if (this.#zeroBlocks > 0) throw new TarStructureError('an entry after the end of the tar');
    if (!header.cksumValid) throw new TarStructureError('a header whose checksum is wrong');
    const size = header.size;
    if (size === undefined || !Number.isSafeInteger(size))
      throw new TarStructureError('an entry without a valid size');
    if (header.type === 'ExtendedHeader') this.#beginExtended(size);
    else if (header.type === 'File') {
      // `Header` would prepend its own prefix to the path of the extended header.
      this.#beginFile(this.#extended?.path ?? header.path ?? '', size);
    } else
      throw new TarStructureError(`an entry of the type ${header.type}, which is never written`);
  }

  #beginExtended(size: number): void {
    if (this.#extended !== undefined) throw new TarStructureError('two extended headers in a row');
    if (size > LONGEST_EXTENDED_HEADER_BYTES) {
      throw new TarStructureError('an extended header that is too long');
    }
    this.#state = 'extended';
    this.#wantedBytes = size + paddingOf(size);
    this.#left = size;
  }

  #beginFile(path: string, size: number): void {
    this.#extended = undefined;
    this.#state = 'content';
    this.#left = size;
    this.#padding = paddingOf(size);
    this.#events.entry(path, size, this.#offset);
  }

  #readExtended(bytes: Buffer): void {
    this.#extended = Pax.parse(bytes.toString('utf8', 0, this.#left));
    this.#state = 'header';
    this.#wantedBytes = BLOCK_BYTES;
    this.#left = 0;
  }
}

function decodeHeader(block: Buffer, extended: Pax | undefined): Header {
  try {
    return new Header(block, 0, extended);
  } catch (error) {
    throw new TarStructureError('a header that cannot be read', { cause: error });
  }
}
