import { describe, expect, it } from 'vitest';
import { type PacePoint, extrapolate } from '../../../src/drill/extrapolate.js';
import { MOST_PACE_POINTS } from '../../../src/drill/limits.js';
import { Pace } from '../../../src/drill/pace.js';

/** Points of work that takes this long for each object and each byte. */
function pointsOf(sizes: readonly number[], perObject: number, perByte: number): PacePoint[] {
  const points = [{ objects: 0, bytes: 0, seconds: 0 }];
  for (const size of sizes) {
    const { objects, bytes, seconds } = points.at(-1)!;
    points.push({
      objects: objects + 1,
      bytes: bytes + size,
      seconds: seconds + perObject + perByte * size,
    });
  }
  return points;
}

const MIXED = Array.from({ length: 64 }, (_, i) => (i % 9 === 0 ? 1_000_000 : 100 * (i + 1)));

describe('the time of the whole', () => {
  it('is found from a time per object and a time per byte', () => {
    const points = pointsOf(MIXED, 0.01, 1e-7);
    const found = extrapolate(points, { objects: 10_000, bytes: 5e9 })!;
    expect(found.seconds).toBeCloseTo(10_000 * 0.01 + 5e9 * 1e-7, 3);
    expect(found.range[0]).toBeLessThanOrEqual(found.seconds);
    expect(found.range[1]).toBeGreaterThanOrEqual(found.seconds);
  });

  it('gives the sample itself the time that it took', () => {
    const points = pointsOf(MIXED, 0.02, 3e-8).map((point, at) => ({
      ...point,
      seconds: point.seconds * (1 + (at % 5) / 50),
    }));
    const last = points.at(-1)!;
    expect(extrapolate(points, last)!.seconds).toBeCloseTo(last.seconds, 6);
  });

  it('never has a negative rate: objects that are all alike', () => {
    const points = pointsOf(
      Array.from({ length: 20 }, () => 1000),
      0.01,
      0,
    );
    const found = extrapolate(points, { objects: 200, bytes: 200_000 })!;
    expect(found.seconds).toBeCloseTo(2, 6);
    const other = extrapolate(points, { objects: 20, bytes: 2_000_000 })!;
    expect(other.range[0]).toBeCloseTo(0.2, 6);
    expect(other.range[1]).toBeCloseTo(20, 6);
  });

  it('is wide where the pace changed', () => {
    const points = [0, 1, 2, 3, 14, 25].map((seconds, at) => ({ objects: at, bytes: at, seconds }));
    const { seconds, range } = extrapolate(points, { objects: 50, bytes: 50 })!;
    expect(seconds).toBeCloseTo(250, 6);
    expect(range[0]).toBeLessThan(100);
    expect(range[1]).toBeGreaterThan(500);
  });

  it('is unknown where nothing was done, and known for empty objects', () => {
    expect(extrapolate([], { objects: 1, bytes: 1 })).toBeUndefined();
    expect(
      extrapolate([{ objects: 0, bytes: 0, seconds: 0 }], { objects: 1, bytes: 1 }),
    ).toBeUndefined();
    const empty = pointsOf([0, 0, 0], 0.5, 0);
    expect(extrapolate(empty, { objects: 10, bytes: 0 })!.seconds).toBeCloseTo(5, 6);
  });
});

describe('the pace', () => {
  it('is noted in bounded memory, from the begin to the end', () => {
    let now = 0;
    const pace = new Pace(() => now);
    for (let objects = 1; objects <= 100_000; objects++) {
      now += 10;
      pace.note({ objects, bytes: objects * 2 });
    }
    const points = pace.end({ objects: 100_000, bytes: 200_000 });
    expect(points.length).toBeLessThanOrEqual(MOST_PACE_POINTS + 2);
    expect(points[0]).toEqual({ objects: 0, bytes: 0, seconds: 0 });
    expect(points.at(-1)).toEqual({ objects: 100_000, bytes: 200_000, seconds: 1000 });
    for (const [at, point] of points.entries()) {
      expect(point.objects).toBeGreaterThanOrEqual(points[at - 1]?.objects ?? 0);
      expect(point.seconds).toBeCloseTo(point.objects / 100, 6);
    }
  });
});
