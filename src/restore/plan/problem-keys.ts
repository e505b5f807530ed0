/**
 * Classes of keys that some servers store under another name, and say nothing: a restore that wrote
 * them unasked would write over other objects. Pure.
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

/** Those that a key belongs to; none, as a rule. */
export function classesOf(key: string, sizeBytes: number): KeyClass[] {
  // Nearly all keys have none of these: they are told apart without splitting them.
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
 * A key of that class alone. Whatever a server makes of it, it still begins with the stem, or with
 * `/` and the stem.
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

/** How many keys of each class a plan would transfer, and into which buckets. */
export class PlannedClasses {
  readonly #byBucket = new Map<string, Map<KeyClass, number>>();

  add(bucket: string, key: string, sizeBytes: number): void {
    for (const name of classesOf(key, sizeBytes)) {
      const found = this.#byBucket.get(bucket) ?? new Map<KeyClass, number>();
      found.set(name, (found.get(name) ?? 0) + 1);
      this.#byBucket.set(bucket, found);
    }
  }

  /** The plan of the bucket is made anew. */
  forget(bucket: string): void {
    this.#byBucket.delete(bucket);
  }

  /** In the order of the list above. */
  get classes(): KeyClass[] {
    return KEY_CLASSES.filter((name) => this.keysOf(name) > 0);
  }

  /** Those into which such keys would be written. */
  get buckets(): string[] {
    return [...this.#byBucket.keys()];
  }

  keysOf(name: KeyClass): number {
    return [...this.#byBucket.values()].reduce((sum, found) => sum + (found.get(name) ?? 0), 0);
  }
}
