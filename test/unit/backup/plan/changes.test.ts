import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { IndexLine } from '../../../../src/archive/index-line.js';
import {
  type ChangeOptions,
  type ParentChunk,
  type Step,
  findChanges,
} from '../../../../src/backup/plan/changes.js';
import type { ListedInBucket } from '../../../../src/backup/plan/listing.js';
import { type ObjectName, compareObjects } from '../../../../src/key-order.js';
import { collect } from '../../../helpers/archive-memory.js';

interface Sample extends ObjectName {
  etag: string;
  size: number;
  time: string;
}

const sample = (name: string, changes: Partial<Sample> = {}): Sample => {
  const [bucket = '', key = ''] = name.split('/');
  return {
    bucket,
    key,
    etag: 'e'.repeat(32),
    size: 1,
    time: '2024-01-15T02:00:00.000Z',
    ...changes,
  };
};

function lineOf({ bucket, key, etag, size, time }: Sample): IndexLine {
  return {
    ...{ bucket, key, etag, size, last_modified: time, sha256: '' },
    ...{ path: key, archive: 'parent', offset: 0, length: 1, inner: 0 },
  };
}

function listedOf({ bucket, key, etag, size, time }: Sample): ListedInBucket {
  return { bucket, object: { key, etag, sizeBytes: size, lastModified: time } };
}

function chunkOf(samples: readonly Sample[]): ParentChunk {
  const names = samples.map(({ bucket, key }) => ({ bucket, key }));
  const nowhere = { bucket: '', key: '' };
  return {
    chunk: {
      ...{ archive: 'parent', offset: 0, length: 1, size: 1, sha256: '' },
      ...{ first: names[0] ?? nowhere, last: names.at(-1) ?? nowhere },
      ...{ objects: samples.length, bytes: 0 },
    },
    lines: samples.map(lineOf),
  };
}

async function* streamOf<T>(items: readonly T[]): AsyncGenerator<T> {
  for (const item of items) yield await Promise.resolve(item);
}

async function stepsOf(
  listed: readonly (readonly Sample[])[],
  chunks: readonly (readonly Sample[])[],
  options: Partial<ChangeOptions> = {},
): Promise<Step[]> {
  const pages = listed.map((page) => page.map(listedOf));
  const steps = findChanges(streamOf(pages), streamOf(chunks.map(chunkOf)), {
    ...{ type: 'incremental', refresh: false, hasFailed: () => false, lacked: () => undefined },
    ...options,
  });
  return (await collect(steps)).flat();
}

const short = (step: Step): string => {
  switch (step.kind) {
    case 'carry':
    case 'missing':
    case 'keep':
      return `${step.kind} ${step.line.key}`;
    case 'refer':
      return `refer ${step.lines.map(({ key }) => key).join('')}`;
    case 'take':
    case 'verify':
    case 'salvage':
      return `${step.kind} ${step.object.key}`;
  }
};

async function changesOf(...args: Parameters<typeof stepsOf>): Promise<string[]> {
  return (await stepsOf(...args)).map(short);
}

