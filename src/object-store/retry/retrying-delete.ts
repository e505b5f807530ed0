import { countOf } from '../../count-of.js';
import { isMangamotionError, MangamotionError } from '../../errors.js';
import { Backoff, retrying, type RetryPolicy } from './backoff.js';
import type { ObjectStore, RequestOptions, UndeletedObject } from '../port.js';

/** Repeats `deleteObjects` if it fails, and for the keys whose failure may be transient. */
export async function deleteWithRetries(
  store: ObjectStore,
  policy: RetryPolicy,
  bucket: string,
  keys: string[],
  options: RequestOptions = {},
): Promise<UndeletedObject[]> {
  const backoff = new Backoff(policy, options.signal);
  const failures: UndeletedObject[] = [];
  for (let left = keys; ;) {
    const undeleted = await retrying(policy, options.signal, () =>
      store.deleteObjects(bucket, left, options),
    );
    failures.push(...undeleted.filter(({ mayPass }) => !mayPass));
    const passing = undeleted.filter(({ mayPass }) => mayPass);
    if (passing.length === 0 || !(await isWorthwhile(backoff, bucket, passing))) {
      return [...failures, ...passing];
    }
    left = passing.map(({ key }) => key);
  }
}

/** Waits for the next attempt. Resolves to false if the attempts are used up. */
async function isWorthwhile(
  backoff: Backoff,
  bucket: string,
  passing: UndeletedObject[],
): Promise<boolean> {
  const count = countOf(passing.length, 'object is', 'objects are');
  const message = `${bucket}: ${count} not deleted yet: ${passing[0]?.reason ?? ''}`;
  try {
    await backoff.after(
      new MangamotionError('unreachable', message, { request: passing[0]?.request }),
    );
    return true;
  } catch (error) {
    if (isMangamotionError(error, 'unreachable')) return false;
    throw error;
  }
}
