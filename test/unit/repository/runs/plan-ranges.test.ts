import { describe, expect, it } from 'vitest';
import { checkRanges } from '../../../../src/repository/runs/run-plan.js';

const range = (bucket: string, after: string | null, through: string | null) => ({
  ...{ bucket, after, through },
});

describe('the ranges of a plan', () => {
  it('cover each bucket, wherever its ranges stand', () => {
    const ranges = [range('a', null, 'm'), range('b', null, null), range('a', 'm', null)];
    expect(() => checkRanges(ranges)).not.toThrow();
    expect(() => checkRanges([])).not.toThrow();
  });

  it.each([
    ['begin late', [range('a', 'b', null)]],
    ['end early', [range('a', null, 'x')]],
    ['have a gap', [range('a', null, 'd'), range('a', 'e', null)]],
    ['overlap', [range('a', null, 'd'), range('a', 'c', null)]],
    ['are there twice', [range('a', null, null), range('a', null, null)]],
    ['go backwards', [range('a', null, 'd'), range('a', 'd', 'c'), range('a', 'c', null)]],
  ])('are refused where they %s', (_, ranges) => {
    expect(() => checkRanges(ranges)).toThrow(SyntaxError);
  });
});
