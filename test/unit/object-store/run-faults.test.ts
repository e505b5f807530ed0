import { beforeEach, describe, expect, it } from 'vitest';
import { MangamotionError, type ErrorCode } from '../../../src/errors.js';
import type { ObjectStore } from '../../../src/object-store/port.js';
import { RunFaults } from '../../../src/object-store/run-faults.js';
import { S3ResponseError } from '../../../src/object-store/store-errors.js';
import {
  UnexpectedAnswer,
  isUnexpectedAnswer,
} from '../../../src/object-store/unexpected-answer.js';

/** What ends a run, and what is a failure of one object or bucket. */

const running = new AbortController().signal;

/** What the store answers, by bucket; `''`: the list of the buckets. All is well where nothing is said. */
let answers: Map<string, MangamotionError>;
/** What was asked, in order. */
let asked: string[];
let now: number;

beforeEach(() => {
  answers = new Map();
  asked = [];
  now = 0;
});

function answer(name: string): Promise<void> {
  asked.push(name);
  const error = answers.get(name);
  return error === undefined ? Promise.resolve() : Promise.reject(error);
}

/** A store that answers the probes alone. */
const store = {
  listBuckets: async () => {
    await answer('');
    return [];
  },
  listPage: async (bucket: string) => {
    await answer(bucket);
    return { objects: [], nextToken: null };
  },
} as unknown as ObjectStore;

const fault = (code: ErrorCode, message = `a fault: ${code}`) =>
  new MangamotionError(code, message);
const noSuchBucket = () =>
  new MangamotionError('not_found', 'no such bucket', {
    cause: new S3ResponseError('NoSuchBucket', 404, 'no such bucket'),
  });
const html = () =>
  new MangamotionError('unreachable', 'answered with a web page', {
    cause: new UnexpectedAnswer('answered with a web page'),
  });
const faults = (...buckets: string[]) => new RunFaults(store, buckets, () => now);
const classify = (of: RunFaults, error: unknown, signal = running) =>
  of.classify('one', error, signal);

describe('a run goes on after', () => {
  it.each(['unreachable', 'access_denied', 'not_found', 'refused', 'damaged'] as const)(
    'an object that is %s in a bucket that can be listed',
    async (code) => {
      const error = fault(code);
      await expect(classify(faults(), error)).resolves.toBe(error);
      expect(asked).toEqual(['one']);
    },
  );

  it.each([
    ['refused', fault('refused')],
    ['damaged', fault('damaged')],
  ])('a bucket whose listing is %s: that is an answer', async (_, error) => {
    answers.set('one', error).set('', fault('unreachable'));
    await expect(classify(faults(), error)).resolves.toBe(error);
    expect(asked).toEqual(['one']);
  });

  it.each(['unreachable', 'access_denied', 'not_found'] as const)(
    'a bucket that is %s where the list of the buckets is answered',
    async (code) => {
      answers.set('one', fault(code));
      await expect(classify(faults('one', 'two'), fault(code))).resolves.toMatchObject({ code });
      expect(asked).toEqual(['one', '']);
    },
  );

  it.each([undefined, fault('refused'), noSuchBucket()])(
    'a bucket that is refused where another bucket of the run answers: %s',
    async (other) => {
      answers.set('one', fault('access_denied')).set('', fault('access_denied'));
      if (other !== undefined) answers.set('two', other);
      await expect(classify(faults('one', 'two'), fault('refused'))).resolves.toBeDefined();
      expect(asked).toEqual(['one', '', 'two']);
    },
  );
});

it('a run goes on after a web page in place of a listing, where another request is answered', async () => {
  answers.set('one', html());
  await expect(classify(faults(), html())).resolves.toMatchObject({ code: 'unreachable' });
  expect(asked).toEqual(['one', '']);
});

it('a run ends where everything is answered with a web page: that is no S3 server', async () => {
  answers.set('one', html()).set('', html()).set('two', html());
  const error = html();
  await expect(classify(faults('one', 'two'), error)).rejects.toBe(error);
});

describe('what ends a run', () => {
  it('is a signal, whatever else there is', async () => {
    const reason = fault('interrupted');
    await expect(classify(faults(), fault('refused'), AbortSignal.abort(reason))).rejects.toBe(
      reason,
    );
    expect(asked).toEqual([]);
  });

  it('is a signal that comes while the store is asked', async () => {
    const controller = new AbortController();
    const reason = fault('terminated');
    answers.set('one', fault('unreachable'));
    const classified = classify(faults(), fault('refused'), controller.signal);
    controller.abort(reason);
    await expect(classified).rejects.toBe(reason);
  });

  it.each(['disk', 'usage', 'configuration', 'locked', 'internal', 'partial'] as const)(
    'is a fault of our own side: %s',
    async (code) => {
      const error = fault(code);
      await expect(classify(faults(), error)).rejects.toBe(error);
      expect(asked).toEqual([]);
    },
  );

  it('is a bug', async () => {
    const bug = new TypeError('x is undefined');
    await expect(classify(faults(), bug)).rejects.toBe(bug);
  });

  it('is the bucket gone', async () => {
    answers.set('one', noSuchBucket());
    await expect(classify(faults('two'), fault('not_found'))).rejects.toMatchObject({
      code: 'not_found',
      message: 'bucket one is gone: no such bucket',
    });
  });

  it('is the server unreachable for everything', async () => {
    for (const name of ['', 'one', 'two']) answers.set(name, fault('unreachable'));
    const error = fault('unreachable', 'the first of all');
    await expect(classify(faults('one', 'two'), error)).rejects.toBe(error);
    expect(asked).toEqual(['one', '', 'two']);
  });

  it('is the credentials refused for everything, and the refusal of the listing says it', async () => {
    for (const name of ['', 'one', 'two']) answers.set(name, fault('access_denied', `no ${name}`));
    await expect(classify(faults('one', 'two'), fault('refused'))).rejects.toMatchObject({
      code: 'access_denied',
      message: 'no one',
    });
  });

  it('is told by three other buckets, and no more', async () => {
    const buckets = ['one', 'two', 'three', 'four', 'five'];
    for (const name of ['', ...buckets]) answers.set(name, fault('access_denied'));
    await expect(classify(faults(...buckets), fault('access_denied'))).rejects.toThrow();
    expect(asked).toEqual(['one', '', 'two', 'three', 'four']);
  });
});

describe('the store is asked', () => {
  it('once in two seconds, however many objects fail', async () => {
    const runFaults = faults();
    await Promise.all([1, 2, 3].map(() => classify(runFaults, fault('refused'))));
    now = 1999;
    await classify(runFaults, fault('refused'));
    expect(asked).toEqual(['one']);
    now = 2000;
    await classify(runFaults, fault('refused'));
    expect(asked).toEqual(['one', 'one']);
  });

  it('for each bucket by itself', async () => {
    const runFaults = faults();
    await runFaults.classify('one', fault('refused'), running);
    await runFaults.classify('two', fault('refused'), running);
    expect(asked).toEqual(['one', 'two']);
  });

  it('again where it was away for a while', async () => {
    const runFaults = faults();
    await classify(runFaults, fault('unreachable'));
    for (const name of ['', 'one']) answers.set(name, fault('unreachable'));
    now = 2000;
    await expect(classify(runFaults, fault('unreachable'))).rejects.toMatchObject({
      code: 'unreachable',
    });
  });
});

it('an answer of the wrong shape is told from a server that is away', () => {
  expect(isUnexpectedAnswer(html())).toBe(true);
  expect(isUnexpectedAnswer(fault('unreachable'))).toBe(false);
});
