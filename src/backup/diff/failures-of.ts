import { countOf, formatCount } from '../../count-of.js';
import { type ObjectName, compareObjects } from '../../key-order.js';
import type { Failure, Summary } from '../../repository/summary.js';
import type { Part } from './row.js';

/** What a backup does not know of its objects, by the failures in its summary. Pure. */

/** The parts of an object that the `part` of a failure stands for. */
const PARTS: Readonly<Record<string, readonly Part[]>> = {
  tags: ['tags'],
  acl: ['acl'],
  lock: ['retention', 'legal_hold'],
};

export interface Doubt {
  /** The part of the object that is unknown; `undefined` if all of it is. */
  parts: readonly Part[] | undefined;
  reason: string;
}

export class KnownFailures {
  /** The objects that are named, in order. */
  readonly names: readonly ObjectName[];
  readonly #id: string;
  readonly #objects = new Map<string, Doubt>();
  readonly #buckets = new Map<string, string>();
  readonly #documents = new Map<string, string>();
  readonly #omitted: string | undefined;

  constructor({ id, failures, failures_omitted: omitted }: Summary) {
    this.#id = id;
    const named: ObjectName[] = [];
    for (const failure of failures) {
      if (failure.key !== '') {
        if (!this.#objects.has(nameOf(failure))) named.push(failure);
        this.#addObject(failure);
      } else if (failure.document === undefined) {
        this.#buckets.set(failure.bucket, this.#reasonOf(failure));
      } else {
        this.#documents.set(documentOf(failure.bucket, failure.document), this.#reasonOf(failure));
      }
    }
    this.names = named.map(({ bucket, key }) => ({ bucket, key })).sort(compareObjects);
    if (omitted > 0) {
      this.#omitted = `${id} names only the first ${formatCount(failures.length)} of ${countOf(failures.length + omitted, 'object')} that could not be read`;
    }
  }

  /** Returns what is not known of an object, if its failure is named. */
  ofObject(name: ObjectName): Doubt | undefined {
    return this.#objects.size === 0 ? undefined : this.#objects.get(nameOf(name));
  }

  /** Returns why it means nothing that the backup lacks an object. */
  whyAbsent({ bucket }: ObjectName): string | undefined {
    return this.#buckets.get(bucket) ?? this.#omitted;
  }

  /** Returns why the objects of a bucket are not all known. */
  ofBucket(bucket: string): string | undefined {
    return this.#buckets.get(bucket);
  }

  ofDocument(bucket: string, document: string): string | undefined {
    return this.#documents.get(documentOf(bucket, document));
  }

  /** Present if not all failures are named. */
  get omitted(): string | undefined {
    return this.#omitted;
  }

  #addObject(failure: Failure): void {
    const name = nameOf(failure);
    const known = this.#objects.get(name);
    const reason = this.#reasonOf(failure);
    const parts = failure.part === undefined ? undefined : PARTS[failure.part];
    if (known === undefined) this.#objects.set(name, { parts, reason });
    else {
      const all =
        known.parts === undefined || parts === undefined ? undefined : known.parts.concat(parts);
      this.#objects.set(name, { parts: all, reason: known.reason });
    }
  }

  #reasonOf({ part, reason, carried_from: from }: Failure): string {
    const what = part === undefined ? 'it' : `its ${part}`;
    const kept = from === undefined ? '' : `, and holds the copy in ${from}`;
    return `${this.#id} could not read ${what}${kept}: ${reason}`;
  }
}

function nameOf({ bucket, key }: ObjectName): string {
  return JSON.stringify([bucket, key]);
}

function documentOf(bucket: string, document: string): string {
  return `${document} ${bucket}`;
}
