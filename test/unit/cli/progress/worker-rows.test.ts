import fc from 'fast-check';
import stringWidth from 'string-width';
import { describe, expect, it } from 'vitest';
import { type DrawnWorker, workerLines } from '../../../../src/cli/progress/worker-rows.js';
import { WorkerTable } from '../../../../src/cli/progress/worker-table.js';

const MIB = 1024 ** 2;

const worker = (slot: number, more: Partial<DrawnWorker> = {}): DrawnWorker => ({
  worker: `backup-1.example.com/4711/${slot}`,
  shard: slot + 10,
  objects: 12_345 * slot,
  bytes: 500 * MIB,
  bytesPerSecond: 40 * MIB,
  elapsedMs: 90_000 - slot * 1000,
  silentMs: 400,
  ...more,
});
const four = [
  worker(1),
  worker(2, { bytesPerSecond: 3 * MIB, bytes: 37 * MIB }),
  worker(3),
  worker(4, { silentMs: 25_000 }),
];
const plain = (_tone: unknown, text: string) => text;
const lines = (rows: readonly DrawnWorker[], width: number, height = 10) =>
  workerLines(rows, { width, height, paint: plain });

describe('the rows of workers', () => {
  it('say all where there is room', () => {
    expect(lines(four, 100)).toEqual([
      'backup-1.example.com/4711/1  shard 11  12,345 objects   500 MiB  40.0 MiB/s  1m 29s',
      'backup-1.example.com/4711/2  shard 12  24,690 objects  37.0 MiB   3.0 MiB/s  1m 28s  slowest',
      'backup-1.example.com/4711/3  shard 13  37,035 objects   500 MiB  40.0 MiB/s  1m 27s',
      'backup-1.example.com/4711/4  shard 14  49,380 objects   500 MiB  40.0 MiB/s  1m 26s  silent 25s',
    ]);
  });

  it('leave out what matters least on 60 columns, and cut names in the middle', () => {
    expect(lines(four, 60)).toEqual([
      'backup-1.…m/4711/1   500 MiB  40.0 MiB/s  1m 29s',
      'backup-1.…m/4711/2  37.0 MiB   3.0 MiB/s  1m 28s  slowest',
      'backup-1.…m/4711/3   500 MiB  40.0 MiB/s  1m 27s',
      'backup-1.…m/4711/4   500 MiB  40.0 MiB/s  1m 26s  silent 25s',
    ]);
  });

  it('keep the worker and what is wrong with it on 30 columns', () => {
    expect(lines(four, 30)).toEqual([
      'backup-1.…m/4711/1',
      'backup-1.…m/4711/2  slowest',
      'backup-1.…m/4711/3',
      'backup-1.…m/4711/4  silent 25s',
    ]);
  });

  it('stay within the height, and say how many are left out', () => {
    expect(lines(four, 80, 4)).toHaveLength(4);
    expect(lines(four, 80, 3).slice(2)).toEqual(['and 2 more']);
    expect(lines(four, 80, 1)).toEqual(['and 4 more']);
    expect(lines(four, 80, 0)).toEqual([]);
    expect(lines([], 80)).toEqual([]);
  });

  it('call nobody slowest where all are alike, or have just begun', () => {
    const slow = { bytesPerSecond: 3 * MIB };
    const text = (...rows: DrawnWorker[]) => lines(rows, 100).join('\n');
    expect(text(worker(1), worker(2, { bytesPerSecond: 25 * MIB }))).not.toContain('slowest');
    expect(text(worker(1), worker(2, { ...slow, elapsedMs: 9000 }))).not.toContain('slowest');
    expect(text(worker(1, slow))).not.toContain('slowest');
    expect(text(worker(1), worker(2, slow))).toContain('slowest');
  });

  it('never are wider or more than they may be', () => {
    const any = fc.record({
      worker: fc.string({ unit: 'grapheme' }),
      shard: fc.nat(),
      objects: fc.nat(),
      bytes: fc.maxSafeNat(),
      bytesPerSecond: fc.nat(),
      elapsedMs: fc.nat(),
      silentMs: fc.nat(),
    });
    const size = fc.integer({ min: 0, max: 120 });
    fc.assert(
      fc.property(fc.array(any, { maxLength: 20 }), size, size, (rows, width, height) => {
        const drawn = lines(rows, width, height);
        expect(drawn.length).toBeLessThanOrEqual(height);
        for (const line of drawn) expect(stringWidth(line)).toBeLessThanOrEqual(width);
      }),
    );
  });
});

describe('the table of workers', () => {
  const row = (bytes: number, elapsedMs: number, silentMs = 0) => ({
    ...{ worker: 'a/1/1', shard: 1, objects: 1, bytes, elapsedMs, silentMs },
  });

  it('measures the speed of each worker on its shard, and begins anew with the next', () => {
    const table = new WorkerTable();
    table.update([row(1000, 1000)], 50_000);
    expect(table.rows(50_000)[0]?.bytesPerSecond).toBeCloseTo(1000);
    table.update([row(3000, 2000)], 51_000);
    expect(table.rows(51_000)[0]?.bytesPerSecond).toBeCloseTo(1500);
    table.update([{ ...row(0, 0), shard: 2 }], 52_000);
    expect(table.rows(52_000)).toMatchObject([{ shard: 2, bytesPerSecond: 0 }]);
  });

  it('goes on between two reports', () => {
    const table = new WorkerTable();
    table.update([row(0, 1000, 200)], 0);
    expect(table.rows(500)[0]).toMatchObject({ elapsedMs: 1500, silentMs: 700 });
  });
});
