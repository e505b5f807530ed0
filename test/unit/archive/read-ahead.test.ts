import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { damagedArchive } from '../../../src/archive/errors.js';
import { ReadAhead } from '../../../src/archive/read-ahead.js';
import { noise } from '../../helpers/seed.js';

const MIB = 1024 * 1024;
const bytes = noise(11 * MIB + 12_345, 'read ahead');

/** A source that keeps count of its reads. `fails` says what is wrong with the bytes of one. */
function sourceOf(fails: (offset: number, end: number) => Error | undefined = () => undefined) {
  const counts = { running: 0, most: 0, reads: 0, bytes: 0 };
  return {
    counts,
    sizeBytes: bytes.length,
    async read(offset: number, length: number): Promise<Buffer> {
      counts.running += 1;
      counts.reads += 1;
      counts.most = Math.max(counts.most, counts.running);
      await new Promise((resolve) => setImmediate(resolve));
      counts.running -= 1;
      const error = fails(offset, offset + length);
      if (error !== undefined) throw error;
      counts.bytes += length;
      return bytes.subarray(offset, offset + length);
    },
  };
}

const whole = { from: 0, to: bytes.length };

describe('a file that is read ahead', () => {
  it('is read once, by no more requests at once than allowed, whatever the reads are', async () => {
    const lengths = fc.array(fc.integer({ min: 1, max: 5 * MIB }), { maxLength: 12 });
    const random = fc.asyncProperty(
      lengths,
      fc.integer({ min: 1, max: 8 }),
      async (all, requests) => {
        const source = sourceOf();
        const ahead = new ReadAhead(source, { ...whole, requests });
        let at = 0;
        for (const length of [...all, bytes.length]) {
          const next = Math.min(length, bytes.length - at);
          // The header of a member is read before the member.
          const head = await ahead.read(at, Math.min(24, next));
          expect(head.equals(bytes.subarray(at, at + head.length))).toBe(true);
          const read = await ahead.read(at, next);
          expect(read.equals(bytes.subarray(at, at + next))).toBe(true);
          at += next;
        }
        expect(source.counts).toMatchObject({ running: 0, bytes: bytes.length });
        expect(source.counts.most).toBeLessThanOrEqual(requests);
      },
    );
    await fc.assert(random, { numRuns: 30 });
  });

  it('can be read elsewhere meanwhile', async () => {
    const ahead = new ReadAhead(sourceOf(), { from: 3 * MIB, to: 8 * MIB, requests: 3 });
    for (const [offset, length] of [
      [3 * MIB, 3 * MIB],
      [0, 100],
      [6 * MIB, MIB],
      [7 * MIB, 2 * MIB],
      [7 * MIB, MIB],
      [3 * MIB, 5],
      [bytes.length, 0],
    ] as const) {
      const read = await ahead.read(offset, length);
      expect(read.equals(bytes.subarray(offset, offset + length))).toBe(true);
    }
  });

  it('fails only for reads of what is damaged', async () => {
    const bad = 5 * MIB;
    const source = sourceOf((offset, end) =>
      offset <= bad && bad < end ? damagedArchive('a bad block') : undefined,
    );
    const ahead = new ReadAhead(source, { ...whole, requests: 2 });
    const before = await ahead.read(4 * MIB, MIB);
    expect(before.equals(bytes.subarray(4 * MIB, 5 * MIB))).toBe(true);
    await expect(ahead.read(bad - 1, 2)).rejects.toThrow('a bad block');
    const after = await ahead.read(bad + 1, 3 * MIB);
    expect(after.equals(bytes.subarray(bad + 1, bad + 1 + 3 * MIB))).toBe(true);
  });

  it('fails at once where nothing can be read, without a second attempt', async () => {
    const source = sourceOf(() => new Error('the server is away'));
    const ahead = new ReadAhead(source, { ...whole, requests: 2 });
    await expect(ahead.read(0, 10)).rejects.toThrow('the server is away');
    expect(source.counts.reads).toBeLessThanOrEqual(3);
    await ahead.close();
  });

  it('that is closed asks for nothing more', async () => {
    const source = sourceOf();
    const ahead = new ReadAhead(source, { ...whole, requests: 2 });
    await ahead.read(0, 10);
    await ahead.close();
    const { reads } = source.counts;
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(source.counts).toMatchObject({ reads, running: 0 });
  });
});
