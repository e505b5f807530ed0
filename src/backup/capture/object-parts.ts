import { countOf } from '../../count-of.js';
import type { IndexLine, ObjectRecord } from '../../archive/index-line.js';
import { LARGEST_LINE_BYTES } from '../../archive/limits.js';
import { MangamotionError, isMangamotionError } from '../../errors.js';
import type { ObjectHead, ObjectLock, ObjectStore, Tag } from '../../object-store/port.js';
import type { RunFaults } from '../../object-store/run-faults.js';
import { s3CodeOf } from '../../object-store/store-errors.js';
import { isNoSuchObject } from './vanished.js';

/** Reads the parts of an object that a GET does not return: tags, locks, access control lists. */

export type PartName = 'tags' | 'acl' | 'lock' | 'metadata';

export type PartFinding =
  /** The server implements the part: it returned or counted it. */
  | { kind: 'answered'; part: PartName }
  | { kind: 'unsupported'; part: PartName; error: MangamotionError }
  /** The part could not be read. With `carried`, the earlier backup's copy is kept. */
  | { kind: 'failed'; part: PartName; error: MangamotionError; carried: boolean }
  /** The server does not disclose whether the object has the part, or not all of it. */
  | { kind: 'undisclosed'; part: PartName; error: MangamotionError };

export type Parts = Pick<ObjectRecord, 'tags' | 'retention' | 'legal_hold' | 'acl'>;

export interface PartOptions {
  /** Read the access control list of each object, with one request for each. */
  acls: boolean;
  lockable: ReadonlySet<string>;
}

interface PartContext {
  store: ObjectStore;
  faults: RunFaults;
  signal: AbortSignal;
}

/** The way in which a bucket discloses locks: in the head of an object, by separate requests, or not at all. */
type LockMode = 'unknown' | 'head' | 'documents' | 'undisclosed';

export class ObjectParts {
  readonly #context: PartContext;
  readonly #options: PartOptions;
  /** True once the HEAD or GET answer of some object has shown a lock. */
  #headsShowLocks = false;
  readonly #lockModes = new Map<string, { mode: LockMode; error?: MangamotionError }>();

  constructor(context: PartContext, options: PartOptions) {
    this.#context = context;
    this.#options = options;
  }

  /**
   * Reads the parts of an object. `before` is its line in the earlier backup. Rejects with an error
   * that ends the run, or with `not_found` if the object is gone by now.
   */
  async read(
    bucket: string,
    key: string,
    head: ObjectHead,
    before: IndexLine | undefined,
  ): Promise<{ parts: Parts; findings: PartFinding[] }> {
    const findings: PartFinding[] = [];
    const tags = await this.#tags(bucket, key, head, before, findings);
    const acl = await this.#acl(bucket, key, before, findings);
    const lock = await this.#lock(bucket, key, head, findings);
    if (head.missingMetadata > 0) findings.push(uncarried(head.missingMetadata));
    return {
      parts: { tags, ...lockOf(lock), ...(acl === undefined ? {} : { acl }) },
      findings,
    };
  }

