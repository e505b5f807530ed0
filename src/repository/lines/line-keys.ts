import { serverOf } from './endpoints.js';
import type { Summary } from '../summary.js';

/**
 * Determines the line of each backup: the backups of one source and one selection of buckets. Pure.
 *
 * Two sources are the same if they have the same name, or if neither has a name and their endpoints
 * are the same server. A source without a name joins the named source with the same endpoint and
 * selection: that of the latest such backup before it, or else of the first one after it. A later
 * backup therefore never moves an earlier one from one named line to another.
 */

type Source = Summary['source'];

export interface LineIdentity {
  /** The operator's name for the store, or `host:port` if it has none. */
  store: { name: string } | { server: string };
  selection: Selection;
}

/** The selected buckets. Names are unique and sorted. */
export interface Selection {
  /** `null` means all buckets that are not excluded. */
  buckets: readonly string[] | null;
  excluded: readonly string[];
}

function selectionOf({ buckets, excluded_buckets: excluded }: Source): Selection {
  return { buckets: buckets === null ? null : asSet(buckets), excluded: asSet(excluded) };
}

/** Returns the line of each source. `sources` are in the order of their backups. */
export function identify(sources: readonly Source[]): LineIdentity[] {
  const origins = sources.map((source) => {
    const selection = selectionOf(source);
    return { source, selection, at: JSON.stringify([selection, serverOf(source.endpoint)]) };
  });
  const before = lastNames(origins);
  const after = lastNames(origins.toReversed()).reverse();
  return origins.map(({ source, selection }, index) => {
    const name = nameOf(source) ?? before[index] ?? after[index];
    const store = name === undefined ? { server: serverOf(source.endpoint) } : { name };
    return { store, selection };
  });
}

export function keyOf({ store, selection }: LineIdentity): string {
  return JSON.stringify([store, selection.buckets, selection.excluded]);
}

/** Returns for each backup the last name given so far to its endpoint and selection. */
function lastNames(origins: readonly { source: Source; at: string }[]): (string | undefined)[] {
  const last = new Map<string, string>();
  return origins.map(({ source, at }) => {
    const name = nameOf(source);
    if (name !== undefined) last.set(at, name);
    return last.get(at);
  });
}

function nameOf({ name }: Source): string | undefined {
  return name === '' ? undefined : name;
}

function asSet(names: readonly string[]): string[] {
  return [...new Set(names)].sort();
}
