/**
 * The order of object keys everywhere in a backup: the bytes of their UTF-8, as S3 lists them.
 * JavaScript's own comparison goes by UTF-16 units, which puts U+FF5E after U+1F600.
 */
export function compareKeys(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return codePointRank(x) - codePointRank(y);
  }
  return a.length - b.length;
}

/**
 * Maps UTF-16 units so that they sort as UTF-8 bytes do: surrogates (which stand for the code points
 * from U+10000 on) after all other units.
 */
function codePointRank(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}

export interface ObjectName {
  bucket: string;
  key: string;
}

/** By bucket, then by key. */
export function compareObjects(a: ObjectName, b: ObjectName): number {
  return compareKeys(a.bucket, b.bucket) || compareKeys(a.key, b.key);
}
