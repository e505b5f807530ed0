/** Where an archive is written to: a file, an upload. */
export interface ArchiveSink {
  /**
   * Appends the chunks. Called one at a time, in order; the promise is the back-pressure. The
   * chunks must not be changed by either side.
   */
  write(chunks: readonly Uint8Array[]): Promise<void>;
}

/** Where an archive is read from: a file, an object read by ranges. */
export interface ArchiveSource {
  /** `Infinity` where the size is unknown and finding out would cost a request. */
  readonly sizeBytes: number;
  /** Exactly `length` bytes; rejects when there are fewer. */
  read(offset: number, length: number): Promise<Buffer>;
}

export interface ClosableSource extends ArchiveSource {
  close(): Promise<void>;
}
