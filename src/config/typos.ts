/** Names that begin like this are ours, or were meant to be. */
const PREFIXES = ['MINIO_', 'BACKUP_', 'BILLING_', 'S3_', 'JOB_'];

/** With those that other programs use too: for who asks what may be wrong. */
export const ALL_PREFIXES = [
  ...PREFIXES,
  ...['REDIS_', 'PING_', 'DRY_', 'AWS_', 'HTTP_', 'HTTPS_', 'NO_'],
];

/** More changes than this are another name, not a slip. */
const MAX_CHANGES = 2;

/**
 * The unknown names that look like slips, with the name that was probably meant. Others with our
 * prefixes are left alone: MinIO's server has many variables (MINIO_ROOT_USER).
 */
export function findTypos(
  names: Iterable<string>,
  known: readonly string[],
  prefixes: readonly string[] = PREFIXES,
): { name: string; meant: string }[] {
  const knownNames = new Set(known);
  return [...names]
    .filter((name) => !knownNames.has(name) && hasPrefix(name, prefixes))
    .flatMap((name) => {
      const meant = closest(name, known);
      return meant === undefined ? [] : [{ name, meant }];
    });
}

/** The known name that is at most two slips away; the nearest one. */
export function closest(name: string, known: readonly string[]): string | undefined {
  const upper = name.toUpperCase();
  const [best] = known
    .map((candidate) => ({ candidate, changes: distance(upper, candidate) }))
    .filter(({ changes }) => changes <= MAX_CHANGES)
    .sort((a, b) => a.changes - b.changes);
  return best?.candidate;
}

/** `MINO_ENDPOINT` has: its first word is one slip from one of ours. */
function hasPrefix(name: string, prefixes: readonly string[]): boolean {
  const word = name.toUpperCase().slice(0, name.indexOf('_') + 1);
  return prefixes.some(
    (prefix) => word === prefix || (prefix.length > 4 && distance(word, prefix) <= 1),
  );
}

/** How many letters must be put in, taken out, replaced or swapped with the next (Damerau). */
function distance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > MAX_CHANGES) return MAX_CHANGES + 1;
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (last[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped =
        i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
          ? (beforeLast[j - 2] ?? 0) + 1
          : Infinity;
      row.push(Math.min(replaced, swapped, (last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1));
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length] ?? 0;
}
