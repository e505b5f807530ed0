import { expect, it } from 'vitest';
import { type Evidence, judge } from '../../../src/drill/verdict.js';

const GOOD: Evidence = {
  doubts: [],
  differences: [],
  differencesOmitted: 0,
  share: 1,
  objects: 10,
  rtoSeconds: 10,
  rtoLimitSeconds: 3600,
  rpoSeconds: 60,
  rpoLimitSeconds: 3600,
};
const DIFFERENCE = { bucket: 'b', field: 'tags', count: 2, keys: ['k'], reason: 'lost' };

it('is met where all was restored, is the same, and came in time', () => {
  expect(judge(GOOD)).toEqual({ verdict: 'met' });
  expect(judge({ ...GOOD, rtoSeconds: 3600, rpoSeconds: 3600 })).toEqual({ verdict: 'met' });
});

it.each<[string, Partial<Evidence>, string, RegExp]>([
  ['a failure', { failure: 'no rights' }, 'missed', /^no rights$/],
  ['a doubt', { doubts: ['x is partial'] }, 'missed', /x is partial/],
  ['a difference', { differences: [DIFFERENCE] }, 'missed', /2 differences.*tags of b\/k: lost/],
  ['differences that are only counted', { differencesOmitted: 3 }, 'missed', /3 differences/],
  ['a failed test', { checkFailure: 'the test failed' }, 'missed', /the test failed/],
  ['a late recovery', { rtoSeconds: 7200 }, 'missed', /took 2 h, and may take 1 h/],
  ['an old backup', { rpoSeconds: 86_400 }, 'missed', /is 1 d old, and may be 1 h old/],
  ['a sample', { share: 0.05 }, 'not_proven', /sample/],
  ['a sample that would be late', { share: 0.05, rtoSeconds: 9999 }, 'not_proven', /sample/],
  ['a sample with a difference', { share: 0.5, differences: [DIFFERENCE] }, 'missed', /tags/],
  ['no object', { objects: 0 }, 'not_proven', /no object/],
  ['no time', { rtoSeconds: null }, 'not_proven', /time to recover/],
  ['no age', { rpoSeconds: null }, 'not_proven', /age/],
  ['an unknown loss', { lossUnknown: 'the listing ends early' }, 'not_proven', /ends early/],
  ['no number', { rtoSeconds: NaN }, 'missed', /took/],
  ['nothing tried', { untried: 'no redis', failure: 'x' }, 'not_proven', /^no redis$/],
])('is not met with %s', (_, more, verdict, reason) => {
  const judged = judge({ ...GOOD, ...more });
  expect(judged.verdict).toBe(verdict);
  expect(judged.reason).toMatch(reason);
});

it('is never met on a sample, with a difference, a doubt or a failure, whatever else there is', () => {
  let met = 0;
  for (const share of [1, 0.999999, 0.5, 0]) {
    for (const differences of [[], [DIFFERENCE]]) {
      for (const differencesOmitted of [0, 1]) {
        for (const failure of [undefined, 'f']) {
          for (const checkFailure of [undefined, 'c']) {
            for (const doubts of [[], ['d']]) {
              for (const rtoSeconds of [0, 3600, 3601, null, NaN]) {
                for (const rpoSeconds of [0, 3600, 3601, null, NaN]) {
                  for (const objects of [0, 1]) {
                    const given = {
                      ...{ share, differences, differencesOmitted, failure, checkFailure },
                      ...{ doubts, rtoSeconds, rpoSeconds, objects },
                    };
                    const { verdict } = judge({ ...GOOD, ...given });
                    if (verdict !== 'met') continue;
                    met += 1;
                    expect(given).toMatchObject({
                      ...{ share: 1, differences: [], differencesOmitted: 0, objects: 1 },
                      ...{ failure: undefined, checkFailure: undefined, doubts: [] },
                    });
                    expect(rtoSeconds).toBeLessThanOrEqual(3600);
                    expect(rpoSeconds).toBeLessThanOrEqual(3600);
                  }
                }
              }
            }
          }
        }
      }
    }
  }
  expect(met).toBe(4);
});
