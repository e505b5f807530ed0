import type { Engine, Offer } from '../../workers/engine.js';
import type { KeyRange } from '../../repository/summary.js';

/** Hands out ranges of keys, each of which a worker captures into a part. */
export type ShardEngine = Engine<{ range: KeyRange }>;

/** The number of a range is that of the shard in the run; a split gets the next free one. */
export type ShardOffer = Offer<{ range: KeyRange }>;
