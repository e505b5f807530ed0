import { describe, expect, it } from 'vitest';
import { Division } from '../../../../src/backup/shards/division.js';
import type { ShardContext } from '../../../../src/backup/shards/shard-context.js';
import { MangamotionError } from '../../../../src/errors.js';
import type { KeyRange } from '../../../../src/ranges/key-range.js';
import { NO_VAULT } from '../../../../src/repository/encryption/vault.js';
import type { RunPlan } from '../../../../src/repository/runs/run-plan.js';
import { type KeysStore, keysStore, listed } from '../../../helpers/keys-store.js';

const KEYS = Array.from({ length: 9000 }, (_, i) => `k${String(i).padStart(4, '0')}`);
const PLAN = { run: 'r', token: 't', recipients: [] as string[] } as RunPlan;

/** Divides a range after its first page, which is as much as one worker may take. */
async function divide({
  writeNote = () => Promise.resolve(),
  store = keysStore(KEYS),
}: {
  writeNote?: (name: string, content: string) => Promise<void>;
  store?: KeysStore;
} = {}) {
  const warnings: string[] = [];
  const context = {
    store,
    destination: { vault: NO_VAULT, writeNote },
    signal: new AbortController().signal,
    progress: { warn: (line: string) => warnings.push(line) },
  } as unknown as ShardContext;
  const range: KeyRange = { bucket: 'b', after: null, through: null };
  const limits = { objects: 1000, bytes: Infinity, ms: Infinity };
  const division = new Division(context, PLAN, range, limits);
  const page = KEYS.slice(0, 1000).map(listed);
  await division.after(page);
  await division.after(page);
  return { range, warnings };
}

describe('dividing a range', () => {
  it('gives its end away once others can know of that', async () => {
    const notes: string[] = [];
    const { range, warnings } = await divide({
      writeNote: (_, content) => Promise.resolve(void notes.push(content)),
    });
    const ranges = notes.map((note) => (JSON.parse(note) as { range: KeyRange }).range);
    expect(ranges.length).toBeGreaterThan(0);
    expect(ranges.at(-1)?.after).toBe(range.through);
    expect(warnings).toEqual([]);
  });

  it.each(['access_denied', 'unreachable', 'disk'] as const)(
    'keeps all of it where the destination takes no note: %s',
    async (code) => {
      const writeNote = () => Promise.reject(new MangamotionError(code, 'no note is taken'));
      const { range, warnings } = await divide({ writeNote });
      expect(range.through).toBeNull();
      expect(warnings).toEqual(['a large range is not divided: no note is taken']);
    },
  );

  it.each(['access_denied', 'unreachable', 'refused'] as const)(
    'keeps all of it where the store does not tell a place: %s',
    async (code) => {
      const listPage = () => Promise.reject(new MangamotionError(code, 'no page'));
      const { range, warnings } = await divide({ store: { ...keysStore([]), listPage } });
      expect(range.through).toBeNull();
      expect(warnings).toEqual([]);
    },
  );
});
