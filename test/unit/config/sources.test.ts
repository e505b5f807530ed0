import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { firstOf, mergeSources } from '../../../src/config/sources.js';

const name = fc.constantFrom('A', 'B', 'C');
const value = fc.option(fc.string({ maxLength: 3 }), { nil: undefined });
const sources = fc.array(
  fc.record({
    kind: fc.constantFrom('environment' as const, 'file' as const),
    origin: fc.string(),
    values: fc.dictionary(name, value),
  }),
  {
    maxLength: 5,
  },
);

describe('merged sources', () => {
  it('have of each variable the first value that is not empty, and say where it is from', () => {
    fc.assert(
      fc.property(sources, name, (all, variable) => {
        const rank = all.findIndex(({ values }) => (values[variable] ?? '') !== '');
        const merged = mergeSources(all).get(variable);
        if (rank === -1) {
          expect(merged).toBeUndefined();
          return;
        }
        const source = all[rank]!;
        expect(merged).toMatchObject({
          value: source.values[variable],
          origin: source.origin,
          rank,
        });
      }),
    );
  });

  it('are not changed by a source below that has the same variables', () => {
    fc.assert(
      fc.property(sources, (all) => {
        const values = { A: 'x', B: 'y', C: 'z' };
        const complete = [{ kind: 'flag' as const, origin: 'top', values }, ...all];
        const merged = [...mergeSources(complete)].map(([key, setting]) => [key, setting.value]);
        expect(Object.fromEntries(merged)).toEqual(values);
      }),
    );
  });

  it('prefer a variable in any source to its fallback', () => {
    const merged = mergeSources([
      { kind: 'environment', origin: 'environment', values: { S3_REGION: 'fallback' } },
      { kind: 'file', origin: 'file', values: { MINIO_REGION: 'own' } },
    ]);
    expect(firstOf(merged, 'MINIO_REGION', 'S3_REGION')?.value).toBe('own');
  });
});
