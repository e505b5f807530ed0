import { closest } from '../../config/typos.js';
import { MangamotionError } from '../../errors.js';

/** What --fields names, each as its words: `total.bytes` is `['total', 'bytes']`. */
export type FieldPaths = readonly (readonly string[])[];

export function parseFields(text: string): FieldPaths {
  const paths = text.split(',').map((path) => path.trim().split('.'));
  if (paths.every((path) => path.every((word) => word !== ''))) return paths;
  throw new MangamotionError('usage', 'must be names of fields with commas between them');
}

/** Picks members of objects, and remembers which of the fields there were. */
export class FieldPicker {
  readonly #paths: FieldPaths;
  readonly #found = new Set<string>();

  constructor(paths: FieldPaths) {
    this.#paths = paths;
  }

  /** The members of an object, and of the objects in its lists, that the paths lead to. */
  pick(source: object): object {
    return this.#pick(source, this.#paths, '') as object;
  }

  #pick(source: unknown, paths: FieldPaths, prefix: string): unknown {
    if (Array.isArray(source)) return source.map((item) => this.#pick(item, paths, prefix));
    if (typeof source !== 'object' || source === null) return source;
    const picked: Record<string, unknown> = {};
    for (const [word = ''] of paths) {
      if (word in picked || !Object.hasOwn(source, word)) continue;
      const value: unknown = Reflect.get(source, word);
      const rests = paths.filter(([first]) => first === word).map((path) => path.slice(1));
      const name = prefix + word;
      this.#found.add(name);
      picked[word] = rests.some((rest) => rest.length === 0)
        ? value
        : this.#pick(value, rests, `${name}.`);
    }
    return picked;
  }

  /** The names that led nowhere so far. */
  get missing(): string[] {
    return this.#paths.map((path) => path.join('.')).filter((name) => !this.#found.has(name));
  }
}

/** The fields of an object, and of the objects in them; `true` where anything may be below, or nothing. */
export interface FieldNames {
  readonly [name: string]: true | FieldNames;
}

/** All fields that the JSON of a row may have. */
export type FieldsOf<Json> = Readonly<Record<NamesOf<Json>, true | FieldNames>>;

type NamesOf<Json> = Json extends unknown ? keyof Json & string : never;

/** Fields of these names, with nothing declared below them. */
export function fieldNames<const Name extends string>(...names: Name[]): Record<Name, true> {
  return Object.fromEntries(names.map((name) => [name, true])) as Record<Name, true>;
}

export interface CheckedPaths {
  /** One `usage` error for each path that leads to no field. */
  errors: MangamotionError[];
  /** The names that go on below what is declared: only the rows tell whether there is such a field. */
  open: string[];
}

export function checkPaths(paths: FieldPaths, known: FieldNames): CheckedPaths {
  const checked: CheckedPaths = { errors: [], open: [] };
  for (const path of paths) {
    const name = path.join('.');
    let names = known;
    for (const [at, word] of path.entries()) {
      const below = Object.hasOwn(names, word) ? names[word] : undefined;
      if (below === undefined) {
        const prefix = path.slice(0, at).map((before) => `${before}.`);
        const beside = Object.keys(names).map((one) => prefix.join('') + one);
        checked.errors.push(unknownField(name, beside));
        break;
      }
      if (below === true) {
        if (at < path.length - 1) checked.open.push(name);
        break;
      }
      names = below;
    }
  }
  return checked;
}

export function unknownField(name: string, known: readonly string[]): MangamotionError {
  const meant = closest(
    name,
    known.map((one) => one.toUpperCase()),
  )?.toLowerCase();
  const guess = meant === undefined ? '' : `did you mean ${meant}? `;
  return new MangamotionError('usage', `--fields: there is no field ${name}`, {
    hint: `${guess}There are ${known.join(', ')}`,
  });
}
