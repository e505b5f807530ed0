import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { type OutputStream, canAnimate, terminalSize } from '../../../src/cli/host.js';

const stream = (parts: Partial<OutputStream>): OutputStream =>
  Object.assign(new PassThrough(), parts);

describe('the size of a terminal', () => {
  it('is what the terminal says, and none elsewhere', () => {
    expect(terminalSize(stream({ isTTY: true, columns: 100, rows: 30 }))).toEqual({
      columns: 100,
      rows: 30,
    });
    expect(terminalSize(stream({ columns: 100 }))).toBeUndefined();
  });

  it.each([{ columns: 0, rows: 0 }, { columns: Number.NaN }, {}])(
    'is 80x24 where it says %o',
    (size) => {
      expect(terminalSize(stream({ isTTY: true, ...size }))).toEqual({ columns: 80, rows: 24 });
    },
  );

  it.each([
    [{ isTTY: true, columns: 80, rows: 24 }, {}, true],
    [{ isTTY: true, columns: 0, rows: 24 }, {}, false],
    [{ isTTY: true, columns: 80, rows: 0 }, {}, false],
    [{ isTTY: true, columns: 80, rows: 24 }, { TERM: 'dumb' }, false],
    [{ columns: 80, rows: 24 }, {}, false],
  ])('%o %o allows animation: %s', (size, env, expected) => {
    expect(canAnimate(stream(size), env)).toBe(expected);
  });
});
