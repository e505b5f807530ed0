/** Decides whether an object is uploaded in one request or in equal parts. Pure. */

const MIB = 1024 * 1024;

/** The largest object that is uploaded in one request if its ETag shows parts. */
const MAX_IN_ONE_REQUEST = 64 * MIB;
/** The largest object that is uploaded in one request if its ETag shows that it was before. */
const MAX_IN_ONE_REQUEST_AGAIN = 512 * MIB;

/** The most parts that S3 accepts in one upload. */
const MAX_PARTS = 10_000;

/** Enough for 160 GiB in 10,000 parts; larger objects get larger parts. */
const USUAL_PART_BYTES = 16 * MIB;

/**
 * The part sizes of common clients (AWS CLI, MinIO, rclone, SDKs), the commonest first. None is larger
 * than 64 MiB: each upload holds one part in memory.
 */
const COMMON_PART_BYTES = [8, 16, 64, 5, 10, 15, 32, 20, 25, 50, 12, 6, 7, 24, 40, 48].map(
  (mib) => mib * MIB,
);

/**
 * Returns the size of all parts but the last; `undefined` for an upload in one request. An ETag
 * such as `…-25` gives the original number of parts. With the same part size the object gets the
 * same ETag again, so the next plan recognises it as unchanged without reading it.
 */
export function partSizeFor({ size, etag }: { size: number; etag: string }): number | undefined {
  const parts = partsOf(etag);
  if (size <= (parts === undefined ? MAX_IN_ONE_REQUEST_AGAIN : MAX_IN_ONE_REQUEST)) {
    return undefined;
  }
  const guessed =
    parts !== undefined && parts <= MAX_PARTS
      ? COMMON_PART_BYTES.find((bytes) => Math.ceil(size / bytes) === parts)
      : undefined;
  return guessed ?? Math.max(USUAL_PART_BYTES, Math.ceil(size / MAX_PARTS / MIB) * MIB);
}

function partsOf(etag: string): number | undefined {
  const count = /-(\d+)$/.exec(etag)?.[1];
  return count === undefined ? undefined : Number(count);
}
