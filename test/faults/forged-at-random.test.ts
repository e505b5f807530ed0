import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { listContents } from '../../src/backup/contents.js';
import { verifyBackup } from '../../src/backup/verify/verify.js';
import { isMangamotionError } from '../../src/errors.js';
import { locateBackup } from '../../src/repository/locate.js';
import { collect } from '../helpers/archive-memory.js';
import { NO_PROGRESS, temporaryFolder, withQuickRetries, restorePlan } from '../helpers/backups.js';
import { type Changes, FORMS, forgeBackup } from '../helpers/forged-backups.js';
import { expectSharesToAgree } from '../helpers/verify-shares.js';
import { testStore } from '../helpers/test-store.js';

/**
 * Backups whose JSON was changed at random, with digests that are right. Whatever it is: it ends in
 * a finding or in an error of ours, never in a bug; and what verify calls ok can be read.
 *
 * FORGED_RUNS=5000 tries more than the few hundred of every day; FORGED_SEED repeats a run.
 */

const RUNS = Number(process.env.FORGED_RUNS ?? 150);
const SEED = process.env.FORGED_SEED;

const store = withQuickRetries(testStore());
afterAll(() => store.close());

const PARTS = ['directory', 'lines', 'summary', 'document'] as const;

/** Stands in JSON for what JSON.stringify does not write. */
const DEEP = '@deep@';
const TWICE = '@twice@';

const oddValue = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    true,
    false,
    [],
    {},
    '',
    '.',
    '..',
    '/',
    '../..',
    '\u0000',
    '\ud800',
  ),
  fc.constantFrom<unknown>(
    '__proto__',
    'constructor',
    'a/b',
    'fgb?x',
    '\u001b[2J',
    'é'.repeat(300),
  ),
  fc.constantFrom<unknown>(-1, 0, 0.5, 1e308, 2 ** 31, 2 ** 40, 2 ** 53 - 1, 2 ** 53, -(2 ** 60)),
  fc.constantFrom<unknown>('x'.repeat(20_000), '0'.repeat(64), DEEP, [[]], [null], [{}], {
    a: DEEP,
  }),
  fc.constantFrom<unknown>('minio_backup_full_20240115_020000', '2024-13-45T99:99:99Z', '1e9'),
  fc.constant(DEEP),
  fc.nat({ max: 5 }),
  fc.jsonValue(),
);
const change = fc.record({
  /** Which of the values of the JSON, by its number. */
  where: fc.nat(),
  how: fc.constantFrom('set', 'set', 'set', 'remove', 'repeat', 'reverse', 'add', 'twice', 'copy'),
  value: oddValue,
});
const forgery = fc.record({
  form: fc.constantFrom(...FORMS),
  part: fc.constantFrom(...PARTS),
  changes: fc.array(change, { minLength: 1, maxLength: 3 }),
});
type Change = typeof change extends fc.Arbitrary<infer T> ? T : never;

interface Holder {
  holder: Record<string | number, unknown>;
  name: string | number;
}

function valuesIn(json: unknown): Holder[] {
  if (typeof json !== 'object' || json === null) return [];
  const holder = json as Record<string, unknown>;
  return Object.keys(json).flatMap((name) => [{ holder, name }, ...valuesIn(holder[name])]);
}

function applyTo(root: { json: unknown }, { where, how, value }: Change): void {
  const values = valuesIn(root);
  const at = values[where % values.length];
  if (at === undefined) return;
  const { holder, name } = at;
  const held = holder[name];
  const define = (field: string | number, content: unknown) =>
    Object.defineProperty(holder, field, {
      value: structuredClone(content),
      enumerable: true,
      configurable: true,
      writable: true,
    });
  if (how === 'set') define(name, value);
  else if (how === 'remove') {
    if (Array.isArray(holder)) holder.splice(Number(name), 1);
    else if (holder !== (root as object)) Reflect.deleteProperty(holder, name);
  } else if (how === 'repeat') {
    if (Array.isArray(held) && held.length > 0)
      held.push(structuredClone(held[where % held.length]));
  } else if (how === 'reverse') {
    if (Array.isArray(held)) held.reverse();
  } else if (how === 'add') {
    if (holder !== (root as object) && !Array.isArray(holder)) define('__proto__', value);
  } else if (how === 'twice') {
    if (!Array.isArray(holder) && holder !== (root as object)) define(`${TWICE}${name}`, value);
  } else {
    const other = values[(where * 7 + 3) % values.length]!;
    define(name, other.holder[other.name]);
  }
}

