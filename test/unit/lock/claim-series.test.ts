import { describe, expect, it } from 'vitest';
import {
  claimName,
  endName,
  endedObjects,
  isSeries,
  isStanding,
  nameOf,
  partName,
  seriesOf,
} from '../../../src/lock/claim-series.js';

const ID = '5026140b-4172-47bf-a04a-b1e9d4b019ab';
const claim = claimName('one', ID);

describe('the names of claims', () => {
  it('are grouped by claim, with the newest part last, however many there are', () => {
    const numbers = [1, 2, 10, 999_999, 1_000_000];
    const names = numbers.map((number) => partName(claim, number));
    const [series] = seriesOf(names.toReversed());
    expect(series).toEqual({ claim, parts: names, ends: [] });
    expect(series && isStanding(series)).toBe(true);
    expect(series && isSeries(series)).toBe(true);
    expect(nameOf(claim)).toBe('one');
  });

  it.each(['one', ID, 'a.b', 'a.12', 'a.end-', 'a~b'])('%s is a claim of its own', (name) => {
    const [series] = seriesOf([name]);
    expect(series).toEqual({ claim: name, parts: [name], ends: [] });
    expect(series && isSeries(series)).toBe(false);
    expect(nameOf(name)).toBe(name);
  });

  it('tell which were ended, with the end of a claim that is rewritten and of one without parts', () => {
    const ends = [endName(claim, ID), endName('two', ID), endName('gone', ID)];
    const names = [partName(claim, 1), 'two', 'three', ...ends];
    const standing = seriesOf(names).filter(isStanding);
    expect(standing.map(({ claim: name }) => name)).toEqual(['three']);
    expect(endedObjects(names)).toEqual({ parts: [partName(claim, 1), 'two'], ends });
  });
});
