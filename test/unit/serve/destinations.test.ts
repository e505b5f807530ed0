import { expect, it } from 'vitest';
import { Destinations } from '../../../src/serve/destinations.js';

it('health does not wait long for a destination that hangs', { timeout: 15_000 }, async () => {
  const named = { text: '/mnt/hangs', open: () => new Promise<never>(() => undefined) };
  const destinations = new Destinations([named], {
    now: () => new Date(),
    signal: new AbortController().signal,
    retentionDays: 30,
    maxAgeMs: undefined,
    onFailure: () => undefined,
  });
  const { content, failure } = await destinations.last(named);
  expect(content).toBeUndefined();
  expect(failure?.message).toBe('the destination does not answer');
});
