import { createHash } from 'node:crypto';
import { displayServer } from './endpoints.js';
import { type LineIdentity, type Selection, keyOf } from './line-keys.js';

/** The most characters of a store and of a list of buckets in a name. */
const MAX_STORE = 80;
const MAX_BUCKETS = 48;
const HASH_LENGTHS = [8, 64];

/**
 * Returns unique names for lines: `minio.example.com:9000` for all buckets of a store,
 * `…/alpha+beta` for some, `…/except-temp` for all but some. They need no quotes in a shell. A name
 * that was shortened, or that would not be unique, ends in a hash of the line's key.
 */
export function nameLines(lines: readonly LineIdentity[]): string[] {
  const bases = lines.map(baseName);
  let names = bases.map(({ text, shortened }, index) =>
    shortened ? withHash(text, lines[index], 8) : text,
  );
  for (const length of HASH_LENGTHS) {
    const counts = new Map<string, number>();
    for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
    names = names.map((name, index) =>
      counts.get(name) === 1 ? name : withHash(bases[index]?.text ?? name, lines[index], length),
    );
  }
  return names;
}

interface BaseName {
  text: string;
  shortened: boolean;
}

function baseName({ store, selection }: LineIdentity): BaseName {
  const whole = typeable('name' in store ? store.name : displayServer(store.server));
  const text = whole.slice(0, MAX_STORE);
  const parts = selectionParts(selection);
  return {
    text: [text, ...parts.map((part) => part.text)].join('/'),
    shortened: text !== whole || parts.some(({ shortened }) => shortened),
  };
}

function selectionParts({ buckets, excluded }: Selection): BaseName[] {
  const except = shortened(excluded);
  return [
    ...(buckets === null ? [] : [shortened(buckets)]),
    ...(excluded.length === 0 ? [] : [{ ...except, text: `except-${except.text}` }]),
  ];
}

/** Joins as many names as fit, and at least one. */
function shortened(names: readonly string[]): BaseName {
  const texts = names.map(typeable);
  let shown = texts.length;
  while (shown > 1 && texts.slice(0, shown).join('+').length > MAX_BUCKETS) shown -= 1;
  const text = texts
    .slice(0, shown)
    .join('+')
    .slice(0, 2 * MAX_BUCKETS);
  if (shown === texts.length) return { text, shortened: texts.join('+') !== text };
  return { text: `${text}+${texts.length - shown}-more`, shortened: true };
}

/** Replaces characters that a shell or an option parser would interpret. */
function typeable(text: string): string {
  const plain = text.replaceAll(/[[\]]/g, '').replaceAll(/[^A-Za-z0-9._:@-]/g, '-');
  const begun = plain.replace(/^[^A-Za-z0-9]+/, '');
  return begun === '' ? 'unnamed' : begun;
}

function withHash(text: string, line: LineIdentity | undefined, length: number): string {
  const key = line === undefined ? text : keyOf(line);
  return `${text}-${createHash('sha256').update(key).digest('hex').slice(0, length)}`;
}
