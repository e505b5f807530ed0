/** Extrapolates the time of a sample to the whole. Pure. */

export interface Work {
  objects: number;
  bytes: number;
}

/** What was done at a time, counted from the begin of the step. */
export interface PacePoint extends Work {
  seconds: number;
}

export interface Extrapolation {
  seconds: number;
  /** What the fastest and the slowest stretch of the sample would give. */
  range: [low: number, high: number];
}

/** Stretches into which a sample is divided: fewer would hide the spread, more would show noise. */
const STRETCHES = 8;

/**
 * Fits a time per object and a time per byte to the stretches of a sample, and applies them to the
 * whole. The fit is scaled, so that it gives the sample exactly the time that it took. `undefined` if the sample shows nothing.
 */
export function extrapolate(points: readonly PacePoint[], whole: Work): Extrapolation | undefined {
  const stretches = stretchesOf(points);
  const total = sumOf(stretches);
  if (total.objects === 0 || total.seconds <= 0) return undefined;
  const rates = fit(stretches);
  const fitted = timeOf(rates, total);
  const estimate = (timeOf(rates, whole) / fitted) * total.seconds;
  const ratios = stretches
    .map((one) => (one.seconds * fitted) / (timeOf(rates, one) * total.seconds))
    .filter((ratio) => Number.isFinite(ratio));
  // How the time divides between objects and bytes is a guess too: each alone is a bound.
  const alone = [
    (whole.objects / total.objects) * total.seconds,
    ...(total.bytes > 0 ? [(whole.bytes / total.bytes) * total.seconds] : []),
  ];
  const all = [estimate, ...alone, ...ratios.map((ratio) => ratio * estimate)];
  return { seconds: estimate, range: [Math.min(...all), Math.max(...all)] };
}

/** Returns what was done between neighbouring points, put together to a few stretches. */
function stretchesOf(points: readonly PacePoint[]): PacePoint[] {
  const size = Math.max(1, Math.ceil((points.length - 1) / STRETCHES));
  const stretches: PacePoint[] = [];
  for (let at = 0; at + 1 < points.length; at += size) {
    const [from, to] = [points[at], points[Math.min(at + size, points.length - 1)]];
    if (from === undefined || to === undefined) continue;
    stretches.push({
      objects: to.objects - from.objects,
      bytes: to.bytes - from.bytes,
      seconds: to.seconds - from.seconds,
    });
  }
  return stretches;
}

interface Rates {
  perObject: number;
  perByte: number;
}

function timeOf({ perObject, perByte }: Rates, { objects, bytes }: Work): number {
  return perObject * objects + perByte * bytes;
}

/** Least squares, with neither rate below zero. */
function fit(stretches: readonly PacePoint[]): Rates {
  let [oo, ob, bb, ot, bt] = [0, 0, 0, 0, 0];
  for (const { objects: o, bytes: b, seconds: t } of stretches) {
    oo += o * o;
    ob += o * b;
    bb += b * b;
    ot += o * t;
    bt += b * t;
  }
  const determinant = oo * bb - ob * ob;
  const perObject = (ot * bb - bt * ob) / determinant;
  const perByte = (bt * oo - ot * ob) / determinant;
  // Stretches that are all alike do not tell the two apart.
  const isClear = determinant > 1e-9 * oo * bb;
  if (isClear && perObject >= 0 && perByte >= 0) return { perObject, perByte };
  const byObjects = { perObject: oo > 0 ? ot / oo : 0, perByte: 0 };
  const byBytes = { perObject: 0, perByte: bb > 0 ? bt / bb : 0 };
  if (bb === 0 || (isClear && perByte < 0)) return byObjects;
  if (isClear && perObject < 0) return byBytes;
  return { perObject: byObjects.perObject / 2, perByte: byBytes.perByte / 2 };
}

function sumOf(stretches: readonly PacePoint[]): PacePoint {
  const sum = { objects: 0, bytes: 0, seconds: 0 };
  for (const { objects, bytes, seconds } of stretches) {
    sum.objects += objects;
    sum.bytes += bytes;
    sum.seconds += seconds;
  }
  return sum;
}
