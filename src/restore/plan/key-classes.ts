import { countOf } from '../../count-of.js';

/**
 * Finds keys that some targets refuse, and keys that some targets silently store under another
 * name. If the latter were written unchecked, they could overwrite other objects. Pure.
 */

export const KEY_CLASSES = [
  'leading /',
  'backslash',
  'trailing / with content',
  '//',
  '. segment',
  '.. segment',
] as const;

export type KeyClass = (typeof KEY_CLASSES)[number];

/** Returns the classes to which a key belongs; none for most keys. */
export function classesOf(key: string, sizeBytes: number): KeyClass[] {
  // This test passes most keys without splitting them.
  const first = key.charCodeAt(0);
  const last = key.charCodeAt(key.length - 1);
  const odd = first === SLASH || last === SLASH || first === DOT || /\\|\/\/|\/\./.test(key);
  if (!odd) return [];
  const segments = key.split('/');
  const belongs: Record<KeyClass, boolean> = {
    'leading /': first === SLASH,
    backslash: key.includes('\\'),
    'trailing / with content': last === SLASH && sizeBytes > 0,
    '//': key.includes('//'),
    '. segment': segments.includes('.'),
    '.. segment': segments.includes('..'),
  };
  return KEY_CLASSES.filter((name) => belongs[name]);
}

const SLASH = 0x2f;
const DOT = 0x2e;

/**
 * Returns a key that belongs only to this class. However a server renames it, it begins with the
 * stem, or with `/` and the stem.
 */
export function probeKeyOf(name: KeyClass, stem: string): string {
  const keys: Record<KeyClass, string> = {
    'leading /': `/${stem}`,
    backslash: `${stem}\\${stem}`,
    'trailing / with content': `${stem}/`,
    '//': `${stem}//${stem}`,
    '. segment': `${stem}/./${stem}`,
    '.. segment': `${stem}/../${stem}`,
  };
  return keys[name];
}

/** Counts the keys of each class that a plan would write, by bucket. */
export class PlannedClasses {
  readonly #byBucket = new Map<string, Map<KeyClass, number>>();

  add(bucket: string, key: string, sizeBytes: number): void {
    for (const name of classesOf(key, sizeBytes)) {
      const found = this.#byBucket.get(bucket) ?? new Map<KeyClass, number>();
      found.set(name, (found.get(name) ?? 0) + 1);
      this.#byBucket.set(bucket, found);
    }
  }

  forget(bucket: string): void {
    this.#byBucket.delete(bucket);
  }

  /** The classes that occur, in the order of `KEY_CLASSES`. */
  get classes(): KeyClass[] {
    return KEY_CLASSES.filter((name) => this.keysOf(name) > 0);
  }

  /** The buckets into which such keys would be written. */
  get buckets(): string[] {
    return [...this.#byBucket.keys()];
  }

  keysOf(name: KeyClass): number {
    return [...this.#byBucket.values()].reduce((sum, found) => sum + (found.get(name) ?? 0), 0);
  }
}

/** Returns why MinIO refuses a key; `undefined` if it accepts it. */
export function whyRefusable(key: string): string | undefined {
  if (Buffer.byteLength(key) > 1024) return 'a key over 1,024 bytes';
  if (key.includes('//')) return 'an empty segment';
  const segments = key.split('/');
  if (segments.some((segment) => segment === '.' || segment === '..')) return 'a segment . or ..';
  if (segments.some((segment) => Buffer.byteLength(segment) > 255))
    return 'a segment over 255 bytes';
  return undefined;
}

const MAX_EXAMPLES = 3;

/** Counts keys that MinIO refuses by bucket and reason, with examples. */
export class RefusableKeys {
  readonly #found = new Map<string, { count: number; examples: string[] }>();

  add(bucket: string, key: string): void {
    const reason = whyRefusable(key);
    if (reason === undefined) return;
    const name = `${bucket} (${reason})`;
    const found = this.#found.get(name) ?? { count: 0, examples: [] };
    found.count += 1;
    if (found.examples.length < MAX_EXAMPLES) found.examples.push(shortened(key));
    this.#found.set(name, found);
  }

  problems(): string[] {
    return [...this.#found].map(
      ([name, { count, examples }]) =>
        `${countOf(count, 'object')} of ${name} may be refused: MinIO does not accept such keys, for example ${examples.join(', ')}`,
    );
  }
}

function shortened(key: string): string {
  return JSON.stringify(key.length > 80 ? `${key.slice(0, 79)}…` : key);
}
