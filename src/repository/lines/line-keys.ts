import { serverOf } from './endpoints.js';
import type { Summary } from '../summary.js';

/**
 * Which backups belong to one line: those of one source and one selection of buckets.
 *
 * Two sources are one where both have the same name, or where both have none and their endpoints are
 * one server. A source without a name joins a named one whose backups have its endpoint and its
 * selection: that of the last such backup before it, or else of the first after it. What is made
 * later therefore never moves a backup from one named line to another.
 */

type Source = Summary['source'];

export interface LineIdentity {
  /** What the operator calls the store, or `host:port` where it has no name. */
  store: { name: string } | { server: string };
  selection: Selection;
}

/** Names without repetition, in order. */
export interface Selection {
  /** `null`: all buckets that are not excluded. */
  buckets: readonly string[] | null;
  excluded: readonly string[];
}

function selectionOf({ buckets, excluded_buckets: excluded }: Source): Selection {
  return { buckets: buckets === null ? null : asSet(buckets), excluded: asSet(excluded) };
}

/** The line of each source, in the order in which their backups were made. */
export function identify(sources: readonly Source[]): LineIdentity[] {
  const places = sources.map((source) => {
    const selection = selectionOf(source);
    return { source, selection, at: JSON.stringify([selection, serverOf(source.endpoint)]) };
  });
  const before = lastNames(places);
  const after = lastNames(places.toReversed()).reverse();
  return places.map(({ source, selection }, index) => {
    const name = nameOf(source) ?? before[index] ?? after[index];
    const store = name === undefined ? { server: serverOf(source.endpoint) } : { name };
    return { store, selection };
  });
}

/** A text that two lines never share. */
export function keyOf({ store, selection }: LineIdentity): string {
  return JSON.stringify([store, selection.buckets, selection.excluded]);
}

/** Returns for each place the name that its endpoint and selection had last. */
function lastNames(places: readonly { source: Source; at: string }[]): (string | undefined)[] {
  const last = new Map<string, string>();
  return places.map(({ source, at }) => {
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