describe('the changes since a parent', () => {
  const [a, b, c, d] = ['x/a', 'x/b', 'x/c', 'x/d'].map((name) => sample(name)) as [
    Sample,
    Sample,
    Sample,
    Sample,
  ];

  it('are none where the listing is what it was: whole chunks are referred to', async () => {
    expect(await changesOf([[a, b], [c]], [[a, b], [c]])).toEqual(['refer ab', 'refer c']);
    expect(await changesOf([[a], [b], [c]], [[a, b, c]])).toEqual(['refer abc']);
  });

  it('break only the chunk that they fall into', async () => {
    const other = { ...b, etag: 'f' };
    expect(
      await changesOf(
        [[a, other, c, d]],
        [
          [a, b],
          [c, d],
        ],
      ),
    ).toEqual(['carry a', 'take b', 'refer cd']);
  });

  it('show by the ETag alone, in the same second and size', async () => {
    expect(await changesOf([[{ ...a, etag: 'f' }]], [[a]])).toEqual(['take a']);
  });

  it('show by the size alone', async () => {
    expect(await changesOf([[{ ...a, size: 2 }]], [[a]])).toEqual(['take a']);
  });

  it('are verified where the time alone is another, be it earlier', async () => {
    const earlier = { ...a, time: '2023-01-15T02:00:00.000Z' };
    expect(await changesOf([[earlier, b]], [[a, b]])).toEqual(['verify a', 'carry b']);
  });

  it('are taken where time is another and the ETag need not change with the content', async () => {
    const before = { ...a, etag: '00000000-1' };
    const now = { ...before, time: '2025-01-15T02:00:00.000Z' };
    expect(await changesOf([[now]], [[before]])).toEqual(['take a']);
  });

  it('are none where the same time is written in another way', async () => {
    expect(await changesOf([[{ ...a, time: '2024-01-15T02:00:00Z' }]], [[a]])).toEqual(['refer a']);
  });

  it('are taken where the server gives no ETag', async () => {
    const bare = { ...a, etag: '' };
    expect(await changesOf([[bare]], [[bare]])).toEqual(['take a']);
  });

  it('are objects before, between and behind those of the parent', async () => {
    expect(await changesOf([[a, b, c, d]], [[b], [c]])).toEqual([
      'take a',
      'carry b',
      'refer c',
      'take d',
    ]);
    expect(await changesOf([[a, b, c, d]], [[a], [d]])).toEqual([
      'refer a',
      'take b',
      'take c',
      'carry d',
    ]);
  });

  it('are objects that are missing, also of buckets that are', async () => {
    const y = sample('y/a');
    expect(await changesOf([[a, c]], [[a, b, c], [y]])).toEqual([
      'carry a',
      'missing b',
      'carry c',
      'missing a',
    ]);
  });

  it('leave open what became of objects of a bucket whose listing broke off', async () => {
    const y = sample('y/a');
    const hasFailed = (bucket: string) => bucket === 'x';
    expect(await changesOf([[a]], [[a, b], [y]], { hasFailed })).toEqual([
      'carry a',
      'keep b',
      'missing a',
    ]);
  });

  it('are all verified where a refresh is requested', async () => {
    expect(await changesOf([[a, b]], [[a, b]], { refresh: true })).toEqual([
      'verify a',
      'verify b',
    ]);
  });

  it('are read again where the parent did not get them, or not all that belongs to them', async () => {
    const lacked = ({ key }: { key: string }) =>
      key === 'a' ? 'bytes' : key === 'b' ? 'parts' : undefined;
    expect(await changesOf([[a, b, c]], [[a, b, c]], { lacked })).toEqual([
      'take a',
      'verify b',
      'carry c',
    ]);
  });

  it('of a full are everything that is listed, each with what is known of it', async () => {
    const steps = await stepsOf([[a, c, d]], [[a, b], [c]], { type: 'full' });
    expect(steps.map(short)).toEqual(['take a', 'missing b', 'take c', 'take d']);
    expect(steps.map((step) => 'before' in step)).toEqual([true, false, true, false]);
  });

  it('are everything without objects in the parent, and nothing without a listing', async () => {
    expect(await changesOf([[a], [], [b]], [])).toEqual(['take a', 'take b']);
    expect(await changesOf([], [[a]])).toEqual(['missing a']);
    expect(await changesOf([], [])).toEqual([]);
  });

  it('make of any parent exactly what is listed, in order, however it comes', async () => {
    const names = fc.uniqueArray(
      fc.record({
        bucket: fc.constantFrom('a', 'b'),
        key: fc.string({ unit: 'grapheme', maxLength: 3 }),
      }),
      { selector: ({ bucket, key }) => `${bucket}/${key}`, maxLength: 30 },
    );
    const states = fc.constantFrom('same', 'new', 'gone', 'changed', 'touched');
    await fc.assert(
      fc.asyncProperty(
        names,
        fc.array(states, { minLength: 30, maxLength: 30 }),
        fc.integer({ min: 1, max: 7 }),
        fc.integer({ min: 1, max: 7 }),
        async (unsorted, fates, pageSize, chunkSize) => {
          const ordered = [...unsorted].sort(compareObjects).map((name, i) => {
            return { ...sample('', name), fate: fates[i] ?? 'same' };
          });
          const parent = ordered.filter(({ fate }) => fate !== 'new');
          const listed = ordered
            .filter(({ fate }) => fate !== 'gone')
            .map((object) => {
              if (object.fate === 'changed') return { ...object, etag: 'other' };
              if (object.fate === 'touched') return { ...object, time: '2025-01-01T00:00:00Z' };
              return object;
            });
          const steps = await stepsOf(inGroups(listed, pageSize), inGroups(parent, chunkSize));
          expect(steps.flatMap(outcomeOf)).toEqual(
            ordered.map(({ bucket, key, fate }) => {
              const what = { same: 'kept', touched: 'verify', gone: 'missing' } as Record<
                string,
                string
              >;
              return `${bucket}/${key} ${what[fate] ?? 'take'}`;
            }),
          );
        },
      ),
    );
  });
});

function outcomeOf(step: Step): string[] {
  switch (step.kind) {
    case 'carry':
      return [`${step.line.bucket}/${step.line.key} kept`];
    case 'missing':
    case 'keep':
      return [`${step.line.bucket}/${step.line.key} ${step.kind}`];
    case 'refer':
      return step.lines.map(({ bucket, key }) => `${bucket}/${key} kept`);
    case 'take':
    case 'verify':
    case 'salvage':
      return [`${step.bucket}/${step.object.key} ${step.kind}`];
  }
}

function inGroups<T>(items: readonly T[], size: number): T[][] {
  const groups: T[][] = [];
  for (let i = 0; i < items.length; i += size) groups.push(items.slice(i, i + size));
  return groups;
}
