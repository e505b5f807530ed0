import { expect, it } from 'vitest';
import { RingKeeper } from '../../../src/threads/ring-keeper.js';

it('gives a ring that was kept again, and only once', () => {
  const rings = new RingKeeper(100);
  const ring = rings.take();
  rings.keep(ring);
  expect(rings.take()).toBe(ring);
  expect(rings.take()).not.toBe(ring);
});

it('gives another ring while a block of the kept one is in use', () => {
  const rings = new RingKeeper(100);
  const ring = rings.take();
  const block = ring.take(60);
  rings.keep(ring);
  expect(rings.take()).not.toBe(ring);
  block.release();
  expect(rings.take()).toBe(ring);
});
