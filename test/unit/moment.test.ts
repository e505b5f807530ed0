import { describe, expect, it } from 'vitest';
import { parseMoment } from '../../src/moment.js';

const NOW = new Date('2024-03-01T12:00:00.000Z');

describe('a time on the command line', () => {
  it.each([
    ['2024-02-29', '2024-02-29T23:59:59.999Z'],
    ['2024-01-15 02:00', '2024-01-15T02:00:00.000Z'],
    ['2024-01-15T02:00:00Z', '2024-01-15T02:00:00.000Z'],
    ['2024-01-15T02:00:00.5+02:00', '2024-01-15T00:00:00.500Z'],
    ['36h', '2024-02-29T00:00:00.000Z'],
    ['2h ago', '2024-03-01T10:00:00.000Z'],
    ['7d', '2024-02-23T12:00:00.000Z'],
  ])('%s is %s', (text, expected) => {
    expect(parseMoment(text)(NOW).toISOString()).toBe(expected);
  });

  it.each(['', 'yesterday', '2023-02-29', '2024-13-01', '2024-01-15 25:00', '7', '-7d', '7y'])(
    'refuses "%s"',
    (text) => {
      expect(() => parseMoment(text)).toThrow('must be a time like');
    },
  );
});
