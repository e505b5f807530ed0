import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { QUEUE_STATES } from '../../../../src/jobs/job.js';
import {
  DEFAULT_PREFIX,
  DEFAULT_QUEUE,
  PLACES,
  isMarker,
  keyOf,
  keysOf,
  queueKeysOf,
  queueNameOf,
  stateIn,
  statusOf,
} from '../../../../src/jobs/queue/layout.js';

const QUEUE = { prefix: DEFAULT_PREFIX, name: DEFAULT_QUEUE };

describe('the keys of a queue', () => {
  it('are those of BullMQ', () => {
    expect(keyOf(QUEUE, 'wait')).toBe('bull:ai-job:wait');
    expect(keyOf({ prefix: '{x}', name: 'a:b' }, '1:2')).toBe('{x}:a:b:1:2');
    expect(keysOf(QUEUE)).toEqual([
      ...['bull:ai-job:meta', 'bull:ai-job:id', 'bull:ai-job:delayed', 'bull:ai-job:prioritized'],
      ...['bull:ai-job:wait', 'bull:ai-job:paused', 'bull:ai-job:active'],
      ...['bull:ai-job:waiting-children', 'bull:ai-job:completed', 'bull:ai-job:failed'],
    ]);
  });

  it.each([
    ['bull:ai-job:meta', 'ai-job'],
    ['bull:ai-job:id', 'ai-job'],
    ['bull:a:b:id', 'a:b'],
    ['bull:a\n:id', 'a\n'],
    ['bull::id', ''],
    ['bull:ai-job:identity', undefined],
    ['bull:ai-job:1', undefined],
    ['bull:meta', undefined],
  ])('%j is of the queue %j', (key, name) => {
    expect(queueNameOf('bull', key)).toBe(name);
  });

  it.each([
    ['bull', 'bull:*:[im][de]*'],
    ['b*[u]?', String.raw`b\*\[u\]\?:*:[im][de]*`],
  ])('of the prefix %s match %s', (prefix, pattern) => {
    expect(queueKeysOf(prefix)).toBe(pattern);
  });
});

describe('a marker', () => {
  it.each(['0', '0:0', '0:1764000000000', '0:1764000000000.5'])('is %s', (id) => {
    expect(isMarker(id)).toBe(true);
  });

  it.each(['', '1', '00', '10', '0:', '0:x', 'x0:0', '0:0:0', ' 0', '0\n', '0:1.', '0.5'])(
    'is not %j',
    (id) => {
      expect(isMarker(id)).toBe(false);
    },
  );

  it('is no id that BullMQ counts', () => {
    fc.assert(fc.property(fc.integer({ min: 1 }), (id) => !isMarker(String(id))));
  });
});

describe('a state', () => {
  it.each([
    ['waiting', 'pending'],
    ['paused', 'pending'],
    ['prioritized', 'pending'],
    ['delayed', 'pending'],
    ['waiting-children', 'pending'],
    ['active', 'processing'],
    ['completed', 'completed'],
    ['failed', 'failed'],
  ] as const)('%s is the status %s', (state, status) => {
    expect(statusOf(state)).toBe(status);
  });

  it('each has a place', () => {
    expect(new Set(PLACES.map(({ state }) => state))).toEqual(new Set(QUEUE_STATES));
  });

  it('is paused for what waits in a paused queue, and for nothing else', () => {
    const changed = PLACES.filter((place) => stateIn(place, true) !== stateIn(place, false));
    expect(changed.map(({ suffix }) => suffix)).toEqual(['wait']);
    expect(stateIn(changed[0]!, true)).toBe('paused');
  });
});
