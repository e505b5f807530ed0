import { describe, expect, it } from 'vitest';
import { colorLevel } from '../../../../src/cli/output/color-level.js';

function level(env: Record<string, string>, isTerminal = true, forbidden = false) {
  return colorLevel({ env, isTerminal, forbidden });
}

describe('colours', () => {
  it('are for terminals, as many as they have', () => {
    expect(level({ TERM: 'xterm' })).toBe(1);
    expect(level({ TERM: 'xterm-256color' })).toBe(2);
    expect(level({ TERM: 'xterm', COLORTERM: 'truecolor' })).toBe(3);
  });

  it('are not for pipes, nor for dumb terminals', () => {
    expect(level({ TERM: 'xterm' }, false)).toBe(0);
    expect(level({ TERM: 'dumb' })).toBe(0);
  });

  it('are turned off by NO_COLOR, unless it is empty', () => {
    expect(level({ NO_COLOR: '1' })).toBe(0);
    expect(level({ NO_COLOR: '' })).toBe(1);
  });

  it('are forced into a pipe by FORCE_COLOR, which goes before NO_COLOR', () => {
    expect(level({ FORCE_COLOR: '1', NO_COLOR: '1' }, false)).toBe(1);
    expect(level({ FORCE_COLOR: '3' }, false)).toBe(3);
    expect(level({ FORCE_COLOR: '0' })).toBe(0);
    expect(level({ FORCE_COLOR: 'false' })).toBe(0);
  });

  it('are turned off by --no-color, whatever else is said', () => {
    expect(level({ FORCE_COLOR: '3' }, true, true)).toBe(0);
  });
});