/** JSON as nobody writes it: nested a hundred thousand times, or with a field twice. */
function textOf(json: unknown, indent?: number): string {
  return JSON.stringify(json, null, indent)
    .replaceAll(`"${DEEP}"`, () => '['.repeat(100_000) + ']'.repeat(100_000))
    .replaceAll(`"${TWICE}`, '"');
}

function changed(json: unknown, changes: readonly Change[], indent?: number): string {
  const root = { json: structuredClone(json) };
  for (const one of changes) applyTo(root, one);
  return textOf(root.json, indent);
}

function changesOf({
  part,
  changes,
}: {
  part: (typeof PARTS)[number];
  changes: Change[];
}): Changes {
  if (part === 'directory') return { directory: (json) => changed(json, changes) };
  if (part === 'summary') return { summary: (json) => changed(json, changes, 2) };
  if (part === 'document') {
    return { document: (_, content) => changed(JSON.parse(content), changes) };
  }
  return {
    lines: (lines) => {
      const root = { json: structuredClone(lines) as unknown };
      for (const one of changes) applyTo(root, one);
      // Counts and names of the chunk follow from the lines, so that only they are wrong.
      const json = root.json;
      const isPlain = Array.isArray(json) && !JSON.stringify(json).includes('@');
      return isPlain
        ? json
        : Array.isArray(json)
          ? json.map((line) => textOf(line)).join('\n')
          : textOf(json);
    },
  };
}

/** `undefined` where it ends in an error of ours. */
async function attempt<T>(what: () => Promise<T>): Promise<T | undefined> {
  try {
    return await what();
  } catch (error) {
    if (isMangamotionError(error) && error.code !== 'internal') return undefined;
    throw error;
  }
}

const signal = new AbortController().signal;
const context = { signal, progress: NO_PROGRESS };

async function tryAll(path: string): Promise<void> {
  const located = await attempt(() => locateBackup(path));
  if (located === undefined) return;
  const verified = await attempt(() => verifyBackup(context, located, { quick: false }));
  const quick = await attempt(() => verifyBackup(context, located, { quick: true }));
  const listed = await attempt(() =>
    collect(listContents(located, { buckets: [], keys: [], prefixes: [] })),
  );
  await attempt(() => restorePlan(store, located));
  if (verified !== undefined) await expectSharesToAgree(verified, located, [3]);
  if (verified?.status !== 'ok') return;
  expect(quick?.status).toBe('ok');
  expect(listed).toHaveLength(verified.objects);
  const summary = located.backup.summary;
  if (summary.kind !== 'valid') throw new Error('a summary that is not valid is ok');
  for (const { name, objects } of summary.summary.buckets) {
    expect(listed?.filter(({ bucket }) => bucket === name)).toHaveLength(objects);
  }
}

describe('a backup that was forged at random', () => {
  it('is read, refused or found damaged, and is never a bug', { timeout: 3_600_000 }, async () => {
    const property = fc.asyncProperty(forgery, async ({ form, ...rest }) => {
      const { folder, remove } = temporaryFolder();
      try {
        await tryAll(`${folder}/${await forgeBackup(folder, form, changesOf(rest))}`);
      } finally {
        remove();
      }
    });
    await fc.assert(property, {
      numRuns: RUNS,
      ...(SEED === undefined ? {} : { seed: Number(SEED) }),
    });
  });
});
