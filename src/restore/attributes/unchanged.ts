import type { IndexLine } from '../../archive/index-line.js';
import type { MangamotionError } from '../../errors.js';
import type { ObjectStore, StoredObject } from '../../object-store/port.js';
import type { RunFaults } from '../../object-store/run-faults.js';
import { Losses, type RestoreLoss } from '../failures.js';
import { type Sent, aclChange, formOf, tagsChange } from './kinds.js';

/** The requests at once. */
const AT_ONCE = 16;
/** After so many failures in a row, the target is not asked any more. */
const MOST_FAILURES = 3;

const KINDS = ['acl', 'tags'] as const;
type Kind = (typeof KINDS)[number];

type Line = Pick<IndexLine, 'key' | 'size' | 'etag'>;
type Stored = Pick<StoredObject, 'etag'>;

interface Context {
  store: ObjectStore;
  faults: RunFaults;
  signal: AbortSignal;
}

/**
 * Reads back what an earlier restore may have left out of single objects and told nobody, because it was killed:
 * the ACL, which is put after the object, and tags that the target refused.
 */
export class UnchangedAttributes {
  readonly #context: Context;
  readonly #bucket: string;
  readonly #losses = new Losses();
  readonly #underWay = new Set<Promise<void>>();
  readonly #failures = { acl: 0, tags: 0 };
  /** The first error that ends the restore. */
  #fault: { error: unknown } | undefined;

  constructor(context: Context, bucket: string) {
    this.#context = context;
    this.#bucket = bucket;
  }

  /** Begins to read what the object has of these; waits while many others are read. Rejects as `finish`. */
  async add(line: Line, stored: Stored, sent: Sent): Promise<void> {
    for (const kind of KINDS) {
      if (!hasOne(kind, sent)) continue;
      const reading = this.#check(kind, line, stored, sent)
        .catch((error: unknown) => void (this.#fault ??= { error }))
        .finally(() => this.#underWay.delete(reading));
      this.#underWay.add(reading);
      if (this.#underWay.size >= AT_ONCE) await Promise.race(this.#underWay);
      this.#throwFault();
    }
  }

  /** Resolves to the losses. Rejects with an error that ends the restore. */
  async finish(): Promise<RestoreLoss[]> {
    await Promise.all(this.#underWay);
    this.#throwFault();
    return this.#losses.all;
  }

  #throwFault(): void {
    if (this.#fault !== undefined) throw this.#fault.error;
  }

  async #check(kind: Kind, line: Line, stored: Stored, sent: Sent): Promise<void> {
    const { faults, signal } = this.#context;
    if (this.#failures[kind] >= MOST_FAILURES) {
      this.#lose(kind, line, 'it could not be read back');
      return;
    }
    let failure: MangamotionError;
    try {
      const reason = await this.#changeOf(kind, line, stored, sent);
      this.#failures[kind] = 0;
      if (reason !== undefined) this.#lose(kind, line, reason);
      return;
    } catch (error) {
      failure = await faults.classify(this.#bucket, error, signal);
    }
    this.#failures[kind] += 1;
    this.#lose(kind, line, `it could not be read back: ${failure.message}`);
  }

  async #changeOf(
    kind: Kind,
    { key, size }: Line,
    stored: Stored,
    sent: Sent,
  ): Promise<string | undefined> {
    const { store, signal } = this.#context;
    const bucket = this.#bucket;
    const reason =
      kind === 'acl'
        ? aclChange(sent, await store.getObjectAcl(bucket, key, { signal }))
        : tagsChange(sent, await store.getObjectTags(bucket, key, { signal }));
    if (reason === undefined) return undefined;
    // If the object was replaced meanwhile, its attributes prove nothing.
    const head = await store.headObject(bucket, key, { signal, expectedBytes: size });
    const isReplaced = stored.etag !== '' && head.etag !== '' && stored.etag !== head.etag;
    return isReplaced ? undefined : reason;
  }

  #lose(kind: Kind, line: Line, reason: string): void {
    const what = kind + formOf(line);
    this.#losses.add({ bucket: this.#bucket, what, key: line.key, reason });
  }
}

function hasOne(kind: Kind, { attributes, acl }: Sent): boolean {
  return kind === 'acl' ? acl !== undefined : (attributes.tags ?? []).length > 0;
}
