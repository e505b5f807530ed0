import type { WorkerRow } from '../../progress.js';
import { RateMeter } from './rate.js';
import type { DrawnWorker } from './worker-rows.js';

interface Known {
  row: WorkerRow;
  meter: RateMeter;
  bytesPerSecond: number;
  /** When the row was given. */
  atMs: number;
}

/** The workers of a piece of work, with the speed of each. */
export class WorkerTable {
  #known = new Map<string, Known>();

  /** Replaces the rows. A worker on the same shard as before keeps its speed. */
  update(rows: readonly WorkerRow[], nowMs: number): void {
    const known = new Map<string, Known>();
    for (const row of rows) {
      const key = `${row.shard} ${row.worker}`;
      const before = this.#known.get(key);
      const meter = before?.meter ?? begun(row, nowMs);
      const bytesPerSecond = meter.sample(row.bytes, nowMs);
      known.set(key, { row, meter, bytesPerSecond, atMs: nowMs });
    }
    this.#known = known;
  }

  /** Returns the rows as they are by now: time goes on between reports. */
  rows(nowMs: number): DrawnWorker[] {
    return [...this.#known.values()].map(({ row, bytesPerSecond, atMs }) => ({
      ...row,
      bytesPerSecond,
      elapsedMs: row.elapsedMs + nowMs - atMs,
      silentMs: row.silentMs + nowMs - atMs,
    }));
  }
}

/** A shard may have begun long before it is seen for the first time. */
function begun({ elapsedMs, silentMs }: WorkerRow, nowMs: number): RateMeter {
  const meter = new RateMeter();
  meter.sample(0, nowMs - Math.max(1, elapsedMs - silentMs));
  return meter;
}
