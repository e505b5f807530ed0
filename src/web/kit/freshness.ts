import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { Known, Resource } from '../data/resource.js';

/** How new what is shown is, for the header. */
export type Freshness =
  { kind: 'live' } | { kind: 'every'; seconds: number } | { kind: 'stale'; asOf: Date };

export const freshness = signal<Freshness | undefined>(undefined);

/** Pure: what the header says of a resource that is told of changes, or asks every so many seconds. */
export function freshnessOf(
  { data, failure, asOf }: Known<unknown>,
  update: 'live' | number,
): Freshness | undefined {
  if (data === undefined || asOf === undefined) return undefined;
  if (failure !== undefined) return { kind: 'stale', asOf };
  return update === 'live' ? { kind: 'live' } : { kind: 'every', seconds: update };
}

/** Says in the header how new the page's main resource is. */
export function useFreshness(resource: Resource<unknown>, update: 'live' | number): void {
  const known = resource.known.value;
  useEffect(() => {
    freshness.value = freshnessOf(known, update);
    return () => {
      freshness.value = undefined;
    };
  }, [known, update]);
}
