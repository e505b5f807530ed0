import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { prefetchInOrder } from '../../src/prefetch.js';
import { collect } from '../helpers/archive-memory.js';

/** Fetches that end when told to, and a count of those that are under way. */
class Fetches {
  readonly started: number[] = [];
  running = 0;
  mostRunning = 0;
  readonly #ends = new Map<number, (error?: Error) => void>();

  readonly fetch = (item: number): Promise<string> => {
    this.started.push(item);
    this.running += 1;
    this.mostRunning = Math.max(this.mostRunning, this.running);
    return new Promise((resolve, reject) => {
      this.#ends.set(item, (error) => {
        this.running -= 1;
        this.#ends.delete(item);
        if (error === undefined) resolve(`fetched ${item}`);
        else reject(error);
      });
    });
  };

  get waiting(): number[] {
    return [...this.#ends.keys()];
  }

  end(item: number, error?: Error): void {
    this.#ends.get(item)?.(error);
  }
}

async function* pagesOf(...pages: number[][]): AsyncGenerator<number[]> {
  for (const page of pages) yield await Promise.resolve(page);
}

/** Lets everything happen that waits for nothing of ours. */
async function settle(): Promise<void> {
  for (let n = 0; n < 3; n++) await new Promise((resolve) => setImmediate(resolve));
}

const limits = { maxRequests: 3, maxBytes: 100 };
const light = () => 1;

describe('pieces that are fetched ahead', () => {
  it('come in their order, whatever the order in which they are there', async () => {
    const pieces = fc.array(fc.nat(60), { maxLength: 25 });
    const property = fc.asyncProperty(
      pieces,
      fc.infiniteStream(fc.nat()),
      async (weights, picks) => {
        const fetches = new Fetches();
        let held = 0;
        let mostHeld = 0;
        const fetch = (item: number) => {
          held += weights[item]!;
          mostHeld = Math.max(mostHeld, held);
          return fetches.fetch(item);
        };
        const items = weights.map((_, n) => n);
        const pages = pagesOf(items.slice(0, 4), [], items.slice(4));
        const received: string[] = [];
        const state = { done: false };
        const reading = (async () => {
          for await (const { item, result } of prefetchInOrder(
            pages,
            limits,
            (n) => weights[n]!,
            fetch,
          )) {
            expect(result).toBe(`fetched ${item}`);
            received.push(result);
            held -= weights[item]!;
          }
        })().finally(() => (state.done = true));
        while (!state.done) {
          await settle();
          const { waiting } = fetches;
          if (waiting.length > 0) fetches.end(waiting[picks.next().value! % waiting.length]!);
        }
        await reading;
        expect(received).toEqual(items.map((n) => `fetched ${n}`));
        expect(fetches.mostRunning).toBeLessThanOrEqual(limits.maxRequests);
        expect(mostHeld).toBeLessThanOrEqual(limits.maxBytes);
      },
    );
    await fc.assert(property, { numRuns: 40 });
  });

  it('are as many at once as allowed, and no more', async () => {
    const fetches = new Fetches();
    const reading = prefetchInOrder(pagesOf([0, 1, 2, 3, 4]), limits, light, fetches.fetch);
    const first = reading.next();
    await settle();
    expect(fetches.started).toEqual([0, 1, 2]);
    fetches.end(2);
    await settle();
    expect(fetches.started).toEqual([0, 1, 2, 3]);
    for (const item of [0, 1, 3]) fetches.end(item);
    expect((await first).value).toEqual({ item: 0, result: 'fetched 0' });
    await settle();
    fetches.end(4);
    expect(await collect(reading)).toHaveLength(4);
  });

  it('weigh until the next one is asked for', async () => {
    const fetches = new Fetches();
    const reading = prefetchInOrder(pagesOf([0, 1, 2]), limits, () => 50, fetches.fetch);
    const first = reading.next();
    await settle();
    expect(fetches.started).toEqual([0, 1]);
    fetches.end(0);
    fetches.end(1);
    await first;
    await settle();
    expect(fetches.started).toEqual([0, 1]);
    await reading.next();
    await settle();
    expect(fetches.started).toEqual([0, 1, 2]);
    fetches.end(2);
    await reading.return(undefined);
  });

  it('go alone when they are heavier than the limit', async () => {
    const fetches = new Fetches();
    const weights = [1, 101, 1];
    const reading = prefetchInOrder(pagesOf([0, 1, 2]), limits, (n) => weights[n]!, fetches.fetch);
    const all = collect(reading);
    const started: number[][] = [];
    for (const item of [0, 1, 2]) {
      await settle();
      started.push([...fetches.started]);
      fetches.end(item);
    }
    expect(await all).toHaveLength(3);
    expect(started).toEqual([[0], [0, 1], [0, 1, 2]]);
  });
});

