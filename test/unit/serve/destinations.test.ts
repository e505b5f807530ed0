import { afterEach, describe, expect, it, vi } from 'vitest';
import { MangamotionError } from '../../../src/errors.js';
import type { Destination } from '../../../src/repository/destination.js';
import { Destinations, type NamedDestination } from '../../../src/serve/destinations.js';
import { checkBackups } from '../../../src/serve/health-checks.js';
import { MemoryClaims } from '../../helpers/memory-claims.js';
import { backupEntry } from '../../helpers/summaries.js';

afterEach(() => {
  vi.restoreAllMocks();
});

const ENTRY = backupEntry({ at: '2026-11-29T01:00:00Z', sequence: 1 });
const holding = {
  list: () => Promise.resolve([ENTRY]),
  readNote: () => Promise.resolve(undefined),
  claims: () => new MemoryClaims(),
} as unknown as Destination;

/** A destination that answers when the test lets it. */
class SlowDestination {
  opened = 0;
  #answers: (() => void)[] = [];
  #isSlow = true;

  readonly named: NamedDestination = {
    ...{ text: '/backups', location: '/backups' },
    open: async () => {
      this.opened += 1;
      if (this.#isSlow) await new Promise<void>((resolve) => this.#answers.push(resolve));
      return holding;
    },
  };

  set isSlow(isSlow: boolean) {
    this.#isSlow = isSlow;
    if (!isSlow) for (const answer of this.#answers.splice(0)) answer();
  }
}

function servedWith({ named }: SlowDestination, waitMs = 20) {
  const failures: unknown[] = [];
  const destinations = new Destinations([named], {
    ...{ now: () => new Date(), signal: new AbortController().signal },
    ...{ retentionDays: 30, maxAgeMs: undefined, waitMs },
    onFailure: (_destination, error) => failures.push(error),
  });
  return { destinations, failures };
}

const LATE = { status: 503, message: 'the destination does not answer' };

it('health does not wait long for a destination that hangs', { timeout: 15_000 }, async () => {
  const hangs = '/mnt/hangs';
  const named = { text: hangs, location: hangs, open: () => new Promise<never>(() => undefined) };
  const destinations = new Destinations([named], {
    ...{ now: () => new Date(), signal: new AbortController().signal },
    ...{ retentionDays: 30, maxAgeMs: undefined, onFailure: () => undefined },
  });
  const { content, failure } = await destinations.last(named);
  expect(content).toBeUndefined();
  expect(failure?.message).toBe('the destination does not answer');
});

describe('a destination that hangs', () => {
  it('is waited for no longer than the limit, and opened once for all requests', async () => {
    const slow = new SlowDestination();
    const { destinations, failures } = servedWith(slow);
    const readings = await Promise.all([
      destinations.read(slow.named),
      destinations.last(slow.named),
    ]);
    for (const { content, readAt, failure } of readings) {
      expect([content, readAt]).toEqual([undefined, undefined]);
      expect(failure).toMatchObject({ ...LATE, headers: { 'retry-after': '5' } });
    }
    await destinations.refresh();
    expect([slow.opened, failures]).toEqual([1, []]);
  });

  it('is shown as soon as it answers after all, without another reading', async () => {
    const slow = new SlowDestination();
    const { destinations } = servedWith(slow);
    await destinations.read(slow.named);
    slow.isSlow = false;
    const { content, failure } = await destinations.read(slow.named);
    expect([content?.backups, failure, slow.opened]).toEqual([[ENTRY], undefined, 1]);
  });

  it('still shows what was known before', async () => {
    const slow = new SlowDestination();
    slow.isSlow = false;
    const { destinations } = servedWith(slow);
    const { readAt } = await destinations.read(slow.named);
    slow.isSlow = true;
    // A minute later, what was read is no longer fresh.
    const laterMs = performance.now() + 61_000;
    vi.spyOn(performance, 'now').mockImplementation(() => laterMs);
    const reading = await destinations.read(slow.named);
    expect(reading).toMatchObject({ content: { backups: [ENTRY] }, readAt, failure: LATE });
    expect(slow.opened).toBe(2);
  });

  it('does not hold a request that it answers in time', async () => {
    const slow = new SlowDestination();
    const { destinations } = servedWith(slow, 3_600_000);
    const reading = destinations.read(slow.named);
    slow.isSlow = false;
    expect((await reading).failure).toBeUndefined();
  });
});

/** A destination that a look at finds another one, or none. */
class MovingDestination {
  opened = 0;
  place = 'disk';
  failure: Error | undefined;
  backups = [ENTRY];
  hangs = false;

  readonly named: NamedDestination = {
    ...{ text: '/backups', location: '/backups' },
    open: async () => {
      this.opened += 1;
      if (this.hangs) await new Promise(() => undefined);
      if (this.failure !== undefined) throw this.failure;
      return {
        placeNow: () => Promise.resolve(this.place),
        list: () => Promise.resolve(this.backups),
        readNote: () => Promise.resolve(undefined),
        claims: () => new MemoryClaims(),
      } as unknown as Destination;
    },
  };
}

describe('a destination that was read', () => {
  async function readOnce() {
    const moving = new MovingDestination();
    const failures: unknown[] = [];
    const destinations = new Destinations([moving.named], {
      ...{ now: () => new Date(), signal: new AbortController().signal, lookWaitMs: 20 },
      ...{ retentionDays: 30, maxAgeMs: undefined },
      onFailure: (_destination, error) => failures.push(error),
    });
    await destinations.read(moving.named);
    let nowMs = performance.now();
    vi.spyOn(performance, 'now').mockImplementation(() => nowMs);
    const last = async (afterMs: number) => {
      nowMs += afterMs;
      return await destinations.last(moving.named);
    };
    return { moving, failures, destinations, last };
  }

  it('and is gone is no longer shown as healthy; when it is back, it is read again', async () => {
    const { moving, failures, destinations, last } = await readOnce();
    moving.failure = new MangamotionError('not_found', 'no such folder: /backups');
    const { content, failure } = await last(4000);
    expect([content?.backups, failure]).toEqual([[ENTRY], moving.failure]);
    await expect(checkBackups(destinations)).rejects.toThrow('a destination cannot be read');
    expect((await destinations.read(moving.named)).failure).toBe(moving.failure);
    await last(4000);
    expect(failures).toEqual([moving.failure]);
    moving.failure = undefined;
    expect((await last(4000)).failure).toBeUndefined();
  });

  it('and is another one now, such as a folder without its disk, is read again', async () => {
    const { moving, last } = await readOnce();
    Object.assign(moving, { place: 'folder', backups: [] });
    expect((await last(4000)).content?.backups).toEqual([]);
  });

  it('is looked at once in a few seconds, by all requests together', async () => {
    const { moving, last } = await readOnce();
    await last(1000);
    expect(moving.opened).toBe(1);
    await Promise.all([last(4000), last(0), last(0)]);
    await last(1000);
    expect(moving.opened).toBe(2);
  });

  it('and hangs is one look that hangs', async () => {
    const { moving, last } = await readOnce();
    moving.hangs = true;
    expect((await last(4000)).failure).toMatchObject(LATE);
    expect((await last(60_000)).failure).toMatchObject(LATE);
    expect(moving.opened).toBe(2);
  });
});
