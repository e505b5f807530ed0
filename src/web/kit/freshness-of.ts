/** How new what is shown is, for the header. */
export type Freshness =
  | { kind: 'live' }
  | { kind: 'every'; seconds: number }
  | { kind: 'stale'; asOf: Date };

interface KnownSince {
  data: unknown;
  asOf: Date | undefined;
  failure: unknown;
}

/** Returns what the header says of data whose changes are told, or that are read every so many seconds. */
export function freshnessOf(
  { data, failure, asOf }: KnownSince,
  update: 'live' | number,
): Freshness | undefined {
  if (data === undefined || asOf === undefined) return undefined;
  if (failure !== undefined) return { kind: 'stale', asOf };
  return update === 'live' ? { kind: 'live' } : { kind: 'every', seconds: update };
}
