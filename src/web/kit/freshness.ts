import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { Watched } from '../data/resource.js';
import { freshnessOf, type Freshness } from './freshness-of.js';

export const freshness = signal<Freshness | undefined>(undefined);

/** Says in the header how new the page's main resource is. */
export function useFreshness(resource: Watched<unknown>, update: 'live' | number): void {
  const known = resource.known.value;
  useEffect(() => {
    freshness.value = freshnessOf(known, update);
  }, [known, update]);
  useEffect(
    () => () => {
      freshness.value = undefined;
    },
    [],
  );
}
