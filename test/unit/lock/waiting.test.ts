import { describe, expect, it } from 'vitest';
import type { JudgedClaim } from '../../../src/lock/judgement.js';
import { obstacleAmong, patienceLeftMs, pauseMs } from '../../../src/lock/waiting.js';

function claimOf(state: 'trying' | 'held' | undefined, host = 'h'): JudgedClaim {
  const owner = { host, pid: 7, command: 'backup full', process: null };
  const claim = state && { state, since: '2026-01-01T00:00:00.000Z', owner };
  return { name: host, content: '', modifiedAtMs: 0, claim, ownerIsDead: false };
}

describe('of several claims in the way, the user is told about', () => {
  it('none, where there is none', () => {
    expect(obstacleAmong([])).toBeUndefined();
  });
  it('the holder, wherever it is listed', () => {
    const among = [claimOf(undefined), claimOf('trying', 'a'), claimOf('held', 'b')];
    expect(obstacleAmong(among)).toMatchObject({ isHolder: true, claim: { owner: { host: 'b' } } });
  });
  it('one that can be named, before one that cannot', () => {
    const among = [claimOf(undefined), claimOf('trying', 'a')];
    expect(obstacleAmong(among)).toMatchObject({
      isHolder: false,
      claim: { owner: { host: 'a' } },
    });
  });
  it('an unknown run, where no claim can be read', () => {
    expect(obstacleAmong([claimOf(undefined)])).toEqual({ claim: undefined, isHolder: false });
  });
});

describe('patience', () => {
  const timing = { settleMs: 3000 };
  it.each([
    ['none for a holder without --wait-lock', true, 1, 0, 0, 0],
    ['as long as the user says for a holder', true, 9, 500, 1000, 500],
    ['none when that time is over', true, 9, 1000, 1000, 0],
    ['a few seconds for a rival without --wait-lock', false, 4, 1000, 0, 2000],
    ['none for a rival after that', false, 4, 3000, 0, 0],
    ['a few attempts against a rival in a slow store', false, 3, 9000, 0, 3000],
    ['as long as the user says for a rival', false, 9, 5000, 60_000, 55_000],
  ])('%s', (_, isHolder, attempts, waitedMs, waitMs, expected) => {
    expect(patienceLeftMs({ isHolder }, { attempts, waitedMs, waitMs }, timing)).toBe(expected);
  });
});

describe('the pause before the next attempt', () => {
  const rival = { claim: undefined, isHolder: false };
  const holder = { claim: undefined, isHolder: true };
  it('is soon over against a rival, and drawn from a wide range', () => {
    expect([pauseMs(rival, 1, 0), pauseMs(rival, 1, 1)]).toEqual([20, 220]);
    expect([pauseMs(rival, 99, 0), pauseMs(rival, 99, 1)]).toEqual([20, 820]);
  });
  it('grows to some seconds for a holder', () => {
    expect([pauseMs(holder, 1, 0), pauseMs(holder, 1, 1)]).toEqual([100, 200]);
    expect([pauseMs(holder, 5000, 0), pauseMs(holder, 5000, 1)]).toEqual([2500, 5000]);
  });
});
