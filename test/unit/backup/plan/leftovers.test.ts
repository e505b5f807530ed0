import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Archive } from '../../../../src/archive/archive.js';
import type { IndexLine } from '../../../../src/archive/index-line.js';
import type { Step } from '../../../../src/backup/plan/changes.js';
import { openLeftovers, salvageFrom } from '../../../../src/backup/plan/leftovers.js';
import { MangamotionError } from '../../../../src/errors.js';
import type { Leftover, TruncatedArchive } from '../../../../src/repository/leftover.js';
import { collect } from '../../../helpers/archive-memory.js';

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

describe('left-overs that cannot be used', () => {
  const told = (code: 'usage' | 'disk') => new MangamotionError(code, 'permission denied');
  const torn = (close: () => void, lines: IndexLine[][]): TruncatedArchive => ({
    archive: {
      close: () => {
        close();
        return Promise.resolve();
      },
    } as Archive,
    lines: () => streamOf(lines),
  });
  function leftover(changes: Partial<Leftover>): Leftover & { removed: boolean } {
    const made = {
      ...{ id: 'torn', path: '/b/torn.partial', sizeBytes: 1, removed: false },
      open: () => Promise.resolve(undefined),
      remove: () => Promise.resolve(void (made.removed = true)),
      ...changes,
    };
    return made;
  }

  it('go where there is nothing in them, and are closed', async () => {
    let closed = 0;
    const empty = leftover({ open: () => Promise.resolve(torn(() => closed++, [[]])) });
    const none = leftover({});
    const open = await openLeftovers([empty, none], () => undefined);
    expect([open.sources, empty.removed, none.removed, closed]).toEqual([[], true, true, 1]);
  });

  it('stay beside an archive that is kept, which is known by them, and go after it', async () => {
    const gone: string[] = [];
    const recorded = (path: string, changes: Partial<Leftover> = {}) =>
      leftover({
        path,
        remove: () => {
          gone.push(path);
          return Promise.resolve();
        },
        ...changes,
      });
    const opened = () => Promise.resolve(torn(() => undefined, [[lineOf('a')]]));
    const all = [
      recorded('torn.tar.gz', { open: opened }),
      recorded('other.json.partial', { id: 'other' }),
      recorded('torn.json.partial'),
    ];
    const open = await openLeftovers(all, () => undefined);
    expect(gone).toEqual(['other.json.partial']);
    await open.remove();
    expect(gone).toEqual(['other.json.partial', 'torn.tar.gz', 'torn.json.partial']);
  });

  it('stay, and are told, where they may not be read or removed', async () => {
    const warnings: string[] = [];
    const unreadable = leftover({ open: () => Promise.reject(told('usage')) });
    const failing = leftover({ remove: () => Promise.reject(told('disk')) });
    const stuck = leftover({
      open: () => Promise.resolve(torn(() => undefined, [[lineOf('a')]])),
      remove: () => Promise.reject(told('usage')),
    });
    const all = [unreadable, failing, stuck];
    const open = await openLeftovers(all, (line) => warnings.push(line));
    expect(open.sources).toHaveLength(1);
    expect(unreadable.removed).toBe(false);
    await open.remove();
    const warning =
      '/b/torn.partial was left by an earlier run and stays in place: permission denied';
    expect(warnings).toEqual([warning, warning, warning]);
  });

  it('end the run where it is not they that are at fault', async () => {
    const gone = leftover({
      open: () => Promise.reject(new MangamotionError('unreachable', 'no answer')),
    });
    await expect(openLeftovers([gone], () => undefined)).rejects.toMatchObject({
      code: 'unreachable',
    });
  });
});
