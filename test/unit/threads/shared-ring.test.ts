import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SharedRing, type Block } from '../../../src/threads/shared-ring.js';

/** The ring is one ArrayBuffer; a block elsewhere came from the heap. */
function inRing(ring: SharedRing, block: Block): boolean {
  const probe = ring.take(0);
  probe.release();
  return block.bytes.buffer === probe.bytes.buffer;
}

describe('SharedRing', () => {
  it('gives blocks of exactly the size asked for, one behind the other', () => {
    const ring = new SharedRing(100);
    const [first, second] = [ring.take(60), ring.take(40)];
    expect(first.bytes.length).toBe(60);
    expect(second.bytes.byteOffset).toBe(first.bytes.byteOffset + 60);
  });

  it('is free when all blocks are released', () => {
    const ring = new SharedRing(100);
    const blocks = [ring.take(60), ring.take(40), ring.take(1)];
    expect(ring.isFree).toBe(false);
    for (const block of blocks) block.release();
    expect(ring.isFree).toBe(true);
  });

  it('falls back to the heap where the ring is full by one byte', () => {
    const ring = new SharedRing(100);
    const first = ring.take(60);
    const tooMuch = ring.take(41);
    expect(tooMuch.bytes.length).toBe(41);
    expect(tooMuch.bytes.buffer).not.toBe(first.bytes.buffer);
  });

  it('uses the room of the oldest block again once it is given back', () => {
    const ring = new SharedRing(100);
    const first = ring.take(60);
    ring.take(30);
    first.release();
    const again = ring.take(50);
    expect(again.bytes.byteOffset).toBe(first.bytes.byteOffset);
  });

  it('keeps the room of a block behind one that is still in use', () => {
    const ring = new SharedRing(100);
    const first = ring.take(60);
    const second = ring.take(40);
    second.release();
    expect(inRing(ring, ring.take(40))).toBe(false);
    first.release();
    expect(inRing(ring, ring.take(100))).toBe(true);
  });

  it('takes no harm from a block that is given back twice', () => {
    const ring = new SharedRing(100);
    const first = ring.take(50);
    first.release();
    const second = ring.take(50);
    first.release();
    second.bytes.fill(2);
    ring.take(50).bytes.fill(3);
    expect([...second.bytes].every((byte) => byte === 2)).toBe(true);
  });

  it('never gives the same bytes to two blocks in use', () => {
    const step = fc.record({ size: fc.integer({ min: 0, max: 40 }), releases: fc.nat() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const ring = new SharedRing(100);
        const live: { block: Block; mark: number }[] = [];
        steps.forEach(({ size, releases }, index) => {
          const mark = (index % 250) + 1;
          const block = ring.take(size);
          block.bytes.fill(mark);
          live.push({ block, mark });
          if (releases % 3 !== 0) live.splice(releases % live.length, 1)[0]?.block.release();
          for (const held of live) {
            expect(held.block.bytes.every((byte) => byte === held.mark)).toBe(true);
          }
        });
      }),
    );
  });
});
