/** What belongs to objects and did not come back with them: once for each kind and bucket. */
export interface RestoreLoss {
  bucket: string;
  /** `tags`, `encryption`, `header content-type`, … */
  what: string;
  /** The objects that it concerns. */
  count: number;
  /** The first of them. */
  keys: string[];
  reason: string;
}

const MOST_KEYS = 10;

export class Losses {
  readonly all: RestoreLoss[] = [];

  add({
    bucket,
    what,
    key,
    reason,
  }: {
    bucket: string;
    what: string;
    key: string;
    reason: string;
  }) {
    const known = this.all.find((loss) => loss.bucket === bucket && loss.what === what);
    if (known === undefined) {
      this.all.push({ bucket, what, count: 1, keys: [key], reason });
      return;
    }
    known.count += 1;
    if (known.keys.length < MOST_KEYS) known.keys.push(key);
  }
}
