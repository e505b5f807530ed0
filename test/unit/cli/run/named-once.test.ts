import { describe, expect, it } from 'vitest';
import { namedOnce } from '../../../../src/cli/run/named-once.js';

describe('a fault in a message', () => {
  it.each([
    ['cannot read a: it is a folder', 'cannot read a: it is a folder'],
    ['x cannot be reached: timed out: timed out', 'x cannot be reached: timed out'],
    [
      'http://10.0.0.1:9000 cannot be reached: connect ECONNREFUSED 10.0.0.1:9000 (gave up)',
      'http://10.0.0.1:9000 cannot be reached: connect ECONNREFUSED (gave up)',
    ],
    [
      'cannot reach Redis at redis:6379: connect ECONNREFUSED 10.0.0.1:6379',
      'cannot reach Redis at redis:6379: connect ECONNREFUSED 10.0.0.1:6379',
    ],
  ])('is named once: %s', (message, expected) => {
    expect(namedOnce(message)).toBe(expected);
  });
});
