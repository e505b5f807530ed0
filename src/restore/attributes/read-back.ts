import type { IndexLine } from '../../archive/index-line.js';
import type { MangamotionError } from '../../errors.js';
import type { ObjectStore, StoredObject } from '../../object-store/port.js';
import type { RunFaults } from '../../object-store/run-faults.js';
import { NEEDS, type ReadBack, type Sent, formOf, kindsOf, changeOf } from './kinds.js';
import type { RestoreLoss } from '../failures.js';

/** The number of objects per bucket and kind that are read back before the kind is trusted. */
const READ_BACK = 3;
const MAX_KEYS = 10;

type WrittenLine = Pick<IndexLine, 'key' | 'size' | 'etag'>;

interface Kind {
  name: string;
  count: number;
  keys: string[];
  readBack: number;
  /** Why it counts as lost; absent if no loss was found. */
  reason?: string | undefined;
}

/**
 * Reads back the attributes of the first objects of each kind in a bucket: some servers accept tags
 * with status 200 and keep none. Multipart objects and folders count as separate kinds, because
 * some servers lose only their metadata.
 */
export class ReadBacks {
  readonly #context: { store: ObjectStore; faults: RunFaults; signal: AbortSignal };
  readonly #bucket: string;
  readonly #kinds = new Map<string, Kind>();
  readonly #underWay: Promise<unknown>[] = [];

  constructor(
    context: { store: ObjectStore; faults: RunFaults; signal: AbortSignal },
    bucket: string,
  ) {
    this.#context = context;
    this.#bucket = bucket;
  }

  /** Counts an object's attributes, and reads it back if one of its kinds is due. */
  add(line: WrittenLine, stored: Pick<StoredObject, 'etag'>, sent: Sent): void {
    const form = formOf(line);
    const due: Kind[] = [];
    for (const name of kindsOf(sent)) {
      const what = name + form;
      const kind = this.#kinds.get(what) ?? { name, count: 0, keys: [], readBack: 0 };
      this.#kinds.set(what, kind);
      kind.count += 1;
      if (kind.keys.length < MAX_KEYS) kind.keys.push(line.key);
      if (kind.readBack >= READ_BACK) continue;
      kind.readBack += 1;
      due.push(kind);
    }
    if (due.length === 0) return;
    const reading = this.#check(line, stored, sent, due);
    // `finish` throws a failure; until then it must not count as unhandled.
    reading.catch(() => undefined);
    this.#underWay.push(reading);
  }

  /** Resolves to the losses, one for each kind. Rejects with an error that ends the restore. */
  async finish(): Promise<RestoreLoss[]> {
    await Promise.all(this.#underWay);
    return [...this.#kinds].flatMap(([what, { count, keys, reason }]) =>
      reason === undefined ? [] : [{ bucket: this.#bucket, what, count, keys, reason }],
    );
  }

  async #check(
    line: WrittenLine,
    stored: Pick<StoredObject, 'etag'>,
    sent: Sent,
    due: Kind[],
  ): Promise<void> {
    const { faults, signal } = this.#context;
    let failure: MangamotionError;
    try {
      const got = await this.#read(line, due);
      // If the object was replaced meanwhile, its attributes prove nothing.
      const replaced = stored.etag !== '' && got.head.etag !== '' && stored.etag !== got.head.etag;
      for (const kind of due) {
        kind.reason ??= replaced ? undefined : changeOf(kind.name, sent, got);
      }
      return;
    } catch (error) {
      failure = await faults.classify(this.#bucket, error, signal);
    }
    for (const kind of due) kind.reason ??= `it could not be read back: ${failure.message}`;
  }

  async #read({ key, size }: WrittenLine, due: readonly Kind[]): Promise<ReadBack> {
    const { store, signal } = this.#context;
    const needs = new Set(due.map(({ name }) => NEEDS[name]));
    const bucket = this.#bucket;
    const head = await store.headObject(bucket, key, { signal, expectedBytes: size });
    const tags = needs.has('tags') ? await store.getObjectTags(bucket, key, { signal }) : [];
    const isKnown = head.retention !== null || head.legalHold;
    const lock =
      needs.has('lock') && !isKnown ? await store.getObjectLock(bucket, key, { signal }) : head;
    const acl = needs.has('acl') ? await store.getObjectAcl(bucket, key, { signal }) : undefined;
    return { head, tags, lock, acl };
  }
}
