import { countOf } from '../../count-of.js';
import type { OpenBackup } from '../../repository/open-backup.js';
import { type Failure, type Loss, OLDER_VERSIONS, type Summary } from '../../repository/summary.js';
import type { RestoreFailure } from '../failures.js';
import type { BucketPlan } from './decide.js';
import { type RestoreSelection, selectWithin, selectsWhole } from '../selection.js';

/** Selected parts that cannot be restored, because the backup lacks them or they are damaged. */
export interface Shortfalls {
  /** Problems of the whole backup and of documents, which often never existed. */
  problems: string[];
  /** Objects that cannot be restored. With any of these, the restore is partial. */
  failures: RestoreFailure[];
}

/**
 * Returns the shortfalls of the selected buckets and scope. A gap that the summary reports is a
 * problem, not a failure: everything that the backup holds is restored. Pure.
 */
export function selectShortfalls(
  { problems, shortfalls }: Pick<OpenBackup, 'problems' | 'shortfalls'>,
  summary: Summary | undefined,
  buckets: readonly Pick<BucketPlan, 'bucket' | 'target'>[],
  wanted: Wanted,
): Shortfalls {
  const { selection, documents, objects } = wanted;
  const found: Shortfalls = { problems: [...problems], failures: [] };
  for (const { bucket, target } of buckets) {
    for (const { bucket: of, document, reason } of shortfalls) {
      if (!documents || document === undefined || of !== bucket) continue;
      found.problems.push(`the ${document} of ${bucket} cannot be restored: ${reason}`);
    }
    const ofObjects = objects ? shortfalls.filter(({ document }) => document === undefined) : [];
    for (const { key, reason } of selectWithin(ofObjects, bucket, selection)) {
      found.failures.push({ bucket: target, key, reason });
    }
    if (summary !== undefined) found.problems.push(...gapsOf(summary, bucket, wanted));
  }
  const omitted = summary?.failures_omitted ?? 0;
  if (omitted > 0)
    found.problems.push(`the backup lacks ${omitted} more, which its summary does not name`);
  return found;
}

interface Wanted {
  selection: RestoreSelection;
  documents: boolean;
  objects: boolean;
}

/** Returns what a backup lacks of a bucket, according to its summary. */
function gapsOf(
  { failures, fidelity }: Summary,
  bucket: string,
  { selection, documents, objects }: Wanted,
): string[] {
  const gaps: string[] = [];
  if (objects) {
    const named = failures.filter(({ document, key }) => document === undefined && key !== '');
    const selected = selectWithin(named, bucket, selection);
    const carried = selected.filter(({ carried_from: from }) => from !== undefined);
    const missing = selected.filter((one) => one.carried_from === undefined);
    const whole = missing.filter(({ part }) => part === undefined);
    gaps.push(...describe(whole, (count) => `the backup lacks ${count} of ${bucket}`));
    for (const part of new Set(missing.flatMap((one) => one.part ?? []))) {
      const ofPart = missing.filter((one) => one.part === part);
      gaps.push(
        ...describe(ofPart, (count) => `the backup lacks the ${part} of ${count} of ${bucket}`),
      );
    }
    gaps.push(
      ...describe(carried, (count) => `the backup has ${count} of ${bucket} from an older backup`),
    );
    gaps.push(
      ...failures
        .filter((one) => one.bucket === bucket && one.key === '' && one.document === undefined)
        .map(({ reason }) => `the backup lacks objects of ${bucket}: ${reason}`),
    );
    gaps.push(...fidelity.losses.flatMap((loss) => describeLoss(loss, bucket, selection)));
  }
  if (documents) {
    gaps.push(
      ...fidelity.documents
        .filter((one) => one.bucket === bucket && one.state === 'failed')
        .map(
          ({ document, reason }) =>
            `the backup lacks the ${document} of ${bucket}: ${reason ?? ''}`,
        ),
    );
  }
  return gaps;
}

const MAX_EXAMPLES = 3;

function describe(failures: readonly Failure[], what: (count: string) => string): string[] {
  const [first] = failures;
  if (first === undefined) return [];

  const keys = examples(failures.map(({ key }) => key));
  return [`${what(countOf(failures.length, 'object'))}: ${keys}: ${first.reason}`];
}

function describeLoss(
  { bucket: of, what, count, keys, reason }: Loss,
  bucket: string,
  selection: RestoreSelection,
): string[] {
  if (of !== bucket) return [];
  if (what === OLDER_VERSIONS) return [`the backup lacks the ${what} in ${bucket}: ${reason}`];
  const named = keys.map((key) => ({ bucket, key }));
  // The summary names only the first keys, so others may be among the selected ones.
  const concerns = selectsWhole(selection) || keys.length < count;
  if (!concerns && keys.length > 0 && selectWithin(named, bucket, selection).length === 0)
    return [];
  const such = keys.length === 0 ? '' : `, such as ${examples(keys)}`;
  return [
    `the backup lacks the ${what} of ${countOf(count, 'object')} of ${bucket}${such}: ${reason}`,
  ];
}

function examples(keys: readonly string[]): string {
  const shown = keys.slice(0, MAX_EXAMPLES).map((key) => JSON.stringify(key));
  return shown.join(', ') + (keys.length > MAX_EXAMPLES ? ', …' : '');
}
