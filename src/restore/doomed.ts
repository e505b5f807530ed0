/** What a restore would destroy: the objects that it overwrites or removes, the first of them by name. */

export interface DoomedObjects {
  /** Of the target. */
  bucket: string;
  action: 'overwrite' | 'delete';
  /** The first thousand, with the sizes of what is there now. */
  objects: { key: string; size: number }[];
  /** How many more there are. */
  omitted: number;
}

const MOST_NAMED = 1000;

export class Doomed {
  readonly all: DoomedObjects[] = [];

  add(
    bucket: string,
    action: DoomedObjects['action'],
    object: { key: string; size: number },
  ): void {
    let found = this.all.find((one) => one.bucket === bucket && one.action === action);
    if (found === undefined) {
      found = { bucket, action, objects: [], omitted: 0 };
      this.all.push(found);
    }
    if (found.objects.length < MOST_NAMED) found.objects.push(object);
    else found.omitted += 1;
  }

  /** A plan of the bucket that was begun is made anew. */
  forget(bucket: string): void {
    const others = this.all.filter((one) => one.bucket !== bucket);
    this.all.splice(0, this.all.length, ...others);
  }
}
