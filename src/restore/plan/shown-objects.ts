import { compareKeys } from '../../key-order.js';
import { WrittenObjects } from '../written.js';

/** An object of the target, as a listing told of it. */
export interface TargetObject {
  key: string;
  sizeBytes: number;
  etag: string;
}

export type Destruction = 'overwrite' | 'delete';

/** Why an object stays as it is, though a plan that was made now would destroy it. */
export const CHANGED_SINCE =
  'it has changed since the plan was shown, and nobody has agreed to lose it: run it again';

/**
 * What a plan showed as lost before somebody agreed to it. Whoever carries it out destroys that and
 * nothing else: an object that came later, or that is another one now, stays. What does not fit into
 * memory goes to a file.
 */
export class ShownObjects {
  readonly #byName = new Map<string, WrittenObjects>();

  /** In the order of the keys, for each bucket and what is done to it. */
  async add(bucket: string, action: Destruction, object: TargetObject): Promise<void> {
    const name = nameOf(bucket, action);
    const shown = this.#byName.get(name) ?? new WrittenObjects();
    this.#byName.set(name, shown);
    await shown.add({ ...object, writtenAtMs: 0 });
  }

  /** A plan of the bucket that was begun is made anew. */
  async forget(bucket: string): Promise<void> {
    for (const action of ['overwrite', 'delete'] as const) {
      await this.#byName.get(nameOf(bucket, action))?.close();
      this.#byName.delete(nameOf(bucket, action));
    }
  }

  /** Tells whether an object was shown as it is now. It is asked in the order of the keys. */
  check(bucket: string, action: Destruction): ShownCheck {
    return new ShownCheck(this.#byName.get(nameOf(bucket, action)));
  }

  async close(): Promise<void> {
    for (const shown of this.#byName.values()) await shown.close();
    this.#byName.clear();
  }
}

export class ShownCheck {
  readonly #shown: AsyncGenerator<TargetObject>;
  #head: TargetObject | undefined;
  #begun = false;

  constructor(shown: WrittenObjects | undefined) {
    this.#shown = shown?.read() ?? none();
  }

  async has({ key, sizeBytes, etag }: TargetObject): Promise<boolean> {
    while (!this.#begun || (this.#head !== undefined && compareKeys(this.#head.key, key) < 0)) {
      const next = await this.#shown.next();
      this.#begun = true;
      this.#head = next.done === true ? undefined : next.value;
    }
    const head = this.#head;
    return head?.key === key && head.sizeBytes === sizeBytes && head.etag === etag;
  }

  async close(): Promise<void> {
    await this.#shown.return(undefined);
  }
}

// eslint-disable-next-line @typescript-eslint/require-await -- it stands in for what was spooled
async function* none(): AsyncGenerator<never> {
  yield* [];
}

function nameOf(bucket: string, action: Destruction): string {
  return `${action} ${bucket}`;
}
