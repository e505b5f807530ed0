import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Archive } from '../../../src/archive/archive.js';
import type { IndexLine } from '../../../src/archive/index-line.js';
import type { Step } from '../../../src/backup/changes.js';
import { salvageFrom } from '../../../src/backup/salvage.js';
import { collect } from '../../helpers/archive-memory.js';

const TIME = '2024-01-15T02:00:00.000Z';

function take(
  key: string,
  changes: { etag?: string; sizeBytes?: number; lastModified?: string } = {},
): Step {
  return {
    kind: 'take',
    bucket: 'b',
    object: { key, etag: 'e', sizeBytes: 1, lastModified: TIME, ...changes },
  };
}

function lineOf(key: string): IndexLine {
  return {
    ...{ bucket: 'b', key, etag: 'e', size: 1, last_modified: TIME, sha256: '' },
    ...{ path: key, archive: 'torn', offset: 0, length: 1, inner: 0 },
  };
}

/** Nothing of it is read here. */
const archive = {} as Archive;

async function* streamOf<T>(items: readonly T[]): AsyncGenerator<T> {
  for (const item of items) yield await Promise.resolve(item);
}

async function salvaged(
  pages: readonly (readonly Step[])[],
  ...torn: readonly (readonly string[])[][]
): Promise<string[]> {
  const sources = torn.map((chunks) => ({
    archive,
    lines: streamOf(chunks.map((keys) => keys.map(lineOf))),
  }));
  const steps = (await collect(salvageFrom(streamOf(pages), sources))).flat();
  return steps.map((step) => ('object' in step ? `${step.kind} ${step.object.key}` : step.kind));
}

describe('steps that an earlier run has taken', () => {
  it('are taken from there, in their place', async () => {
    expect(await salvaged([[take('a'), take('b')], [take('c')]], [['a'], ['c']])).toEqual([
      'salvage a',
      'take b',
      'salvage c',
    ]);
  });

  it('are taken from the store where size, ETag or time is another, or there is no ETag', async () => {
    const steps = [
      take('a', { etag: 'f' }),
      take('b', { sizeBytes: 2 }),
      take('c', { lastModified: '2024-01-15T02:00:01.000Z' }),
      take('d', { etag: '' }),
    ];
    expect(await salvaged([steps], [['a', 'b', 'c', 'd']])).toEqual([
      'take a',
      'take b',
      'take c',
      'take d',
    ]);
  });

  it('are found in any of several runs', async () => {
    expect(await salvaged([[take('a'), take('b'), take('c')]], [['a']], [['b', 'c']])).toEqual([
      'salvage a',
      'salvage b',
      'salvage c',
    ]);
  });

  it('leave alone what is no reading of bytes', async () => {
    const carry: Step = { kind: 'carry', line: lineOf('a') };
    expect(await salvaged([[carry]], [['a']])).toEqual(['carry']);
  });

  it('are exactly those of both lists, however they are cut', async () => {
    const keys = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 3 }), { maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(keys, keys, fc.integer({ min: 1, max: 5 }), async (listed, torn, size) => {
        const sorted = (of: readonly string[]) =>
          [...of].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
        const steps = sorted(listed).map((key) => take(key));
        const found = await salvaged(inGroups(steps, size), inGroups(sorted(torn), size));
        const expected = sorted(listed).map(
          (key) => `${torn.includes(key) ? 'salvage' : 'take'} ${key}`,
        );
        expect(found).toEqual(expected);
      }),
    );
  });
});

function inGroups<T>(items: readonly T[], size: number): T[][] {
  const groups: T[][] = [];
  for (let i = 0; i < items.length; i += size) groups.push(items.slice(i, i + size));
  return groups;
}
