/** What a use case tells of how far it has come. Counts are of the work begun last. */
export interface WorkProgress {
  /** Begins a piece of work, such as `copying`. */
  start(label: string): void;
  /** What is done just now, within the work begun last: its counts stay. `undefined`: the work itself. */
  phase(label?: string): void;
  update(counts: {
    objects?: number;
    objectsTotal?: number;
    bytes?: number;
    bytesTotal?: number;
    /** The totals are what is known so far: there may be more. */
    totalsGrow?: boolean;
  }): void;
  /** A line that stays. */
  warn(line: string): void;
}
