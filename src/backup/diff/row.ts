import type { ObjectRecord } from '../../archive/index-line.js';

/** The parts in which two objects of the same name can differ. */
export type Part =
  /** The content: SHA-256 and size, or, in a listing, size and ETag. */
  | 'bytes'
  | 'headers'
  | 'metadata'
  | 'tags'
  | 'retention'
  | 'legal_hold'
  | 'encryption'
  | 'storage_class'
  | 'checksums'
  | 'acl';

/** One side of a difference. `null`: it has none, or it is not known. Attributes only if they differ. */
export interface State extends Partial<
  Pick<ObjectRecord, 'headers' | 'metadata' | 'tags' | 'retention' | 'legal_hold'> &
    Pick<ObjectRecord, 'encryption' | 'storage_class' | 'checksums' | 'acl'>
> {
  size: number;
  /** `null` for a document. */
  etag: string | null;
  /** `null` in a listing. */
  sha256: string | null;
  last_modified: string | null;
}

/** A difference, as it is printed with --json. */
export interface DiffRow {
  /** `unknown`: it cannot be told whether there is a difference; `reason` says why. */
  change: 'added' | 'removed' | 'changed' | 'unknown';
  kind: 'object' | 'document' | 'bucket';
  bucket: string;
  /** `null` for a bucket and for a document of it. */
  key: string | null;
  /** `policy`, `lifecycle`, …; `null` for a bucket and for an object. */
  document: string | null;
  /** The parts of an object that differ; for `unknown`, the parts that could not be compared. */
  what: Part[];
  before: State | null;
  after: State | null;
  reason: string | null;
}

/** A bucket that is on one side alone only because the other side leaves it out. */
export interface NotCompared {
  bucket: string;
  reason: string;
}
