import { type ObjectName, compareObjects } from '../../key-order.js';
import { differingParts, isRewritten, stateOf } from './compare-records.js';
import type { KnownFailures } from './failures-of.js';
import type { LinePair } from './merge-indexes.js';
import type { DiffRow } from './row.js';

/** Decides what each pair of lines is, in their order. Pure. */
export class Classifier {
  /** Objects whose content is the same, and which were written again. */
  rewritten = 0;
  readonly #before: KnownFailures;
  readonly #after: KnownFailures;
  /** The objects of all failures, and how many of them are behind the last pair. */
  readonly #failed: readonly ObjectName[];
  #passed = 0;

  constructor(before: KnownFailures, after: KnownFailures) {
    this.#before = before;
    this.#after = after;
    this.#failed = mergeNames(before.names, after.names);
  }

  /** Returns the rows of a pair, and of the failures before it, of which no backup has a copy. */
  rowsOf(pair: LinePair): DiffRow[] {
    const line = pair.before ?? pair.after;
    if (line === undefined) return [];
    const rows = this.#failedUpTo(line);
    const row = this.#rowOf(line, pair);
    return row === undefined ? rows : [...rows, row];
  }

  /** Returns the rows of the failures behind the last pair. */
  end(): DiffRow[] {
    return this.#failedUpTo(undefined);
  }

  #failedUpTo(name: ObjectName | undefined): DiffRow[] {
    const rows: DiffRow[] = [];
    for (; this.#passed < this.#failed.length; this.#passed++) {
      const next = this.#failed[this.#passed];
      if (next === undefined) continue;
      const order = name === undefined ? -1 : compareObjects(next, name);
      if (order > 0) break;
      if (order === 0) continue;
      const doubt = this.#before.ofObject(next) ?? this.#after.ofObject(next);
      rows.push({ ...unknown(next, {}), reason: doubt?.reason ?? null });
    }
    return rows;
  }

  #rowOf(name: ObjectName, pair: LinePair): DiffRow | undefined {
    const { before, after } = pair;
    const doubts = [this.#before.ofObject(name), this.#after.ofObject(name)].flatMap(
      (doubt) => doubt ?? [],
    );
    const whole = doubts.find(({ parts }) => parts === undefined);
    if (whole !== undefined) return { ...unknown(name, pair), reason: whole.reason };
    if (before === undefined || after === undefined) {
      const lacking = before === undefined ? this.#before : this.#after;
      const why = lacking.whyAbsent(name);
      if (why !== undefined) return { ...unknown(name, pair), reason: why };
      return { ...unknown(name, pair), change: before === undefined ? 'added' : 'removed' };
    }
    const unread = new Set(doubts.flatMap(({ parts = [] }) => parts));
    const reason = doubts[0]?.reason ?? null;
    const what = differingParts(before, after).filter((part) => !unread.has(part));
    const states = { before: stateOf(before, what), after: stateOf(after, what) };
    if (what.length > 0)
      return { ...unknown(name, {}), ...states, change: 'changed', what, reason };
    if (unread.size > 0) return { ...unknown(name, {}), ...states, what: [...unread], reason };
    if (isRewritten(before, after)) this.rewritten += 1;
    return undefined;
  }
}

function unknown({ bucket, key }: ObjectName, { before, after }: Partial<LinePair>): DiffRow {
  return {
    ...{ change: 'unknown', kind: 'object', bucket, key, document: null, what: [] },
    before: before === undefined ? null : stateOf(before),
    after: after === undefined ? null : stateOf(after),
    reason: null,
  };
}

function mergeNames(one: readonly ObjectName[], other: readonly ObjectName[]): ObjectName[] {
  const all = [...one, ...other].sort(compareObjects);
  return all.filter((name, at) => {
    const previous = all[at - 1];
    return previous === undefined || compareObjects(previous, name) !== 0;
  });
}
