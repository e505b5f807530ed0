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
  /** What each worker on the shards of the work does just now; absent where nobody shows it. */
  workers?(rows: readonly WorkerRow[]): void;
  /** A line that stays. */
  warn(line: string): void;
}

/** A worker that captures a shard. */
export interface WorkerRow {
  /** Host, process and slot, or what else tells it from others. */
  worker: string;
  shard: number;
  /** What it has done of the shard. */
  objects: number;
  bytes: number;
  /** Since it began, and since it last reported. */
  elapsedMs: number;
  silentMs: number;
}