  async #tags(
    bucket: string,
    key: string,
    { tagCount }: ObjectHead,
    before: IndexLine | undefined,
    findings: PartFinding[],
  ): Promise<Tag[]> {
    if (tagCount !== null) findings.push({ kind: 'answered', part: 'tags' });
    if (tagCount === 0) return [];
    const { store, signal } = this.#context;
    try {
      const tags = await store.getObjectTags(bucket, key, { signal });
      refuseLarge('tags', JSON.stringify(tags));
      findings.push({ kind: 'answered', part: 'tags' });
      return tags;
    } catch (error) {
      if (s3CodeOf(error) === 'NoSuchTagSet') return [];
      const known = before?.tags ?? [];
      findings.push(await this.#explain(bucket, 'tags', error, known.length > 0));
      return known;
    }
  }

  async #acl(
    bucket: string,
    key: string,
    before: IndexLine | undefined,
    findings: PartFinding[],
  ): Promise<string | undefined> {
    if (!this.#options.acls) return undefined;
    const { store, signal } = this.#context;
    try {
      const acl = await store.getObjectAcl(bucket, key, { signal });
      refuseLarge('access control list', acl);
      findings.push({ kind: 'answered', part: 'acl' });
      return acl;
    } catch (error) {
      findings.push(await this.#explain(bucket, 'acl', error, before?.acl !== undefined));
      return before?.acl;
    }
  }

  /**
   * AWS omits the lock from the head if the credentials may not read it, and Versity Gateway omits
   * it always. Objects whose head shows no lock are therefore asked for it separately, until some
   * head has shown one: an object without a lock proves nothing.
   */
  async #lock(
    bucket: string,
    key: string,
    head: ObjectHead,
    findings: PartFinding[],
  ): Promise<ObjectLock> {
    const shown = { retention: head.retention, legalHold: head.legalHold };
    if (shown.retention !== null || shown.legalHold) this.#headsShowLocks = true;
    if (!this.#options.lockable.has(bucket) || shown.retention !== null || shown.legalHold) {
      return shown;
    }
    const known = this.#lockModes.get(bucket) ?? { mode: 'unknown' };
    if (known.mode === 'head') return shown;
    if (known.error !== undefined) {
      findings.push({ kind: 'undisclosed', part: 'lock', error: known.error });
      return shown;
    }
    const { store, signal, faults } = this.#context;
    try {
      const lock = await store.getObjectLock(bucket, key, { signal });
      const isLocked = lock.retention !== null || lock.legalHold;
      if (isLocked) this.#lockModes.set(bucket, { mode: 'documents' });
      else if (this.#headsShowLocks && known.mode === 'unknown') {
        this.#lockModes.set(bucket, { mode: 'head' });
      }
      return lock;
    } catch (error) {
      if (isNoSuchObject(error)) throw error;
      const failure = await faults.classify(bucket, error, signal);
      if (known.mode === 'unknown')
        this.#lockModes.set(bucket, { mode: 'undisclosed', error: failure });
      findings.push({ kind: 'undisclosed', part: 'lock', error: failure });
      return shown;
    }
  }

  /**
   * Throws if the object is gone. If the earlier backup has the part, the error is a failure even
   * if the server claims not to implement it.
   */
  async #explain(
    bucket: string,
    part: PartName,
    error: unknown,
    carried: boolean,
  ): Promise<PartFinding> {
    if (isNoSuchObject(error)) throw error;
    const { faults, signal } = this.#context;
    const failure = await faults.classify(bucket, error, signal);
    if (isUnsupported(failure) && !carried) return { kind: 'unsupported', part, error: failure };
    return { kind: 'failed', part, error: failure, carried };
  }
}

/** S3 allows ten tags and a hundred grants. A longer index line could not be read again. */
const LONGEST_PART = LARGEST_LINE_BYTES / 8;

function refuseLarge(what: string, text: string): void {
  if (text.length <= LONGEST_PART) return;
  throw new MangamotionError(
    'refused',
    `the ${what} of the object: ${countOf(text.length, 'character')} are more than a backup can hold (${LONGEST_PART})`,
  );
}

/** Returns the finding for metadata that S3 omits, and counts, because no header can carry it. */
function uncarried(count: number): PartFinding {
  const entries = countOf(count, 'entry', 'entries');
  const message = `the server omits ${entries} of its user metadata, because no header can carry ${count === 1 ? 'it' : 'them'}`;
  return { kind: 'undisclosed', part: 'metadata', error: new MangamotionError('refused', message) };
}

/** Whether an answer says that the server does not implement a request. The list is closed. */
function isUnsupported(error: MangamotionError): boolean {
  if (!isMangamotionError(error, 'refused', 'unreachable', 'access_denied')) return false;
  const { status, code } = error.request ?? { status: null, code: s3CodeOf(error) };
  return (
    status === 501 || status === 405 || code === 'NotImplemented' || code === 'MethodNotAllowed'
  );
}

function lockOf({ retention, legalHold }: ObjectLock): Pick<Parts, 'retention' | 'legal_hold'> {
  return {
    ...(retention === null ? {} : { retention }),
    ...(legalHold ? { legal_hold: true } : {}),
  };
}

/** Returns encryption, storage class and checksums for an object's index line. */
export function atRest({
  encryption,
  storageClass,
  checksums,
}: ObjectHead): Pick<ObjectRecord, 'encryption' | 'storage_class' | 'checksums'> {
  return {
    ...(encryption === null
      ? {}
      : {
          encryption: {
            algorithm: encryption.algorithm,
            ...(encryption.keyId === null ? {} : { key_id: encryption.keyId }),
            ...(encryption.bucketKey ? { bucket_key: true as const } : {}),
          },
        }),
    ...(storageClass === null ? {} : { storage_class: storageClass }),
    ...(Object.keys(checksums).length === 0 ? {} : { checksums }),
  };
}
