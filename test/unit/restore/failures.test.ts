import { expect, it } from 'vitest';
import { Failures } from '../../../src/restore/failures.js';

it('the first 10,000 failures are named, and the rest is counted', () => {
  const failures = new Failures();
  for (let i = 0; i < 10_003; i += 1) {
    failures.add({ bucket: 'b', key: String(i), reason: 'no' });
  }
  expect(failures.named).toHaveLength(10_000);
  expect(failures.named.at(-1)?.key).toBe('9999');
  expect([failures.omitted, failures.count]).toEqual([3, 10_003]);
});
