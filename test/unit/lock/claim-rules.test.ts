import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  isLive,
  classifyClaims,
  obstacleAmong,
  waitLeftMs,
  pauseMs,
  STORE_CLOCK_GRAIN_MS,
  type DecodedClaim,
} from '../../../src/lock/claim-rules.js';
import type { Claim } from '../../../src/lock/claim.js';

const LEASE_MS = 120_000;
const NOW_MS = Date.UTC(2026, 0, 1);

function claimOf(name: string, ageMs: number, more: Partial<DecodedClaim> = {}): DecodedClaim {
  const owner = { host: 'other', pid: 7, command: 'backup full', process: null };
  const claim: Claim = { state: 'held', since: '2026-01-01T00:00:00.000Z', owner };
  return { name, content: '', modifiedAtMs: NOW_MS - ageMs, claim, ownerIsDead: false, ...more };
}

describe('a claim of another run', () => {
  it.each([
    ['was put just now', claimOf('c', 0), true],
    ['is as old as the lease', claimOf('c', LEASE_MS), true],
    ['may seem older for want of precise times', claimOf('c', LEASE_MS + 2000), true],
    ['is older beyond doubt', claimOf('c', LEASE_MS + 2001), false],
    ['was put after ours', claimOf('c', -5000), true],
    ['comes from the far future', claimOf('c', -1e9), true],
    ['is fresh, its owner is dead', claimOf('c', 0, { ownerIsDead: true }), false],
    ['is from the future, its owner is dead', claimOf('c', -1e9, { ownerIsDead: true }), false],
    ['is fresh and cannot be read', claimOf('c', 0, { claim: undefined }), true],
    ['is old and cannot be read', claimOf('c', LEASE_MS + 2001, { claim: undefined }), false],
  ])('that %s', (_, claim, expected) => {
    expect(isLive(claim, NOW_MS, LEASE_MS)).toBe(expected);
  });

  it('that was renewed within its lease is live, by a clock of whole or even seconds too', () => {
    const ages = fc.integer({ min: 0, max: LEASE_MS });
    fc.assert(
      fc.property(ages, fc.nat(4000), fc.constantFrom(1, 1000, 2000), (ageMs, atMs, grainMs) => {
        const floor = (timeMs: number) => Math.floor(timeMs / grainMs) * grainMs;
        const putAtMs = NOW_MS + atMs;
        const claim = { modifiedAtMs: floor(putAtMs), ownerIsDead: false };
        expect(isLive(claim, floor(putAtMs + ageMs), LEASE_MS)).toBe(true);
      }),
    );
  });
});

describe('the claims of a destination', () => {
  const old = LEASE_MS + STORE_CLOCK_GRAIN_MS + 1;

  it('are judged by the time at which our own was put', () => {
    const claims = [claimOf('a', 20), claimOf('own', 0), claimOf('b', old), claimOf('c', old - 1)];
    const { own, live, stale } = classifyClaims(claims, 'own', { leaseMs: LEASE_MS });
    expect(own?.name).toBe('own');
    expect(live.map(({ name }) => name)).toEqual(['a', 'c']);
    expect(stale.map(({ name }) => name)).toEqual(['b']);
  });

  it('are judged by the time that is given, where our own is not there', () => {
    const claims = [claimOf('a', 0), claimOf('b', old)];
    const options = { leaseMs: LEASE_MS, nowMs: NOW_MS };
    expect(classifyClaims(claims, 'own', options)).toMatchObject({
      own: undefined,
      live: [{ name: 'a' }],
      stale: [{ name: 'b' }],
    });
  });

  it('are all live where no time of the store is known, but those of the dead', () => {
    const claims = [claimOf('a', 1e12), claimOf('b', 0, { ownerIsDead: true })];
    const { live, stale } = classifyClaims(claims, 'own', { leaseMs: LEASE_MS });
    expect([live.length, stale.length]).toEqual([1, 1]);
  });

  it('of ourselves are never in our way', () => {
    const own = claimOf('own', 0, { ownerIsDead: true });
    expect(classifyClaims([own], 'own', { leaseMs: LEASE_MS })).toMatchObject({
      live: [],
      stale: [],
    });
  });
});

function claimIn(state: 'trying' | 'held' | undefined, host = 'h'): DecodedClaim {
  const owner = { host, pid: 7, command: 'backup full', process: null };
  const claim = state && { state, since: '2026-01-01T00:00:00.000Z', owner };
  return { name: host, content: '', modifiedAtMs: 0, claim, ownerIsDead: false };
}

describe('of several claims in the way, the user is told about', () => {
  it('none, where there is none', () => {
    expect(obstacleAmong([])).toBeUndefined();
  });
  it('the holder, wherever it is listed', () => {
    const among = [claimIn(undefined), claimIn('trying', 'a'), claimIn('held', 'b')];
    expect(obstacleAmong(among)).toMatchObject({ isHolder: true, claim: { owner: { host: 'b' } } });
  });
  it('one that can be named, before one that cannot', () => {
    const among = [claimIn(undefined), claimIn('trying', 'a')];
    expect(obstacleAmong(among)).toMatchObject({
      isHolder: false,
      claim: { owner: { host: 'a' } },
    });
  });
  it('an unknown run, where no claim can be read', () => {
    expect(obstacleAmong([claimIn(undefined)])).toEqual({ claim: undefined, isHolder: false });
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
    expect(waitLeftMs({ isHolder }, { attempts, waitedMs, waitMs }, timing)).toBe(expected);
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
