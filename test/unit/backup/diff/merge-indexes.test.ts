import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ChunkLines } from '../../../../src/archive/chunk-lines.js';
import { type IndexLine, encodeIndexLine } from '../../../../src/archive/index-line.js';
import { mergeIndexes } from '../../../../src/backup/diff/merge-indexes.js';
import { holdsAny, unsharedChunks } from '../../../../src/backup/diff/unshared-chunks.js';
import { type ObjectName, compareObjects } from '../../../../src/key-order.js';
import { referenceOf, sampleLine } from '../../../helpers/index-lines.js';

/** An index as chunks of lines. */
type Chunks = IndexLine[][];

function streamOf(chunks: Chunks, others: Chunks, watched: readonly ObjectName[]) {
  const references = chunks.map(referenceOf);
  const wanted = unsharedChunks(references, others.map(referenceOf), watched);
  const read = async function* (): AsyncGenerator<ChunkLines> {
    for (const reference of wanted) {
      const lines = chunks[references.indexOf(reference)] ?? [];
      const bytes = Buffer.from(lines.map(encodeIndexLine).join(''));
      const comparesBytes = !holdsAny(reference, watched);
      yield await Promise.resolve(new ChunkLines(bytes, reference, { comparesBytes }));
    }
  };
  return { stream: read(), count: wanted.length };
}

/** The names of the pairs, and on which sides they are. */
async function differing(before: Chunks, after: Chunks, watched: readonly ObjectName[] = []) {
  const pages = mergeIndexes(
    streamOf(before, after, watched).stream,
    streamOf(after, before, watched).stream,
  );
  const found: string[] = [];
  for await (const page of pages) {
    for (const { before: was, after: is } of page) {
      const line = was ?? is;
      found.push(
        `${was === undefined ? '' : '<'}${line?.bucket}/${line?.key}${is === undefined ? '' : '>'}`,
      );
    }
  }
  return found;
}

const name = fc.record({
  bucket: fc.constantFrom('a', 'b'),
  key: fc.stringMatching(/^[a-c"\\~]{1,3}$/),
});
const records = fc.dictionary(
  name.map(({ bucket, key }) => JSON.stringify([bucket, key])),
  fc.constantFrom('1', '2', '3'),
  { maxKeys: 30 },
);

function linesOf(of: Record<string, string>, archive: string): IndexLine[] {
  return Object.entries(of)
    .map(([text, content]) => {
      const [bucket, key] = JSON.parse(text) as [string, string];
      // A third content has nothing but another place.
      const sha256 = (content === '3' ? '1' : content).repeat(64);
      return sampleLine(key, { bucket, sha256, archive, path: `${archive}/${content}` });
    })
    .sort(compareObjects);
}

function cut(lines: IndexLine[], every: number): Chunks {
  const chunks: Chunks = [];
  for (let at = 0; at < lines.length; at += every) chunks.push(lines.slice(at, at + every));
  return chunks;
}

it('merging two indexes finds what comparing all of their objects finds', async () => {
  await fc.assert(
    fc.asyncProperty(
      records,
      records,
      fc.integer({ min: 1, max: 9 }),
      fc.integer({ min: 1, max: 9 }),
      fc.boolean(),
      async (one, other, every, everyOther, isShared) => {
        const before = cut(linesOf(one, 'x'), every);
        const after = cut(
          linesOf({ ...(isShared ? one : {}), ...other }, isShared ? 'x' : 'y'),
          everyOther,
        );
        const was = new Map(
          before.flat().map((line) => [JSON.stringify([line.bucket, line.key]), line]),
        );
        const is = new Map(
          after.flat().map((line) => [JSON.stringify([line.bucket, line.key]), line]),
        );
        const names = [...new Map([...was, ...is]).values()].sort(compareObjects);
        const expected = names.flatMap(({ bucket, key }) => {
          const id = JSON.stringify([bucket, key]);
          const [a, b] = [was.get(id), is.get(id)];
          if (a?.sha256 === b?.sha256) return [];
          return [`${a === undefined ? '' : '<'}${bucket}/${key}${b === undefined ? '' : '>'}`];
        });
        expect(await differing(before, after)).toEqual(expected);
      },
    ),
    { numRuns: 300 },
  );
});

it('a chunk that both have is not read, unless it has an object that is watched', async () => {
  const lines = Array.from({ length: 40 }, (_, i) => sampleLine(`k${String(i).padStart(2, '0')}`));
  const before = cut(lines, 10);
  const changed = lines.with(25, sampleLine('k25', { sha256: 'b'.repeat(64) }));
  const after = cut(changed, 10);
  expect(streamOf(before, after, []).count).toBe(1);
  expect(await differing(before, after)).toEqual(['<b/k25>']);
  const watched = [{ bucket: 'b', key: 'k03' }];
  expect(streamOf(before, after, watched).count).toBe(2);
  // Every line of its chunk is at hand, so that the one is not overlooked.
  expect(await differing(before, after, watched)).toHaveLength(11);
});

it('two indexes of many differences are merged in pages', async () => {
  const lines = Array.from({ length: 1800 }, (_, i) =>
    sampleLine(`k${String(i).padStart(4, '0')}`),
  );
  expect(await differing(cut(lines, 700), [])).toHaveLength(1800);
  expect(await differing([], cut(lines, 700))).toHaveLength(1800);
  expect(await differing([], [])).toEqual([]);
});
