import type { RestoreFailure, RestoreLoss } from '../failures.js';
import { Failures } from '../failures.js';
import type { BucketPlan } from '../plan/decide.js';
import type { RestorePlan, RestoreReport } from '../report.js';
import type { ShareResult } from './share-result.js';

/** Makes one report of what workers and their head have restored. Pure. */

const MOST_KEYS = 10;

export interface HeadRestore {
  /** As it was before the workers began. */
  before: Pick<RestorePlan, 'buckets'>;
  /** Of the restore of everything after them, which has compared each object with the target. */
  report: RestoreReport;
  /** The documents that were written before the workers began. */
  documents: RestoreReport['documents'];
}

/**
 * Merges the answers of workers into the report of their head. What was restored is what the plan before them
 * would have written and the one after them found in the target: no worker has to be believed. The buckets
 * are those of the plan before, which has been shown.
 */
export function mergeResults(
  { before, report, documents }: HeadRestore,
  results: readonly ShareResult[],
): RestoreReport {
  const byWorkers = restoredBetween(before.buckets, report.buckets);
  const { named, omitted } = mergeFailures(report, results);
  const failed = new Map(report.buckets.map((plan) => [plan.target, plan.failed]));
  return {
    ...report,
    buckets: before.buckets.map((plan) => {
      const why = failed.get(plan.target);
      return why === undefined ? plan : { ...plan, failed: why };
    }),
    restored: {
      objects: report.restored.objects + byWorkers.objects,
      bytes: report.restored.bytes + byWorkers.bytes,
    },
    proved: report.proved === null ? null : report.proved + byWorkers.objects,
    documents: report.documents.map((document) => {
      const isSame = (one: (typeof documents)[number]) =>
        one.target === document.target && one.kind === document.kind && one.result === 'written';
      return document.result === 'unchanged' && documents.some(isSame)
        ? { ...document, result: 'written' }
        : document;
    }),
    left_out: mergeLeftOut(report, results),
    losses: mergeLosses(report, results),
    problems: [...new Set([...report.problems, ...results.flatMap(({ problems }) => problems)])],
    failures: named,
    failures_omitted: omitted,
  };
}

/** What was to be written before, and is there now without having to be. */
function restoredBetween(
  before: readonly BucketPlan[],
  after: readonly BucketPlan[],
): { objects: number; bytes: number } {
  const now = new Map(after.map((plan) => [plan.target, plan]));
  const restored = { objects: 0, bytes: 0 };
  for (const plan of before) {
    const later = now.get(plan.target);
    if (later === undefined || later.failed !== undefined) continue;
    const [toWrite, left] = [plan, later].map(({ create, overwrite }) => create + overwrite);
    const gained = later.unchanged - plan.unchanged;
    restored.objects += Math.max(0, Math.min((toWrite ?? 0) - (left ?? 0), gained));
    restored.bytes += Math.max(0, plan.bytes - later.bytes);
  }
  return restored;
}

/**
 * The head has tried again whatever a worker failed at, and names what it failed at, too. Only where it has
 * not looked at every object by itself, or left different ones, the word of the workers stays.
 */
function mergeFailures(
  { buckets, failures, failures_omitted }: RestoreReport,
  results: readonly ShareResult[],
): { named: RestoreFailure[]; omitted: number } {
  const merged = new Failures();
  for (const failure of failures) merged.add(failure);
  merged.omitted += failures_omitted;
  const known = new Set(failures.map(nameOf));
  const settled = new Set(
    buckets
      .filter(({ failed, skip, conflict }) => failed === undefined && skip + conflict === 0)
      .map(({ target }) => target)
      .filter(
        (target) =>
          !failures.some(
            ({ bucket, key, document }) =>
              bucket === target && key === '' && document === undefined,
          ),
      ),
  );
  for (const { failures: ofShare } of results) {
    for (const failure of ofShare) {
      if (settled.has(failure.bucket) || known.has(nameOf(failure))) continue;
      known.add(nameOf(failure));
      merged.add(failure);
    }
  }
  const isSettled = buckets.every(({ target }) => settled.has(target));
  if (!isSettled) for (const { failures_omitted: more } of results) merged.omitted += more;
  return { named: merged.named, omitted: merged.omitted };
}

function nameOf({ bucket, key, document = '' }: RestoreFailure): string {
  return JSON.stringify([bucket, key, document]);
}

/**
 * Adds up losses. The head reads back objects that it finds unchanged, those of workers among them: where it
 * names a key that a worker has named, it has counted the objects of workers, too.
 */
function mergeLosses({ losses }: RestoreReport, results: readonly ShareResult[]): RestoreLoss[] {
  const merged = new Map<string, RestoreLoss & { byWorkers: Set<string> }>();
  const nameOf = ({ bucket, what }: RestoreLoss) => JSON.stringify([bucket, what]);
  for (const loss of results.flatMap((result) => result.losses)) {
    const known = merged.get(nameOf(loss)) ?? { ...loss, count: 0, byWorkers: new Set() };
    merged.set(nameOf(loss), known);
    known.count += loss.count;
    known.reason ||= loss.reason;
    for (const key of loss.keys) known.byWorkers.add(key);
  }
  for (const loss of losses) {
    const known = merged.get(nameOf(loss)) ?? { ...loss, count: 0, keys: [], byWorkers: new Set() };
    merged.set(nameOf(loss), known);
    const hasBoth = loss.keys.some((key) => known.byWorkers.has(key));
    known.count = hasBoth ? Math.max(known.count, loss.count) : known.count + loss.count;
    known.reason = loss.reason;
    known.keys = loss.keys;
  }
  return [...merged.values()].map(({ byWorkers, ...loss }) => ({
    ...loss,
    keys: [...new Set([...loss.keys, ...byWorkers])].slice(0, MOST_KEYS),
  }));
}

/** The head also counts what it finds unchanged, including objects that workers wrote. */
function mergeLeftOut(
  { left_out: own }: RestoreReport,
  results: readonly ShareResult[],
): RestoreReport['left_out'] {
  const byWorkers = addedUp(results.flatMap(({ left_out: left }) => left));
  const isSame = (a: LeftOut, b: LeftOut) => a.bucket === b.bucket && a.reason === b.reason;
  return [
    ...own.map((one) => {
      const told = byWorkers.find((other) => isSame(one, other))?.objects ?? 0;
      return { ...one, objects: Math.max(one.objects, told) };
    }),
    ...byWorkers.filter((one) => !own.some((other) => isSame(one, other))),
  ];
}

type LeftOut = RestoreReport['left_out'][number];

function addedUp(all: readonly LeftOut[]): LeftOut[] {
  const sums: LeftOut[] = [];
  for (const one of all) {
    const known = sums.find(({ bucket, reason }) => bucket === one.bucket && reason === one.reason);
    if (known === undefined) sums.push({ ...one });
    else known.objects += one.objects;
  }
  return sums;
}
