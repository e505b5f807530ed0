/** Decides whether an object is uploaded in one request, or in parts of one size. Pure. */

const MIB = 1024 * 1024;

/** An object up to this size goes in one request. */
const MAX_IN_ONE_REQUEST = 64 * MIB;
/** The limit for an object that came in one request: it then keeps its ETag, and shows as unchanged. */
const MAX_IN_ONE_REQUEST_AGAIN = 512 * MIB;

/** The most parts that S3 accepts in one upload. */
const MAX_PARTS = 10_000;

/** 160 GiB in 10,000 parts; larger objects have larger parts. */
const USUAL_PART_BYTES = 16 * MIB;

/** Parts are held in memory, one at a time. */
const LARGEST_GUESSED_PART_BYTES = 64 * MIB;

/** Part sizes of common clients, the commonest first: the AWS CLI, MinIO's clients, rclone, SDKs. */
const COMMON_PART_BYTES = [8, 16, 64, 5, 10, 15, 32, 20, 25, 50, 12, 6, 7, 24, 40, 48].map(
  (mib) => mib * MIB,
);

/**
 * Returns the size of each part but the last; `undefined` where the object goes in one request. An ETag
 * such as `…-25` says in how many parts an object came: with parts of the same size it gets the same
 * ETag again, and the next plan sees that it is unchanged without reading it.
 */
export function partSizeFor({ size, etag }: { size: number; etag: string }): number | undefined {
  const parts = partsOf(etag);
  if (size <= (parts === undefined ? MAX_IN_ONE_REQUEST_AGAIN : MAX_IN_ONE_REQUEST)) {
    return undefined;
  }
  const guessed = COMMON_PART_BYTES.find(
    (bytes) => bytes <= LARGEST_GUESSED_PART_BYTES && Math.ceil(size / bytes) === parts,
  );
  return guessed ?? Math.max(USUAL_PART_BYTES, Math.ceil(size / MAX_PARTS / MIB) * MIB);
}

function partsOf(etag: string): number | undefined {
  const count = /-(\d+)$/.exec(etag)?.[1];
  return count === undefined ? undefined : Number(count);
}
