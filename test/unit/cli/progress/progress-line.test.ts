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
  isSettled: true,
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

  it('shows a total that grows as growing, with no percentage and no time left', () => {
    const counts = { objects: 7, objectsTotal: 9, bytes: 5 * MIB, bytesTotal: 2 * MIB };
    expect(progressLine({ ...state, counts: { ...counts, totalsGrow: true } }, 120)).toBe(
      'backing up  7 of 9+ objects  5.0 MiB of 5.0 MiB+  10.0 MiB/s',
    );
  });

  it('forgets a total that was none', () => {
    const counts = { objects: 7, objectsTotal: 5, bytes: 5 * MIB, bytesTotal: 2 * MIB };
    expect(progressLine({ ...state, counts }, 120)).toBe(
      'backing up  7 objects  5.0 MiB  10.0 MiB/s',
    );
  });

  it('leaves out what was not counted, and tells one from many', () => {
    const line = (counts: ProgressState['counts']) =>
      progressLine({ label: 'x', counts, bytesPerSecond: 0, isSettled: false }, 80);
    expect(line({})).toBe('x');
    expect(line({ objects: 1 })).toBe('x  1 object');
    expect(line({ objects: 0, objectsTotal: 1 })).toBe('x  0%  0 of 1 object');
    expect(line({ bytes: 3 })).toBe('x  3 B');
  });

  it('says no time left before the rate tells', () => {
    expect(progressLine({ ...state, isSettled: false }, 120)).not.toContain('left');
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
      totalsGrow: fc.boolean(),
    });
    const states = fc.record({
      label: fc.string(),
      counts,
      bytesPerSecond: fc.nat(),
      isSettled: fc.boolean(),
    });
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
    expect(meter.sample(1000, 2000)).toBe(500);
    for (let second = 3; second <= 60; second++) meter.sample(1000 * second, 1000 * second);
    const stalled = meter.sample(60_000, 61_000);
    expect(stalled).toBeGreaterThan(800);
    expect(stalled).toBeLessThan(1000);
  });

  it('begins with the first byte, so that the time left is right from the start', () => {
    const meter = new RateMeter();
    // 4 s of listing; then 24 MB in 24 s.
    const bytesAt = (ms: number) => Math.max(0, ms - 4000) * 1000;
    const left: number[] = [];
    for (let ms = 0; ms < 28_000; ms += 250) {
      const rate = meter.sample(bytesAt(ms), ms);
      if (meter.isSettled(ms)) left.push((24e6 - bytesAt(ms)) / rate - (28 - ms / 1000));
    }
    expect(left.length).toBeGreaterThan(80);
    for (const error of left) expect(Math.abs(error)).toBeLessThan(0.5);
  });

  it('leaves out the time in which other things are done', () => {
    const meter = new RateMeter();
    meter.sample(0, 0);
    meter.sample(3000, 3000);
    meter.skip(60_000);
    expect(meter.sample(4000, 61_000)).toBeCloseTo(1000);
  });

  it('does not divide by no time', () => {
    const meter = new RateMeter();
    meter.sample(0, 0);
    expect(meter.sample(10, 0)).toBe(0);
  });
});