describe('a fetch that fails', () => {
  it('rejects when its turn comes, after the pieces before it', async () => {
    const fetches = new Fetches();
    const reading = prefetchInOrder(pagesOf([0, 1, 2]), limits, light, fetches.fetch);
    const first = reading.next();
    await settle();
    fetches.end(1, new Error('gone'));
    fetches.end(2, new Error('gone too'));
    await settle();
    fetches.end(0);
    expect((await first).value).toEqual({ item: 0, result: 'fetched 0' });
    await expect(reading.next()).rejects.toThrow(/^gone$/);
    expect(await reading.next()).toEqual({ done: true, value: undefined });
  });

  it('lets no further one begin', async () => {
    const fetches = new Fetches();
    const reading = prefetchInOrder(pagesOf([0, 1, 2, 3, 4, 5]), limits, light, fetches.fetch);
    const first = reading.next();
    await settle();
    fetches.end(0, new Error('gone'));
    await expect(first).rejects.toThrow('gone');
    const { length } = fetches.started;
    for (const item of fetches.waiting) fetches.end(item);
    await settle();
    expect(fetches.started).toHaveLength(length);
  });

  it('counts as one even where it throws at once', async () => {
    const fetch = (item: number) => {
      if (item === 1) throw new Error('at once');
      return Promise.resolve(item);
    };
    const reading = prefetchInOrder(pagesOf([0, 1]), limits, light, fetch);
    expect((await reading.next()).value).toEqual({ item: 0, result: 0 });
    await expect(reading.next()).rejects.toThrow('at once');
  });
});

describe('a source that fails', () => {
  it('rejects after the pieces that it gave', async () => {
    async function* failing(): AsyncGenerator<number[]> {
      yield await Promise.resolve([0, 1]);
      throw new Error('listing failed');
    }
    const received: number[] = [];
    const reading = async () => {
      const fetch = (item: number) => Promise.resolve(item);
      for await (const { item } of prefetchInOrder(failing(), limits, light, fetch)) {
        received.push(item);
      }
    };
    await expect(reading()).rejects.toThrow('listing failed');
    expect(received).toEqual([0, 1]);
  });
});

describe('a reader that stops early', () => {
  it('closes the source and begins nothing more', async () => {
    let closed = false;
    async function* endless(): AsyncGenerator<number[]> {
      try {
        for (let n = 0; ; n += 2) yield await Promise.resolve([n, n + 1]);
      } finally {
        closed = true;
      }
    }
    let started = 0;
    const fetch = (item: number) => {
      started += 1;
      return Promise.resolve(item);
    };
    for await (const { item } of prefetchInOrder(endless(), limits, () => 40, fetch)) {
      if (item === 4) break;
    }
    expect(closed).toBe(true);
    const before = started;
    await settle();
    expect(started).toBe(before);
    expect(started).toBeLessThanOrEqual(8);
  });

  it('is not troubled by fetches that fail later', async () => {
    const fetches = new Fetches();
    const reading = prefetchInOrder(pagesOf([0, 1, 2, 3]), limits, light, fetches.fetch);
    const first = reading.next();
    await settle();
    fetches.end(0);
    await first;
    await reading.return(undefined);
    for (const item of fetches.waiting) fetches.end(item, new Error('too late'));
    await settle();
    expect(fetches.running).toBe(0);
  });
});
