/** The sink to which an archive is written: a file or an upload. */
export interface ArchiveSink {
  /**
   * Appends the chunks. Called one at a time, in order; the promise is the back-pressure. The
   * chunks must not be changed by either side.
   */
  write(chunks: readonly Uint8Array[]): Promise<void>;
}

/** The source from which an archive is read: a file, or an object read by ranges. */
export interface ArchiveSource {
  /** `Infinity` where the size is unknown and finding out would cost a request. */
  readonly sizeBytes: number;
  /** Exactly `length` bytes; rejects when there are fewer. */
  read(offset: number, length: number): Promise<Buffer>;
}

export interface ClosableSource extends ArchiveSource {
  close(): Promise<void>;
}
