import { MOST_DIFFERENCES, MOST_KEYS } from './limits.js';
import type { Difference } from './result.js';

/** Collects differences by bucket and field, in bounded memory. */
export class Differences {
  readonly named: Difference[] = [];
  /** Differences of further buckets and fields. */
  omitted = 0;

  add(
    { bucket, field, reason }: Pick<Difference, 'bucket' | 'field' | 'reason'>,
    keys: readonly string[],
    count = keys.length,
  ): void {
    const known = this.named.find((one) => one.bucket === bucket && one.field === field);
    if (known !== undefined) {
      known.count += count;
      known.keys.push(...keys.slice(0, MOST_KEYS - known.keys.length));
    } else if (this.named.length < MOST_DIFFERENCES) {
      this.named.push({ bucket, field, count, keys: keys.slice(0, MOST_KEYS), reason });
    } else this.omitted += count;
  }

  has(bucket: string, field: string): boolean {
    return this.named.some((one) => one.bucket === bucket && one.field === field);
  }
}
