import { expect, it } from 'vitest';
import { EXIT_MEANINGS, codeOfStatus, exitStatusOf } from '../../src/errors.js';

it('every status that has a meaning is that of a code, and that of success is 0', () => {
  for (const status of Object.keys(EXIT_MEANINGS).map(Number)) {
    expect(exitStatusOf(codeOfStatus(status))).toBe(status);
  }
  expect(exitStatusOf(undefined)).toBe(0);
});

it.each([null, -1, 9, 127, 137])('a program that ended with %s ended by a fault', (status) => {
  expect(codeOfStatus(status)).toBe('internal');
});
