/** Keys that some targets cannot hold: told in the plan, before a run meets them. Pure. */

/** Why MinIO refuses an object of that key; `undefined` where it takes it. */
export function whyRefusable(key: string): string | undefined {
  if (Buffer.byteLength(key) > 1024) return 'the key is over 1,024 bytes';
  if (key.includes('//')) return 'an empty segment';
  const segments = key.split('/');
  if (segments.some((segment) => segment === '.' || segment === '..')) return 'a segment . or ..';
  if (segments.some((segment) => Buffer.byteLength(segment) > 255))
    return 'a segment over 255 bytes';
  return undefined;
}

const MOST_EXAMPLES = 3;

/** Counts such keys, by bucket and reason, with some examples. */
export class RefusableKeys {
  readonly #found = new Map<string, { count: number; examples: string[] }>();

  add(bucket: string, key: string): void {
    const reason = whyRefusable(key);
    if (reason === undefined) return;
    const name = `${bucket} (${reason})`;
    const found = this.#found.get(name) ?? { count: 0, examples: [] };
    found.count += 1;
    if (found.examples.length < MOST_EXAMPLES) found.examples.push(shortened(key));
    this.#found.set(name, found);
  }

  problems(): string[] {
    return [...this.#found].map(
      ([name, { count, examples }]) =>
        `${count} objects of ${name} may be refused: MinIO takes no such keys, such as ${examples.join(', ')}`,
    );
  }
}

function shortened(key: string): string {
  return JSON.stringify(key.length > 80 ? `${key.slice(0, 79)}…` : key);
}
