import { MemberKind } from './gzip.js';
import type { MemberStream } from './member-stream.js';
import { Span } from './span.js';
import { encodeEntryHeader, paddingOf } from './tar.js';

/** Files up to this size are in one member each, or share one; a larger file has its own span of members. */
export const SHARED_MEMBER_BYTES = 1024 * 1024;
/**
 * Files share a member up to this size. To read one of them costs the whole member, and where it is
 * encrypted two chunks of 64 KiB more: together at most 500 kB.
 */
const FILLED_MEMBER_BYTES = 352 * 1024;
const RUN_MEMBER_BYTES = 4 * 1024 * 1024;

const ZEROS = Buffer.alloc(256 * 1024);

/** The place of a file's content in the archive. It is valid once its span is written. */
export interface Placement {
  span: Span;
  inner: number;
}

export interface FileInfo {
  path: string;
  sizeBytes: number;
  modifiedAt: Date;
}

/** Packs files into members, one file at a time, as a tar requires. */
export class TarPacker {
  readonly #members: MemberStream;
  #shared: Uint8Array[] = [];
  #sharedBytes = 0;
  #sharedCompress = false;
  #sharedSpan = new Span();

  constructor(members: MemberStream) {
    this.#members = members;
  }

  /** Adds a file of at most `SHARED_MEMBER_BYTES`. Throws if the content has another size. */
  addSmall(file: FileInfo, content: readonly Uint8Array[], compress: boolean): Placement {
    if (content.reduce((sum, chunk) => sum + chunk.length, 0) !== file.sizeBytes) {
      throw new RangeError('content of another length than announced');
    }
    const header = encodeEntryHeader(file, file.modifiedAt);
    const padding = paddingOf(file.sizeBytes);
    const entryBytes = header.length + file.sizeBytes + padding;
    const tooMuch = this.#sharedBytes + entryBytes > FILLED_MEMBER_BYTES;
    if (tooMuch || compress !== this.#sharedCompress) this.flush();
    this.#sharedCompress = compress;
    const placement = { span: this.#sharedSpan, inner: this.#sharedBytes + header.length };
    this.#shared.push(header, ...content, ZEROS.subarray(0, padding));
    this.#sharedBytes += entryBytes;
    return placement;
  }

  flush(): void {
    if (this.#sharedBytes === 0) return;
    this.#members.add(MemberKind.data, this.#shared, this.#sharedCompress, this.#sharedSpan);
    this.#sharedSpan.complete();
    this.#shared = [];
    this.#sharedBytes = 0;
    this.#sharedSpan = new Span();
  }

  beginLarge(file: FileInfo, compress: boolean): LargeFile {
    this.flush();
    return new LargeFile(this.#members, file, compress);
  }
}

/** A file that is written while it is read, in its own span of members. */
export class LargeFile {
  readonly placement: Placement;
  readonly #members: MemberStream;
  readonly #paddingBytes: number;
  #compress: boolean;
  #left: number;
  #pending: Uint8Array[] = [];
  #pendingBytes = 0;

  constructor(members: MemberStream, file: FileInfo, compress: boolean) {
    this.#members = members;
    this.#compress = compress;
    this.#left = file.sizeBytes;
    this.#paddingBytes = paddingOf(file.sizeBytes);
    const header = encodeEntryHeader(file, file.modifiedAt);
    this.placement = { span: new Span(), inner: header.length };
    this.#append(header);
  }

  /** Resolves when there is room for more. Rejects if the content exceeds the announced size. */
  async write(chunk: Uint8Array): Promise<void> {
    if (chunk.length > this.#left)
      throw new RangeError('more content than the tar header announced');
    this.#left -= chunk.length;
    if (this.#append(chunk)) await this.#members.ready();
  }

  /** Ends the file. Throws if the content is shorter than announced. */
  end(): void {
    if (this.#left > 0) throw new RangeError('less content than the tar header announced');
    this.#append(ZEROS.subarray(0, this.#paddingBytes));
    this.#flush();
    this.placement.span.complete();
  }

  /** Fills the rest with zeros, so that the tar stays valid although this file is incomplete. */
  async padOut(): Promise<void> {
    this.#compress = true;
    while (this.#left > 0) await this.write(ZEROS.subarray(0, this.#left));
    this.end();
  }

  /** Returns true if a member was completed. */
  #append(chunk: Uint8Array): boolean {
    let flushed = false;
    let rest = chunk;
    while (this.#pendingBytes + rest.length >= RUN_MEMBER_BYTES) {
      const part = rest.subarray(0, RUN_MEMBER_BYTES - this.#pendingBytes);
      this.#keep(part);
      rest = rest.subarray(part.length);
      this.#flush();
      flushed = true;
    }
    this.#keep(rest);
    return flushed;
  }

  #keep(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    this.#pending.push(chunk);
    this.#pendingBytes += chunk.length;
  }

  #flush(): void {
    if (this.#pendingBytes === 0) return;
    this.#members.add(MemberKind.data, this.#pending, this.#compress, this.placement.span);
    this.#pending = [];
    this.#pendingBytes = 0;
  }
}
