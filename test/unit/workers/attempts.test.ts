import { describe, expect, it } from 'vitest';
import { MangamotionError } from '../../../src/errors.js';
import { Attempts } from '../../../src/workers/attempts.js';
import type { EngineView } from '../../../src/workers/engine.js';

const LEASE_MS = 20;
const NOTHING: EngineView = { workers: 1, waiting: [], working: [], failed: [] };

function attempting() {
  const engine = {
    name: 'the queue',
    view: { ...NOTHING },
    isAway: false,
    offer: () => Promise.resolve(),
    look: () =>
      engine.isAway
        ? Promise.reject(new MangamotionError('unreachable', 'it is away'))
        : Promise.resolve(engine.view),
    close: () => Promise.resolve(),
  };
  const attempts = new Attempts(engine, {
    leaseMs: LEASE_MS,
    warn: () => undefined,
    nameOf: () => 'share 1',
  });
  const piece = { number: 1, attempt: 0, heardAtMs: 0, failure: undefined };
  const look = async () => {
    const view = await attempts.look();
    if (view !== undefined) attempts.hear(view, [piece]);
  };
  return { engine, attempts, piece, look };
}

describe('attempts at a piece of work', () => {
  it('are judged as of the last look, however long the caller took since', async () => {
    const { engine, attempts, piece, look } = attempting();
    await look();
    await attempts.offer([piece], () => ({}));
    await longerThanTheLease();
    engine.view.waiting = [{ number: 1, attempt: 1 }];
    await look();
    await longerThanTheLease();
    expect(attempts.isDue(piece)).toBe(false);

    engine.view.waiting = [];
    await look();
    expect(attempts.isDue(piece)).toBe(true);
  });

  it('are not given up while the engine is away, and not at once when it is back', async () => {
    const { engine, attempts, piece, look } = attempting();
    await look();
    await attempts.offer([piece], () => ({}));
    engine.isAway = true;
    for (let i = 0; i < 3; i++) {
      await longerThanTheLease();
      await look();
      expect(attempts.isDue(piece)).toBe(false);
    }
    engine.isAway = false;
    await look();
    expect(attempts.isDue(piece)).toBe(false);
    await longerThanTheLease();
    await look();
    expect(attempts.isDue(piece)).toBe(true);
  });
});

function longerThanTheLease(): Promise<void> {
  return new Promise((done) => setTimeout(done, 2 * LEASE_MS));
}
