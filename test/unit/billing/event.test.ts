import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JobStatus } from '../../../src/billing/event.js';
import { bytesEvent, checkId, completionEvent, computeEvent } from '../../../src/billing/event.js';
import { MangamotionError } from '../../../src/errors.js';

const NOW = new Date('2026-11-24T12:00:00.000Z');

/** The message with which the call is refused; fails where it is not, or in another way. */
function refusal(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    if (!(error instanceof MangamotionError)) throw error;
    expect(error.code).toBe('usage');
    return error.message;
  }
  return expect.unreachable('it was taken');
}

/** What callers without types may hand over. */
const asBytes = (value: unknown) => () => bytesEvent('u', value as number, 'j');
const asSeconds = (value: unknown) => () => computeEvent('u', value as number, 'j');
const asStatus = (value: unknown) => () => completionEvent('u', 'j', value as JobStatus, {}, NOW);
const asMetadata = (value: unknown) => () =>
  completionEvent('u', 'j', 'completed', value as Record<string, unknown>, NOW);

const HOSTILE: unknown[] = [
  ...[undefined, null, '', '5', 'abc', true, [], [5], {}, Symbol('s'), () => 5, NaN, Infinity],
  Object.create(null),
  {
    toString: () => {
      throw new Error('no text');
    },
  },
];

describe('bytes', () => {
  it.each([
    [0, '0'],
    [-0, '0'],
    [1, '1'],
    [2 ** 53 - 1, '9007199254740991'],
    [2n ** 63n - 1n, '9223372036854775807'],
  ])('%s are counted as %s', (bytes, amount) => {
    expect(bytesEvent('u', bytes, 'j')).toEqual({
      kind: 'bytes',
      userId: 'u',
      jobId: 'j',
      increments: [{ kind: 'i', field: 'bytes_processed', amount, inJob: true }],
      jobFields: {},
    });
  });

  it('are refused where they are negative, broken, too many or no number', () => {
    for (const bytes of [-1, 0.5, 2 ** 53, -1n, 2n ** 63n, 1e300, ...HOSTILE]) {
      expect(refusal(asBytes(bytes))).toMatch(/^bytes must be a whole number from 0 to 2\^53-1/);
    }
  });
});

describe('seconds', () => {
  it.each([
    [0, '0'],
    [-0, '0'],
    [12.5, '12.5'],
    [0.1 + 0.2, '0.3'],
    [1e-7, '0'],
    [5e-7, '0.000001'],
    [1e12, '1000000000000'],
  ])('%s are counted as %s', (seconds, amount) => {
    expect(computeEvent('u', seconds, 'j')).toMatchObject({
      kind: 'compute',
      increments: [{ kind: 'f', field: 'compute_seconds', amount, inJob: true }],
    });
  });

  it('are refused where they are negative, too many or no number', () => {
    for (const seconds of [-1e-9, -1, 1e12 + 1, 5n, ...HOSTILE]) {
      expect(refusal(asSeconds(seconds))).toMatch(
        /^seconds must be a number from 0 to 1000000000000/,
      );
    }
  });

  it('have no exponent, whatever their size', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1e12, noNaN: true }), (seconds) => {
        const [increment] = computeEvent('u', seconds, 'j').increments;
        expect(increment?.amount).toMatch(/^\d+(\.\d{1,6})?$/);
        // A double has a rounding error of its own beyond some billions of seconds.
        expect(Math.abs(Number(increment?.amount) - seconds)).toBeLessThanOrEqual(1e-4);
      }),
    );
  });
});

describe('the end of a job', () => {
  it.each(['completed', 'failed', 'skipped'] as const)(
    '%s is counted, and told in the job',
    (status) => {
      expect(completionEvent('u', 'j', status, { pages: 3, odd: '\ud800' }, NOW)).toEqual({
        kind: 'job',
        userId: 'u',
        jobId: 'j',
        increments: [
          { kind: 'i', amount: '1', inJob: false, field: 'job_count' },
          { kind: 'i', amount: '1', inJob: false, field: `jobs_${status}` },
        ],
        jobFields: {
          status,
          completed_at: '2026-11-24T12:00:00.000Z',
          metadata: String.raw`{"pages":3,"odd":"\ud800"}`,
        },
      });
    },
  );

  it('is refused with any other status', () => {
    for (const status of ['Completed', 'processing', 'toString', ['completed'], 1n, ...HOSTILE]) {
      expect(refusal(asStatus(status))).toMatch(
        /^status must be one of completed, failed, skipped/,
      );
    }
  });

  it.each([null, undefined, '{}', 5, [], () => ({})])('%o is no metadata', (metadata) => {
    expect(refusal(asMetadata(metadata))).toBe('metadata must be an object');
  });

  it('takes no metadata that JSON cannot hold', () => {
    const circle: Record<string, unknown> = {};
    circle.self = circle;
    const throwing = { toJSON: () => expect.unreachable() };
    for (const metadata of [circle, { n: 1n }, throwing, { toJSON: () => undefined }]) {
      expect(refusal(asMetadata(metadata))).toBe('metadata must be an object that JSON can hold');
    }
  });

  it('takes metadata of 1 MiB as JSON, and not a byte more', () => {
    const quoted = '{"a":""}'.length;
    const metadata = (bytes: number) => ({ a: 'é'.repeat((bytes - quoted) / 2) });
    expect(asMetadata(metadata(1024 * 1024))).not.toThrow();
    expect(refusal(asMetadata(metadata(1024 * 1024 + 2)))).toMatch(/at most 1048576 bytes/);
  });
});

describe('an id', () => {
  const calls: [string, (user: string, job: string) => unknown][] = [
    ['bytes', (user, job) => bytesEvent(user, 1, job)],
    ['seconds', (user, job) => computeEvent(user, 1, job)],
    ['the end of a job', (user, job) => completionEvent(user, job, 'failed', {}, NOW)],
  ];

  it.each(calls)('of %s may be any text', (_name, call) => {
    for (const id of [' ', ':', '*[?]\\', '漫🎌', '\0', 'undefined', 'x'.repeat(64 * 1024)]) {
      expect(() => call(id, id)).not.toThrow();
    }
  });

  it.each(calls)(
    'of %s is refused where it is empty, broken, too long or no text',
    (_name, call) => {
      const wrong = [
        '',
        '\ud800',
        'é'.repeat(32 * 1024 + 1),
        5,
        ...HOSTILE.filter((id) => typeof id !== 'string'),
      ];
      for (const id of wrong as string[]) {
        expect(refusal(() => call(id, 'j'))).toMatch(/^the user id must /);
        expect(refusal(() => call('u', id))).toMatch(/^the job id must /);
      }
    },
  );

  it('is not repeated in the message, which says what is wrong with it', () => {
    expect(refusal(() => checkId('x', ''))).toBe('x must be a string, and not empty');
    expect(refusal(() => checkId('x', 'a\udc00'))).toBe('x must be valid Unicode');
    expect(refusal(() => checkId('x', 'a'.repeat(65_537)))).toBe('x must have at most 65536 bytes');
  });
});

describe('a refusal', () => {
  it('shows the beginning of a long value alone', () => {
    expect(refusal(asSeconds('9'.repeat(5000))).length).toBeLessThan(120);
    expect(refusal(asStatus('done'))).toContain('not "done"');
    expect(refusal(asBytes(-7))).toMatch(/, not -7$/);
  });
});
