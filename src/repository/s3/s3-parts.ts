/**
 * How an archive of unknown length is cut into parts: S3 takes 10,000 of them, and a part is kept in
 * memory until it is uploaded. So the parts are small for as long as an archive is, and grow such
 * that 10,000 of them hold 5 TiB, S3's largest object.
 */

export const MOST_PARTS = 10_000;
/** S3 takes none that is smaller, but for the last. */
const FIRST_BYTES = 5 * 1024 * 1024;
/** Up to here (5 GB) all are alike. */
const ALIKE = 1000;
/** Each part after them is larger than the one before by this. */
const GROWTH_BYTES = 132 * 1024;

/** Bytes of the part of this number, 1 up to 10,000; the last one of an archive may have fewer. */
export function partBytes(partNumber: number): number {
  return FIRST_BYTES + Math.max(0, partNumber - ALIKE) * GROWTH_BYTES;
}
