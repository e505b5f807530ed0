import type { MangamotionError } from '../errors.js';
import type { ObjectStore, StoredObject } from '../object-store/port.js';
import type { RunFaults } from '../object-store/run-faults.js';
import { NEEDS, type ReadBack, type Sent, kindsOf, whatBecameOf } from './attribute-kinds.js';
import type { RestoreLoss } from './losses.js';

/** So many objects with a kind of attribute are read back in a bucket; then the kind is trusted. */
const READ_BACK = 3;
const MOST_KEYS = 10;

interface Kind {
  count: number;
  keys: string[];
  asked: number;
  /** What became of it, where one of those read back lacks it. */
  reason?: string | undefined;
}

/**
 * Reads back what belongs to the first restored objects of each kind of attribute in a bucket: there
 * are servers that take tags, answer 200 and keep none.
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

  /** Counts what an object that was just written has, and begins to read it back where it is due. */
  add(key: string, stored: StoredObject, sent: Sent): void {
    const due: string[] = [];
    for (const name of kindsOf(sent)) {
      const kind = this.#kinds.get(name) ?? { count: 0, keys: [], asked: 0 };
      this.#kinds.set(name, kind);
      kind.count += 1;
      if (kind.keys.length < MOST_KEYS) kind.keys.push(key);
      if (kind.asked >= READ_BACK) continue;
      kind.asked += 1;
      due.push(name);
    }
    if (due.length === 0) return;
    const reading = this.#check(key, stored, sent, due);
    // Its failure is thrown by `finish`; until then it must not count as unhandled.
    reading.catch(() => undefined);
    this.#underWay.push(reading);
  }

  /** What was lost, once for each kind. Rejects with what ends the run. */
  async finish(): Promise<RestoreLoss[]> {
    await Promise.all(this.#underWay);
    return [...this.#kinds].flatMap(([what, { count, keys, reason }]) =>
      reason === undefined ? [] : [{ bucket: this.#bucket, what, count, keys, reason }],
    );
  }

  async #check(key: string, stored: StoredObject, sent: Sent, due: string[]): Promise<void> {
    const { faults, signal } = this.#context;
    let failure: MangamotionError;
    try {
      const got = await this.#read(key, due);
      // Somebody has replaced it: what it has now says nothing of what was sent.
      const replaced = stored.etag !== '' && got.head.etag !== '' && stored.etag !== got.head.etag;
      for (const name of due) {
        const kind = this.#kinds.get(name);
        if (kind === undefined) continue;
        kind.reason ??= replaced ? undefined : whatBecameOf(name, sent, got);
      }
      return;
    } catch (error) {
      failure = await faults.judge(this.#bucket, error, signal);
    }
    for (const name of due) {
      const kind = this.#kinds.get(name);
      if (kind !== undefined) kind.reason ??= `it could not be read back: ${failure.message}`;
    }
  }

  async #read(key: string, due: readonly string[]): Promise<ReadBack> {
    const { store, signal } = this.#context;
    const needs = new Set(due.map((name) => NEEDS[name]));
    const bucket = this.#bucket;
    const head = await store.headObject(bucket, key, { signal });
    const tags = needs.has('tags') ? await store.getObjectTags(bucket, key, { signal }) : [];
    const isTold = head.retention !== null || head.legalHold;
    const lock =
      needs.has('lock') && !isTold ? await store.getObjectLock(bucket, key, { signal }) : head;
    const acl = needs.has('acl') ? await store.getObjectAcl(bucket, key, { signal }) : undefined;
    return { head, tags, lock, acl };
  }
}
