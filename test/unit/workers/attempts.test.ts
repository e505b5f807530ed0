import { expect, it } from 'vitest';
import { Attempts } from '../../../src/workers/attempts.js';
import type { EngineView } from '../../../src/workers/engine.js';

const LEASE_MS = 5;
const NOTHING: EngineView = { workers: 1, waiting: [], working: [], failed: [] };

it('judges a piece as of the last look, however long the caller took since', async () => {
  const view = { ...NOTHING };
  const engine = {
    name: 'the queue',
    offer: () => Promise.resolve(),
    look: () => Promise.resolve(view),
    close: () => Promise.resolve(),
  };
  const attempts = new Attempts(engine, {
    leaseMs: LEASE_MS,
    warn: () => undefined,
    nameOf: () => 'share 1',
  });
  const piece = { number: 1, attempt: 0, heardAtMs: 0, failure: undefined };
  const look = async () => {
    attempts.hear((await attempts.look()) ?? NOTHING, [piece]);
    await longerThanTheLease();
  };

  await look();
  await attempts.offer([piece], () => ({}));
  await longerThanTheLease();
  view.waiting = [{ number: 1, attempt: 1 }];
  await look();
  expect(attempts.isDue(piece)).toBe(false);

  view.waiting = [];
  await look();
  expect(attempts.isDue(piece)).toBe(true);
});

function longerThanTheLease(): Promise<void> {
  return new Promise((done) => setTimeout(done, 4 * LEASE_MS));
}
