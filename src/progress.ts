/** What a use case tells of how far it has come. Counts are of the work begun last. */
export interface WorkProgress {
  /** Begins a piece of work, such as `backing up`. */
  start(label: string): void;
  update(counts: {
    objects?: number;
    objectsTotal?: number;
    bytes?: number;
    bytesTotal?: number;
  }): void;
  warn(line: string): void;
}
