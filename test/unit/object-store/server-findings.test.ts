import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { IndexLine } from '../../../src/archive/index-line.js';
import { readFindings, whyListingsAreDoubted } from '../../../src/object-store/server-findings.js';
import { PlannedParts, expectedLosses } from '../../../src/restore/plan/expected-losses.js';
import { PlannedClasses } from '../../../src/restore/plan/key-classes.js';
import { temporaryFolder } from '../../helpers/backups.js';

const { folder, remove } = temporaryFolder();
afterAll(remove);
const ENDPOINT = 'http://store:9000';
const NOW = new Date('2026-11-29T12:00:00Z');
const PROBED = { probed_at: '2026-11-20T00:00:00.000Z' };

/** A state folder with what is known of the server. */
function known(findings: object | string, endpoint = ENDPOINT): string {
  const state = join(folder, String(Math.random()));
  mkdirSync(state);
  const text =
    typeof findings === 'string'
      ? findings
      : JSON.stringify({ version: 1, servers: { [endpoint]: findings } });
  writeFileSync(join(state, 'servers.json'), text);
  return state;
}

describe('findings about a server', () => {
  it('are the latest of all state folders', async () => {
    const folders = [
      known({ ...PROBED, tags: 'kept' }),
      known({ probed_at: '2026-11-21T00:00:00.000Z', tags: 'changed', lock: 'gives_in' }),
      join(folder, 'nowhere'),
    ];
    const found = await readFindings(folders, ENDPOINT, NOW);
    expect(found).toMatchObject({ tags: 'changed', lock: 'gives_in' });
  });

  it.each([
    ['of another server', known({ ...PROBED, listing: 'ends_early' }, 'http://other:9000')],
    ['that are too old', known({ probed_at: '2026-08-01T00:00:00.000Z', listing: 'ends_early' })],
    ['from the future', known({ probed_at: '2026-12-01T00:00:00.000Z', listing: 'ends_early' })],
    ['without a time', known({ probed_at: 'yesterday', listing: 'ends_early' })],
    ['that are rubbish', known('{"version":1,')],
    ['of a newer version', known('{"version":2,"servers":{}}')],
  ])('%s are none', async (_, state) => {
    expect(await readFindings([state], ENDPOINT, NOW)).toBeUndefined();
  });

  it('have no answer where it is not a known word', async () => {
    const state = known({ ...PROBED, listing: 'sometimes', keys: { '//': 'eaten' }, tags: 1 });
    const found = await readFindings([state], ENDPOINT, NOW);
    expect(found).toEqual(PROBED);
    expect(whyListingsAreDoubted(found)).toBeUndefined();
  });

  it('doubt the listings of a server that ends them early, or ignores start-after', () => {
    expect(whyListingsAreDoubted(undefined)).toBeUndefined();
    const good = { ...PROBED, listing: 'complete', start_after: 'with_the_key' } as const;
    expect(whyListingsAreDoubted(good)).toBeUndefined();
    expect(whyListingsAreDoubted({ ...PROBED, listing: 'ends_early' })).toMatch(
      /2026-11-20.*early/,
    );
    expect(whyListingsAreDoubted({ ...good, start_after: 'ignored' })).toMatch(/start-after/);
  });
});

describe('what a restore is expected to lose', () => {
  const plan = { parts: new PlannedParts(), classes: new PlannedClasses() };
  for (const [bucket, key] of [
    ['one', 'a//b'],
    ['one', 'c'],
    ['two', 'd'],
  ] as const) {
    const tags = [{ key: 'job', value: '1' }];
    plan.parts.add(bucket, { tags, checksums: {}, legal_hold: true } as unknown as IndexLine);
    plan.classes.add(bucket, key, 1);
  }

  it('is told once for each bucket and part, and for each class of keys', () => {
    const findings = {
      ...PROBED,
      ...({ tags: 'unsupported', checksums: 'changed', lock: 'gives_in' } as const),
      keys: { '//': 'refused', backslash: 'renamed' },
    } as const;
    const by = 'doctor --probe tried this server on 2026-11-20, and it may not keep';
    expect(expectedLosses(findings, plan)).toEqual([
      `${by} 1 key (//): it refuses such keys`,
      `${by} the tags of 2 objects of one: it does not keep them`,
      `${by} the tags of 1 object of two: it does not keep them`,
      `${by} the lock of 2 objects of one: it lets locked objects be deleted by their version ids`,
      `${by} the lock of 1 object of two: it lets locked objects be deleted by their version ids`,
    ]);
  });

  it('is nothing without findings, or with good ones', () => {
    expect(expectedLosses(undefined, plan)).toEqual([]);
    const good = { ...PROBED, tags: 'kept', lock: 'resists', keys: { '//': 'kept' } } as const;
    expect(expectedLosses(good, plan)).toEqual([]);
  });
});
