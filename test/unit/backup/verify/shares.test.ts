import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ChunkReference, Directory } from '../../../../src/archive/directory.js';
import {
  cutBulk,
  joinBulks,
  piecesIn,
  sizeOf,
  spread,
  wholeBulk,
} from '../../../../src/backup/verify/shares.js';
import { weightOf } from '../../../../src/ranges/cut-index.js';
import { partIdFor } from '../../../../src/repository/names.js';
import type { PartRecord } from '../../../../src/repository/summary.js';
import { summaryOf } from '../../../helpers/summaries.js';

const AT = '2024-01-15T02:00:00.000Z';
const EARLIER = 'minio_backup_full_20240101_020000';
const base = summaryOf({ at: AT, sequence: 1 });
const partId = (number: number, of = base.id) => partIdFor(of, number, '00000000');

interface Shape {
  archiveBytes: number;
  /** The bytes of each part. */
  parts: number[];
  /** Where each chunk lies: in the backup's own archive (0), in a part (1, 2, …), or in an earlier one (-1, -2). */
  chunks: { home: number; objects: number; bytes: number }[];
  unchanged: number;
}

function backupOf({ archiveBytes, parts, chunks, unchanged }: Shape) {
  const digest = '0'.repeat(64);
  const records = parts.map((bytes, number): PartRecord => {
    const id = partId(number);
    const directory = { offset: 0, length: 1, sha256: digest };
    return {
      id,
      archive_bytes: bytes,
      archive: { file: `${id}.tar.gz`, sha256: digest, directory },
    };
  });
  const homes = new Map([
    [0, base.id],
    [-1, EARLIER],
    [-2, partId(3, EARLIER)],
    ...records.map(({ id }, at) => [at + 1, id] as const),
  ]);
  const references = chunks.map(({ home, objects, bytes }, at): ChunkReference => {
    const name = { bucket: 'b', key: String(at).padStart(5, '0') };
    const place = { archive: homes.get(home) ?? EARLIER, offset: at, length: 10, size: 1 };
    return { ...place, sha256: digest, first: name, last: name, objects, bytes };
  });
  const directory: Directory = {
    ...{ format: 1, archive: base.id, objects: 0, bytes: 0, buckets: [], documents: [] },
    chunks: references,
  };
  const objects = { ...base.objects, unchanged };
  const summary = { ...base, archive_bytes: archiveBytes, parts: records, objects };
  return { summary, directory };
}

const shapes = fc.record({
  archiveBytes: fc.nat(10_000_000_000),
  parts: fc.array(fc.nat(5_000_000_000), { maxLength: 12 }),
  chunks: fc.array(
    fc.record({
      home: fc.integer({ min: -2, max: 12 }),
      objects: fc.integer({ min: 1, max: 9000 }),
      bytes: fc.nat(2_000_000_000),
    }),
    { maxLength: 60 },
  ),
  unchanged: fc.nat(200_000),
});

describe('the shares of a verify', () => {
  it('have each archive and each chunk once, and those of a part together', () => {
    fc.assert(
      fc.property(shapes, fc.integer({ min: 1, max: 90 }), (shape, shares) => {
        const { summary, directory } = backupOf(shape);
        const cut = cutBulk(summary, directory, shares);
        expect(cut).toHaveLength(shares);
        const whole = wholeBulk(summary, directory);
        const archives = cut.flatMap((bulk) => [...bulk.archives]);
        expect(archives.sort()).toEqual([...whole.archives].sort());
        const chunks = cut.flatMap((bulk) => bulk.chunks);
        expect(chunks).toHaveLength(directory.chunks.length);
        expect(new Set(chunks)).toEqual(new Set(directory.chunks));
        for (const bulk of cut) {
          const places = bulk.chunks.map((chunk) => directory.chunks.indexOf(chunk));
          expect(places).toEqual(places.toSorted((a, b) => a - b));
          const inParts = bulk.chunks.filter(
            ({ archive }) => archive !== base.id && whole.archives.has(archive),
          );
          for (const { archive } of inParts) expect(bulk.archives.has(archive)).toBe(true);
        }
        expect(joinBulks(cut, directory)).toEqual(whole);
        expect(cut.reduce((sum, bulk) => sum + piecesIn(bulk), 0)).toBe(piecesIn(whole));
        expect(cutBulk(structuredClone(summary), structuredClone(directory), shares)).toEqual(cut);
      }),
    );
  });

  it('are about equal: none is heavier than the mean, with the heaviest piece', () => {
    fc.assert(
      fc.property(shapes, fc.integer({ min: 1, max: 20 }), (shape, shares) => {
        // What lies elsewhere of the backup's own chunks is only an estimate.
        const { summary, directory } = backupOf({ ...shape, unchanged: 0 });
        const own = wholeBulk(summary, directory).archives;
        const bytesOf = new Map([
          [base.id, shape.archiveBytes],
          ...summary.parts.map((part) => [part.id, part.archive_bytes] as const),
        ]);
        const chunkWeight = (chunk: ChunkReference) =>
          chunk.length + (own.has(chunk.archive) ? 0 : weightOf(chunk));
        const heavy = new Map(bytesOf);
        for (const chunk of directory.chunks) {
          if (chunk.archive === base.id || !own.has(chunk.archive)) continue;
          heavy.set(chunk.archive, (heavy.get(chunk.archive) ?? 0) + chunkWeight(chunk));
        }
        const loads = cutBulk(summary, directory, shares).map(
          ({ archives, chunks }) =>
            [...archives].reduce((sum, id) => sum + (bytesOf.get(id) ?? 0), 0) +
            chunks.reduce((sum, chunk) => sum + chunkWeight(chunk), 0),
        );
        const mean = loads.reduce((sum, load) => sum + load, 0) / shares;
        const heaviest = Math.max(...heavy.values(), ...directory.chunks.map(chunkWeight));
        expect(Math.max(...loads)).toBeLessThanOrEqual((mean + heaviest) * (1 + 1e-9));
      }),
    );
  });

  it('count what they read, together as much as the backup has', () => {
    const chunks = [0, 0, -1, 1].map((home) => ({ home, objects: 100, bytes: 1000 }));
    const shape = { archiveBytes: 500, parts: [700], chunks, unchanged: 100 };
    const { summary, directory } = backupOf(shape);
    for (const shares of [1, 2, 5]) {
      const sizes = cutBulk(summary, directory, shares).map((bulk) =>
        sizeOf(bulk, summary, directory),
      );
      expect(sizes.reduce((sum, { objects }) => sum + objects, 0)).toBe(400);
      expect(sizes.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(4000);
    }
  });

  it('leave what is read of other archives to those that have no archive to read', () => {
    const chunks = Array.from({ length: 30 }, () => ({ home: -1, objects: 1, bytes: 1_000_000 }));
    const shape = { archiveBytes: 40_000_000, parts: [], chunks, unchanged: 30 };
    const { summary, directory } = backupOf(shape);
    const cut = cutBulk(summary, directory, 3);
    expect(cut.map(({ archives }) => archives.size)).toEqual([1, 0, 0]);
    expect(cut.map((bulk) => bulk.chunks.length)).toEqual([0, 15, 15]);
  });
});

describe('weights that cannot be cut', () => {
  it('go to the place that has the least, the heaviest first', () => {
    expect(spread([1, 5, 4, 2], 2)).toEqual({ places: [0, 0, 1, 1], loads: [6, 6] });
    expect(spread([], 2)).toEqual({ places: [], loads: [0, 0] });
    expect(spread([0, 0], 3).places).toEqual([0, 0]);
  });
});
