import { compareKeys } from '../../key-order.js';
import type { ListedObject } from '../../object-store/port.js';
import { WrittenObjects } from '../written.js';
import type { PlannedObject } from './decide.js';

export interface TargetObject {
  key: string;
  sizeBytes: number;
  etag: string;
}

export type Destruction = 'overwrite' | 'delete';

/** Why an object is kept that a new plan would destroy. */
export const CHANGED_SINCE =
  'it has changed since the plan was shown, and its loss was not confirmed: run the restore again';

/**
 * The objects that a plan showed as lost before a person confirmed it. The restore destroys only
 * these: an object that was created or replaced later stays. A long list goes to a file.
 */
export class ShownObjects {
  readonly #byName = new Map<string, WrittenObjects>();

  /** Adds an object. Call it in key order for each bucket and action. */
  async add(bucket: string, action: Destruction, object: TargetObject): Promise<void> {
    const name = nameOf(bucket, action);
    const shown = this.#byName.get(name) ?? new WrittenObjects();
    this.#byName.set(name, shown);
    await shown.add({ ...object, writtenAtMs: 0 });
  }

  async forget(bucket: string): Promise<void> {
    for (const action of ['overwrite', 'delete'] as const) {
      await this.#byName.get(nameOf(bucket, action))?.close();
      this.#byName.delete(nameOf(bucket, action));
    }
  }

  /** Returns a check whether objects were shown as they are now. Call it in key order. */
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

// oxlint-disable-next-line typescript/require-await -- it stands in for what was spooled
async function* none(): AsyncGenerator<never> {
  yield* [];
}

function nameOf(bucket: string, action: Destruction): string {
  return `${action} ${bucket}`;
}

/**
 * Yields the part of a repeated plan that destroys only objects in `shown`. Other objects have
 * appeared or changed since, and `onChanged` is called with the key of each. If `shown` is
 * `undefined`, nobody confirmed the plan, and everything is yielded. Objects come in key order.
 */
export async function* onlyShown<T extends PlannedObject | ListedObject>(
  shown: ShownObjects | undefined,
  bucket: string,
  pages: AsyncIterable<T[]>,
  onChanged: (key: string) => void,
): AsyncGenerator<T[]> {
  if (shown === undefined) {
    yield* pages;
    return;
  }
  const overwritten = shown.check(bucket, 'overwrite');
  const removed = shown.check(bucket, 'delete');
  try {
    for await (const page of pages) {
      const kept: T[] = [];
      for (const one of page) {
        const isShown =
          'line' in one
            ? one.action !== 'overwrite' ||
              one.target === undefined ||
              (await overwritten.has(one.target))
            : await removed.has(one);
        if (isShown) kept.push(one);
        else onChanged('line' in one ? one.line.key : one.key);
      }
      yield kept;
    }
  } finally {
    await overwritten.close();
    await removed.close();
  }
}
