import type { RangeSeal } from '../../repository/runs/range-seal.js';
import type { Engine } from '../../workers/engine.js';
import type { Work } from '../../workers/work.js';
import type { ShardEngine } from './engine.js';

/** Returns an engine of shards, which gives away no keys of objects in an encrypted run. */
export function sealedEngine(
  engine: Engine<Extract<Work, { kind: 'capture' }>>,
  seal: RangeSeal,
): ShardEngine {
  return {
    name: engine.name,
    offer: (offers) =>
      engine.offer(
        offers.map((offer) => ({ kind: 'capture', ...offer, range: seal.seal(offer.range) })),
      ),
    look: () => engine.look(),
    close: () => engine.close(),
  };
}
