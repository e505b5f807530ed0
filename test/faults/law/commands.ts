import fc from 'fast-check';
import type { BucketNumber, Fault } from './odd-store.js';

/** Random commands of an operator, and random faults of the server meanwhile. */

/** Objects of each bucket at the most. */
export const KEYS = 25;

export type Command =
  | { do: 'put'; bucket: BucketNumber; keys: number[]; content: number }
  | { do: 'remove'; bucket: BucketNumber; keys: number[] }
  | { do: 'remove-all'; bucket: BucketNumber }
  | ({ do: 'full' | 'incremental' } & BackUp)
  /** Of the newest suspect. */
  | { do: 'accept' }
  | { do: 'prune' }
  | { do: 'restore' };

export interface BackUp {
  faults: Fault[];
  /** With --accept-deletions. */
  accepts: boolean;
  /** With --keep-last 1. */
  prunes: boolean;
}

const numbers = fc.integer({ min: 0, max: KEYS - 1 });
const bucket = fc.constantFrom<BucketNumber>(0, 1);

const REFUSALS = [
  { status: 400, code: 'InvalidRequest' },
  { status: 403, code: 'AccessDenied' },
  { status: 404, code: 'NoSuchKey' },
  { status: 410, code: 'Gone' },
  { status: 451, code: 'UnavailableForLegalReasons' },
  { status: 500, code: 'InternalError' },
  { status: 501, code: 'NotImplemented' },
];
const refusals = fc.constantFrom(...REFUSALS);
const refusalsOfListing = fc.constantFrom(...REFUSALS, { status: 404, code: 'NoSuchBucket' });

const fault: fc.Arbitrary<Fault> = fc.oneof(
  fc
    .tuple(fc.constantFrom('get' as const, 'head' as const), bucket, numbers, refusals)
    .map(([kind, of, key, refusal]) => ({ kind, bucket: of, key, ...refusal })),
  fc.record({ kind: fc.constant('flip' as const), bucket, key: numbers }),
  fc.record({
    kind: fc.constant('hide' as const),
    bucket,
    keys: fc.uniqueArray(numbers, { minLength: 1, maxLength: 5 }),
  }),
  fc.record({
    kind: fc.constant('end-early' as const),
    bucket,
    after: numbers,
    ignoresStartAfter: fc.boolean(),
  }),
  fc
    .tuple(bucket, refusalsOfListing)
    .map(([of, refusal]) => ({ kind: 'not-listed' as const, bucket: of, ...refusal })),
  fc.record({ kind: fc.constant('no-tags' as const), bucket }),
);

const faults = fc.oneof(
  { weight: 1, arbitrary: fc.constant<Fault[]>([]) },
  { weight: 1, arbitrary: fc.array(fault, { maxLength: 2 }) },
);

const seldom = fc.integer({ min: 0, max: 4 }).map((n) => n === 0);

export const commands: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('put' as const),
      bucket,
      keys: fc.array(numbers, { minLength: 1, maxLength: 8 }),
      content: fc.nat(9),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('remove' as const),
      bucket,
      keys: fc.array(numbers, { minLength: 1, maxLength: 5 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('remove-all' as const), bucket }) },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constantFrom('full' as const, 'incremental' as const),
      faults,
      accepts: seldom,
      prunes: seldom,
    }),
  },
  { weight: 1, arbitrary: fc.constant({ do: 'accept' as const }) },
  { weight: 2, arbitrary: fc.constant({ do: 'prune' as const }) },
  { weight: 1, arbitrary: fc.constant({ do: 'restore' as const }) },
);
