import { countOf } from '../../count-of.js';
import type { IndexLine } from '../../archive/index-line.js';
import { type ServerFindings, foundBy } from '../../object-store/server-findings.js';
import type { PlannedClasses } from './key-classes.js';

/** What of a restore a server is known not to keep, before anything is written. Pure. */

const PARTS = {
  metadata: ({ metadata, headers }: IndexLine) => hasEntries(metadata) || hasEntries(headers),
  tags: ({ tags }: IndexLine) => (tags?.length ?? 0) > 0,
  checksums: ({ checksums }: IndexLine) => hasEntries(checksums),
  lock: ({ retention, legal_hold }: IndexLine) => (retention ?? legal_hold) !== undefined,
} as const;

type Part = keyof typeof PARTS;
const PART_NAMES = Object.keys(PARTS) as Part[];

/** Counts the objects that a plan would write and that have each part, by bucket. */
export class PlannedParts {
  readonly #byBucket = new Map<string, Record<Part, number>>();

  add(bucket: string, line: IndexLine): void {
    const counts = this.#byBucket.get(bucket) ?? { metadata: 0, tags: 0, checksums: 0, lock: 0 };
    for (const part of PART_NAMES) if (PARTS[part](line)) counts[part] += 1;
    this.#byBucket.set(bucket, counts);
  }

  forget(bucket: string): void {
    this.#byBucket.delete(bucket);
  }

  /** Yields the buckets that have objects with the part, and how many. */
  *of(part: Part): Generator<[bucket: string, objects: number]> {
    for (const [bucket, counts] of this.#byBucket) {
      if (counts[part] > 0) yield [bucket, counts[part]];
    }
  }
}

/** Returns what the findings about a server foretell of a plan: once for each bucket and part, and for each class of keys. */
export function expectedLosses(
  findings: ServerFindings | undefined,
  { parts, classes }: { parts: PlannedParts; classes: PlannedClasses },
): string[] {
  if (findings === undefined) return [];
  const lines: string[] = [];
  for (const name of classes.classes) {
    const outcome = findings.keys?.[name];
    if (outcome !== 'refused' && outcome !== 'renamed') continue;
    const how = outcome === 'refused' ? 'refuses such keys' : 'stores such keys under other names';
    lines.push(`${countOf(classes.keysOf(name), 'key')} (${name}): it ${how}`);
  }
  const add = (part: Part, what: string, how: string): void => {
    for (const [bucket, objects] of parts.of(part)) {
      lines.push(`the ${what} of ${countOf(objects, 'object')} of ${bucket}: it ${how}`);
    }
  };
  if (findings.metadata === 'changed') add('metadata', 'headers and metadata', CHANGES);
  for (const part of ['tags', 'checksums'] as const) {
    if (findings[part] === 'changed') add(part, part, CHANGES);
    if (findings[part] === 'unsupported') add(part, part, 'does not keep them');
  }
  if (findings.lock === 'gives_in') {
    add('lock', 'lock', 'lets locked objects be deleted by their version ids');
  }
  if (findings.lock === 'unsupported') add('lock', 'lock', 'has no object lock');
  return lines.map((line) => `${foundBy(findings)}, and it may not keep ${line}`);
}

const CHANGES = 'gives them back changed';

function hasEntries(fields: object | undefined): boolean {
  return fields !== undefined && Object.keys(fields).length > 0;
}
