export interface ArchiveSink {
  /** Appends the chunks, one call at a time. Neither side may change them. */
  write(chunks: readonly Uint8Array[]): Promise<void>;
}

export interface ArchiveSource {
  /** `Infinity` if the size is unknown and would cost a request. */
  readonly sizeBytes: number;
  /** Reads exactly `length` bytes; rejects if there are fewer. */
  read(offset: number, length: number): Promise<Buffer>;
}

export interface ClosableSource extends ArchiveSource {
  close(): Promise<void>;
}
