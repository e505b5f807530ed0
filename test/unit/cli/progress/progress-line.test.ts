import fc from 'fast-check';
import stringWidth from 'string-width';
import { describe, expect, it } from 'vitest';
import { progressLine } from '../../../../src/cli/progress/progress-line.js';
import type { ProgressState } from '../../../../src/cli/progress/progress-parts.js';
import { RateMeter } from '../../../../src/cli/progress/rate.js';

const MIB = 1024 ** 2;

const state: ProgressState = {
  label: 'backing up',
  counts: { objects: 1234, objectsTotal: 5000, bytes: 100 * MIB, bytesTotal: 400 * MIB },
  bytesPerSecond: 10 * MIB,
};

describe('the progress line', () => {
  it('says all where there is room', () => {
    expect(progressLine(state, 120)).toBe(
      'backing up  25%  1,234 of 5,000 objects  100 MiB of 400 MiB  10.0 MiB/s  30s left',
    );
  });

  it('leaves out what matters least on 40 columns', () => {
    expect(progressLine(state, 37)).toBe('backing up  25%  100 MiB of 400 MiB');
  });

  it('cuts the label where nothing else fits', () => {
    expect(progressLine({ ...state, label: 'バックアップ' }, 5)).toBe('バッ');
  });

  it('says no percentage and no time left without totals', () => {
    const counts = { objects: 3, bytes: 10 };
    expect(progressLine({ ...state, counts }, 120)).toBe('backing up  3 objects  10 B  10.0 MiB/s');
  });

  it('goes by objects where no bytes are to move', () => {
    const counts = { objects: 1, objectsTotal: 3, bytes: 0, bytesTotal: 0 };
    expect(progressLine({ ...state, counts, bytesPerSecond: 0 }, 120)).toContain('33%');
  });

  it('never is wider than it may be, whatever the figures', () => {
    const total = fc.option(fc.nat(), { nil: undefined });
    const counts = fc.record({
      objects: fc.nat(),
      objectsTotal: total,
      bytes: fc.maxSafeNat(),
      bytesTotal: total,
    });
    const states = fc.record({ label: fc.string(), counts, bytesPerSecond: fc.nat() });
    fc.assert(
      fc.property(states, fc.integer({ min: 0, max: 100 }), (drawn, width) => {
        expect(stringWidth(progressLine(drawn, width))).toBeLessThanOrEqual(width);
      }),
    );
  });
});

describe('the rate', () => {
  it('is the average at first, and then follows slowly', () => {
    const meter = new RateMeter();
    expect(meter.sample(0, 0)).toBe(0);
    expect(meter.sample(1000, 1000)).toBe(1000);
    const stalled = meter.sample(1000, 2000);
    expect(stalled).toBeGreaterThan(800);
    expect(stalled).toBeLessThan(1000);
  });

  it('does not divide by no time', () => {
    const meter = new RateMeter();
    meter.sample(0, 0);
    expect(meter.sample(10, 0)).toBe(0);
  });
});
