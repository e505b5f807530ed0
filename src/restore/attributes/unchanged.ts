import type { IndexLine } from '../../archive/index-line.js';
import type { MangamotionError } from '../../errors.js';
import type { ObjectStore, StoredObject } from '../../object-store/port.js';
import type { RunFaults } from '../../object-store/run-faults.js';
import { Losses, type RestoreLoss } from '../failures.js';
import { type Sent, changeOf } from './kinds.js';

/** The requests at once. */
const AT_ONCE = 16;
/** So many failures in a row, and the target is not asked any more. */
const MOST_FAILURES = 3;

type Kind = 'acl' | 'tags';

interface Context {
  store: ObjectStore;
  faults: RunFaults;
  signal: AbortSignal;
}

/**
 * Reads back what an earlier restore may have left out of single objects without telling anybody: the ACL, which
 * is put after the object, so that a restore that was killed leaves objects without it; and tags that the target
 * refused, where a worker did not answer.
 */
export class UnchangedAttributes {
  readonly #context: Context;
  readonly #bucket: string;
  readonly #kinds: readonly Kind[];
  readonly #losses = new Losses();
  readonly #underWay = new Set<Promise<void>>();
  readonly #failures = { acl: 0, tags: 0 };

  /** `withTags`: tags may lack, too. */
  constructor(context: Context, bucket: string, withTags: boolean) {
    this.#context = context;
    this.#bucket = bucket;
    this.#kinds = withTags ? ['acl', 'tags'] : ['acl'];
  }

  /** Begins to read what the object has of these; waits while many others are read. */
  async add(
    line: Pick<IndexLine, 'key'>,
    stored: Pick<StoredObject, 'etag'>,
    sent: Sent,
  ): Promise<void> {
    for (const kind of this.#kinds) {
      if (!hasOne(kind, sent)) continue;
      const reading = this.#check(kind, line.key, stored, sent);
      this.#underWay.add(reading);
      reading.catch(() => undefined).finally(() => this.#underWay.delete(reading));
      if (this.#underWay.size >= AT_ONCE) await Promise.race(this.#underWay);
    }
  }

  /** Resolves to the losses. Rejects with an error that ends the restore. */
  async finish(): Promise<RestoreLoss[]> {
    await Promise.all(this.#underWay);
    return this.#losses.all;
  }

  async #check(
    kind: Kind,
    key: string,
    stored: Pick<StoredObject, 'etag'>,
    sent: Sent,
  ): Promise<void> {
    const { store, faults, signal } = this.#context;
    const lose = (reason: string) => {
      this.#losses.add({ bucket: this.#bucket, what: kind, key, reason });
    };
    if (this.#failures[kind] >= MOST_FAILURES) {
      lose('it could not be read back');
      return;
    }
    let failure: MangamotionError;
    try {
      const options = { signal };
      const head = await store.headObject(this.#bucket, key, options);
      // If the object was replaced meanwhile, its attributes prove nothing.
      if (stored.etag !== '' && head.etag !== '' && stored.etag !== head.etag) return;
      const got =
        kind === 'acl'
          ? { tags: [], acl: await store.getObjectAcl(this.#bucket, key, options) }
          : { tags: await store.getObjectTags(this.#bucket, key, options), acl: undefined };
      const reason = changeOf(kind, sent, { head, lock: head, ...got });
      this.#failures[kind] = 0;
      if (reason !== undefined) lose(reason);
      return;
    } catch (error) {
      failure = await faults.classify(this.#bucket, error, signal);
    }
    this.#failures[kind] += 1;
    lose(`it could not be read back: ${failure.message}`);
  }
}

function hasOne(kind: Kind, { attributes, acl }: Sent): boolean {
  return kind === 'acl' ? acl !== undefined : (attributes.tags ?? []).length > 0;
}
