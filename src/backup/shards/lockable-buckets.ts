import type { BackupPlan, HeldContext } from '../plan/backup-plan.js';

/** Resolves to the buckets whose objects can be locked, or may be. */
export async function lockableBuckets(
  { store, signal }: Pick<HeldContext, 'store' | 'signal'>,
  { buckets, faults }: Pick<BackupPlan, 'buckets' | 'faults'>,
): Promise<ReadonlySet<string>> {
  const lockable = new Set<string>();
  for (const { name } of buckets) {
    try {
      const { state } = await store.readBucketDocument(name, 'object-lock', { signal });
      if (state === 'captured') lockable.add(name);
    } catch (error) {
      await faults.classify(name, error, signal);
      lockable.add(name);
    }
  }
  return lockable;
}
