import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { highestFirst } from '../../../src/billing/ranking.js';

/** Figures that are equal, next to each other, and far beyond what a double holds. */
const figure = fc.oneof(
  fc.bigInt({ min: -3n, max: 3n }),
  fc.bigInt({ min: 10n ** 40n, max: 10n ** 40n + 3n }),
  fc.bigInt({ min: -(10n ** 60n), max: 10n ** 60n }),
);
/** As far off as a rank may be. */
const noise = fc.double({ min: -1e-14, max: 1e-14, noNaN: true });
const users = fc.array(fc.tuple(figure, noise, fc.string({ maxLength: 3 })), { maxLength: 60 });

describe('the ranking of users', () => {
  it('is by the exact figure, then by name, whatever the doubles next to it say', () => {
    fc.assert(
      fc.property(users, fc.option(fc.integer({ min: 1, max: 70 })), (all, top) => {
        const ranked = highestFirst(
          all.length,
          {
            near: (row) => Number(all[row]?.[0]) * (1 + (all[row]?.[1] ?? 0)),
            exact: (row) => all[row]?.[0],
            nameOf: (row) => all[row]?.[2] ?? '',
          },
          top ?? undefined,
        );
        const expected = [...all]
          .sort(([a, , nameA], [b, , nameB]) =>
            a !== b ? (a < b ? 1 : -1) : nameA < nameB ? -1 : nameA > nameB ? 1 : 0,
          )
          .slice(0, top ?? undefined);
        const shown = Array.from(ranked, (row) => [all[row]?.[0], all[row]?.[2]]);
        expect(shown).toEqual(expected.map(([value, , name]) => [value, name]));
      }),
    );
  });
});
