import { deflateRawSync } from 'node:zlib';

const COMPRESSED_TYPES =
  /^(?:image\/(?!svg|bmp|tiff|x-)|video\/|audio\/(?!wav|x-wav)|font\/woff|application\/(?:zip|gzip|zstd|epub\+zip|x-(?:gzip|bzip2|7z-compressed|rar-compressed|xz|zip-compressed)|vnd\.(?:rar|comicbook|openxmlformats-)))/i;

const SAMPLE_BYTES = 4096;
const SMALLEST_SAMPLE_BYTES = 256;

/** Bits per byte. Above the first, deflate gains nothing; below the second, it always gains. */
const NOISE_ENTROPY = 7.8;
const TEXT_ENTROPY = 6.5;

/** Whether deflating is worthwhile: decided by the type, or else by a sample of the first 4 kB. */
export function isCompressible(contentType: string | undefined, beginning: Uint8Array): boolean {
  if (contentType !== undefined && COMPRESSED_TYPES.test(contentType)) return false;
  if (beginning.length < SMALLEST_SAMPLE_BYTES) return true;
  const sample = beginning.subarray(0, SAMPLE_BYTES);
  const entropy = entropyOf(sample);
  // The entropy of n random bytes is at most log2(n), so short samples have lower thresholds.
  const ceiling = Math.min(8, Math.log2(sample.length));
  if (entropy > NOISE_ENTROPY - (8 - ceiling)) return false;
  if (entropy < TEXT_ENTROPY - (8 - ceiling)) return true;
  return deflateRawSync(sample, { level: 1 }).length < sample.length * 0.9;
}

function entropyOf(sample: Uint8Array): number {
  const counts = new Uint32Array(256);
  for (const byte of sample) counts[byte] = (counts[byte] ?? 0) + 1;
  let bits = 0;
  for (const n of counts) {
    if (n > 0) bits -= (n / sample.length) * Math.log2(n / sample.length);
  }
  return bits;
}
