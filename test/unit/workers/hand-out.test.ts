import { describe, expect, it } from 'vitest';
import { MangamotionError } from '../../../src/errors.js';
import type { AnsweredOffer, Engine, EngineView, Offer } from '../../../src/workers/engine.js';
import { type HandOutOptions, handOut } from '../../../src/workers/hand-out.js';

interface Work {
  what: string;
}
type Act = (offer: Offer<Work>, queue: Queue) => void;

/** An engine whose one worker does at once what the test says. */
class Queue implements Engine<Work> {
  readonly name = 'the queue';
  readonly offered: string[] = [];
  readonly view: Required<EngineView> = {
    ...{ workers: 1, waiting: [], working: [], failed: [], answered: [] },
  };
  isAway: 'look' | 'offer' | undefined;
  readonly #act: Act;

  constructor(act: Act) {
    this.#act = act;
  }

  offer(offers: readonly Offer<Work>[]): Promise<void> {
    if (this.isAway === 'offer') return Promise.reject(away());
    for (const offer of offers) {
      this.offered.push(`${offer.what} ${offer.number}-${offer.attempt}`);
      this.#act(offer, this);
    }
    return Promise.resolve();
  }

  look(): Promise<EngineView> {
    return this.isAway === 'look' ? Promise.reject(away()) : Promise.resolve({ ...this.view });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  answer({ number, attempt }: Offer<Work>, result: string): void {
    this.view.answered.push({ number, attempt, result } satisfies AnsweredOffer);
  }

  fail({ number, attempt }: Offer<Work>, message: string): void {
    this.view.failed.push({ number, attempt, worker: 'w', code: 'refused', message });
  }
}

const away = () => new MangamotionError('unreachable', 'Redis is away');
const QUICK = { leaseMs: 5, pollMs: 1, backoffMs: 1, nobodyMs: 60_000, patienceMs: 60_000 };

function give(works: string[], act: Act, times: Partial<HandOutOptions> = {}) {
  const queue = new Queue(act);
  const warnings: string[] = [];
  const counts: object[] = [];
  const controller = new AbortController();
  const nothing = () => undefined;
  const progress = {
    ...{ start: nothing, phase: nothing },
    update: (count: { objects?: number; bytes?: number }) => counts.push({ ...count }),
    warn: (line: string) => warnings.push(line),
  };
  const running = handOut(
    {
      ...{ progress, signal: controller.signal },
      sleep: (ms) => new Promise((done) => setTimeout(done, ms)),
    },
    queue,
    works.map((what) => ({ what })),
    { ...QUICK, nameOf: (number) => `share ${number}`, ...times },
  );
  return { queue, warnings, counts, controller, running };
}

describe('handing out work', () => {
  it('gives each piece its answer, in order', async () => {
    const later: Offer<Work>[] = [];
    const { queue, running, warnings } = give(['a', 'b', 'c'], (offer, queue) => {
      later.unshift(offer);
      if (later.length === 3) for (const one of later) queue.answer(one, `did ${one.what}`);
    });
    expect(await running).toEqual(
      ['did a', 'did b', 'did c'].map((result) => ({ result, attempts: 1 })),
    );
    expect(queue.offered).toEqual(['a 1-1', 'b 2-1', 'c 3-1']);
    expect(warnings).toEqual([]);
  });

  it('does nothing where there is nothing to do', async () => {
    expect(await give([], () => undefined).running).toEqual([]);
  });

  it('offers again what failed or was lost, and gives it up after five attempts', async () => {
    const { queue, running, warnings } = give(['a', 'b', 'c'], (offer, queue) => {
      if (offer.what === 'a') queue.fail(offer, 'no key');
      if (offer.what === 'b' && offer.attempt === 3) queue.answer(offer, 'at last');
    });
    expect(await running).toEqual([
      { failure: { code: 'refused', message: 'no key' } },
      { result: 'at last', attempts: 3 },
      { failure: { code: 'unreachable', message: 'each worker that took it was lost' } },
    ]);
    expect(queue.offered.filter((one) => one.startsWith('a'))).toHaveLength(5);
    expect(queue.offered.filter((one) => one.startsWith('b'))).toHaveLength(3);
    expect(queue.offered.filter((one) => one.startsWith('c'))).toHaveLength(5);
    expect(warnings).toEqual(
      [1, 2, 3, 4, 5].map((attempt) => `w failed at share 1 (attempt ${attempt} of 5): no key`),
    );
  });

  it('takes the answer of a worker that was thought lost, and only the first', async () => {
    const { running } = give(['a'], (offer, queue) => {
      if (offer.attempt < 3) return;
      queue.answer({ ...offer, attempt: 1 }, 'late');
      queue.answer(offer, 'another');
    });
    expect(await running).toEqual([{ result: 'late', attempts: 3 }]);
  });

  it('leaves alone what somebody works on or waits for', async () => {
    const { queue, running } = give(['a', 'b'], ({ number, attempt }, queue) => {
      const how = { worker: 'w', objects: 1, bytes: 1, elapsedMs: 1, silentMs: 0 };
      if (number === 1) queue.view.working.push({ number, attempt, ...how });
      else queue.view.waiting.push({ number, attempt });
    });
    await new Promise((done) => setTimeout(done, 50));
    expect(queue.offered).toEqual(['a 1-1', 'b 2-1']);
    queue.answer({ what: 'a', number: 1, attempt: 1 }, 'x');
    queue.answer({ what: 'b', number: 2, attempt: 1 }, 'y');
    expect(await running).toEqual([
      { result: 'x', attempts: 1 },
      { result: 'y', attempts: 1 },
    ]);
  });

  it('ignores answers to what was never asked', async () => {
    const { running } = give(['a'], (offer, queue) => {
      queue.answer({ ...offer, number: 0 }, 'zero');
      queue.answer({ ...offer, number: 7 }, 'seven');
      queue.answer(offer, 'one');
    });
    expect(await running).toEqual([{ result: 'one', attempts: 1 }]);
  });

  it('does not wait for the only worker, which was killed', async () => {
    const act: Act = ({ number, attempt }, queue) => {
      queue.view.workers = 0;
      const killed = { worker: 'w', objects: 3, bytes: 5, elapsedMs: 1000, silentMs: 500 };
      queue.view.working = [{ number, attempt, ...killed }];
    };
    const { running, counts } = give(['a', 'b'], act, { leaseMs: 100, nobodyMs: 150 });
    const failure = {
      code: 'unreachable',
      message: expect.stringContaining('nothing has come') as string,
    };
    expect(await running).toEqual([{ failure }, { failure }]);
    expect(counts.at(-1)).toEqual({ objects: 3, bytes: 5 });
  });

  it('gives everything back where nobody listens, and says so before', async () => {
    const { queue, running, warnings } = give(
      ['a', 'b'],
      (offer, queue) => {
        queue.view.workers = 0;
        queue.view.waiting.push(offer);
      },
      { nobodyMs: 60 },
    );
    const outcomes = await running;
    expect(outcomes).toHaveLength(2);
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({ failure: { code: 'unreachable' } });
      expect(JSON.stringify(outcome)).toContain('nothing has come from the queue');
    }
    expect(queue.offered).toEqual(['a 1-1', 'b 2-1']);
    expect(warnings).toEqual([
      'no worker listens on the queue: start some with "mangamotion backup worker"',
    ]);
  });

  it('waits for workers that are busy elsewhere no longer than its patience', async () => {
    const act: Act = (offer, queue) => queue.view.waiting.push(offer);
    const { running } = give(['a'], act, { nobodyMs: 1, patienceMs: 40 });
    expect(await running).toMatchObject([{ failure: { code: 'unreachable' } }]);
  });

  it('does not wait without end for an engine that comes and goes', async () => {
    const act: Act = (_, queue) => (queue.view.workers = 0);
    const { queue, running } = give(['a'], act, { leaseMs: 60_000, nobodyMs: 100 });
    const comesAndGoes = setInterval(() => {
      queue.isAway = queue.isAway === undefined ? 'look' : undefined;
    }, 10);
    expect(await running).toMatchObject([{ failure: { code: 'unreachable' } }]);
    clearInterval(comesAndGoes);
  });

  it.each(['look', 'offer'] as const)('outlasts an engine that is away: %s', async (what) => {
    const { queue, running, warnings } = give(['a'], (offer, queue) => {
      if (offer.attempt === 1) queue.isAway = what;
      else queue.answer(offer, 'done');
    });
    setTimeout(() => (queue.isAway = undefined), 30);
    expect(await running).toMatchObject([{ result: 'done' }]);
    expect(warnings).toEqual([
      'Redis is away: the run goes on when it is back',
      'the queue is back',
    ]);
  });

  it('ends with the reason of its signal, and with errors that are not those of the way there', async () => {
    const { running, controller } = give(['a'], () => undefined, { leaseMs: 60_000 });
    controller.abort(new Error('stopped'));
    await expect(running).rejects.toThrow('stopped');
    const broken = give(['a'], () => {
      throw new RangeError('a bug');
    });
    await expect(broken.running).rejects.toThrow('a bug');
  });
});
