import type { ErrorCode } from '../../../src/errors.js';
import type { Failure } from '../../../src/repository/summary.js';
import type { OddServer } from '../../helpers/odd-proxy.js';
import type { OddRequest } from '../../helpers/odd-messages.js';
import type { SeedObject } from '../../helpers/seed.js';

/** `again` is a second full backup, which has predecessors. */
export type Phase = 'full' | 'incremental' | 'again' | 'restore';

/** One way in which a server differs from S3, and what the tool does then. */
export interface Quirk {
  /** What it is about; each group is a test file. */
  group: 'listings' | 'objects' | 'buckets' | 'targets';
  /** What the server does, as a sentence. */
  what: string;
  /** Where this was seen: servers, and issues in the trackers of projects. */
  seenOn: string;
  /** What the tool does, as a sentence of the manual. */
  tool: string;
  /** When the server is so; always where absent. At other times it is a plain one. */
  during?: readonly Phase[];
  /** Objects besides those of every store. */
  objects?: readonly SeedObject[];
  /** There is another bucket, and it is backed up too: faults of buckets meet that one. */
  withOther?: true;
  /** What is done to the target before the restore, where it must be there by then. */
  target?: 'exists' | 'versioned' | 'has extras';
  /** Begins anew for each phase, so that it may count. */
  server: (place: Place) => OddServer;
  full?: ExpectedBackup;
  incremental?: ExpectedBackup;
  /** Run only where it is present. */
  again?: ExpectedBackup;
  restore?: ExpectedRestore;
  /** What nobody can find out, and so is missing from a backup that is complete: keys. */
  beyond?: readonly string[];
}

/** The names of the buckets of a run. */
export interface Place {
  bucket: string;
  other: string;
  target: string;
}

export interface ExpectedBackup {
  /** The run ends with an error of that code. */
  error?: ErrorCode;
  /** `complete` where absent. */
  status?: 'complete' | 'partial' | 'suspect';
  /** The objects that are named as failures, no others; with what is told of them. */
  failed?: Record<string, Told> | 'any';
  /** Objects that are in it all the same, whatever else is said of their bucket. */
  held?: readonly string[];
  /** The other bucket is named as one that failed, with this. */
  otherFailed?: Told;
  /** One of the notices, or the reason of a failure. */
  says?: RegExp;
  /** How often such a request is sent at most. */
  atMost?: { requests: number; which: (request: OddRequest, place: Place) => boolean };
  /** Objects whose bytes are copied at most. */
  capturedAtMost?: number;
}

/** Some fields of a failure: what they are, or what they are like. */
type Told = { [Field in keyof Failure]?: Failure[Field] | RegExp };

export interface ExpectedRestore {
  error?: ErrorCode;
  /** `complete` where absent. */
  status?: 'complete' | 'partial' | 'any';
  /** The keys that are named as failures, no others; none where absent. */
  failed?: readonly string[] | 'any';
  /** Words that the report has besides: what of the objects was lost. */
  names?: RegExp;
  /** Objects that are removed from the target. */
  deleted?: number;
}

/** A quirk, checked by the compiler where it is written. */
export function quirk(definition: Quirk): Quirk {
  return definition;
}
