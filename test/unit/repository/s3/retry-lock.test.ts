import { describe, expect, it } from 'vitest';
import { MangamotionError } from '../../../../src/errors.js';
import type { ObjectStore, Retention } from '../../../../src/object-store/port.js';
import { Locker } from '../../../../src/repository/s3/locks/retry-lock.js';
import { PlaceRequests } from '../../../../src/repository/s3/place-requests.js';

const VERSION = { key: 'k', versionId: 'v' };
const at = (day: number): string => `2030-01-0${day}T00:00:00.000Z`;
const governance = (day: number): Retention => ({ mode: 'GOVERNANCE', until: at(day) });
const compliance = (day: number): Retention => ({ mode: 'COMPLIANCE', until: at(day) });
const denied = (): MangamotionError => new MangamotionError('access_denied', 'no');

/** A server with one version; `refuses` tells which retention it does not take, and when. */
function lockerOf(
  before: Retention | null,
  refuses: (wanted: Retention, attempt: number) => boolean = () => false,
  keeps = true,
) {
  const server = { lock: before, puts: 0, sleeps: [] as number[] };
  const store = {
    getRetention: () => Promise.resolve(server.lock),
    putRetention: (_bucket: string, _key: string, wanted: Retention) => {
      server.puts += 1;
      if (refuses(wanted, server.puts)) return Promise.reject(denied());
      if (keeps) server.lock = wanted;
      return Promise.resolve();
    },
  } as unknown as ObjectStore;
  const signal = new AbortController().signal;
  const requests = new PlaceRequests({ url: 's3://b', bucket: 'b', prefix: '', store, signal });
  const sleep = (ms: number) => Promise.resolve(void server.sleeps.push(ms));
  return { server, locker: new Locker(requests, sleep) };
}

describe('a lock', () => {
  it.each([
    ['of a version without', null, governance(5), governance(5)],
    ['that ends before', governance(3), governance(5), governance(5)],
    ['that ends later', governance(7), governance(5), governance(7)],
    ['that is stronger, and ends before', compliance(3), governance(5), compliance(5)],
    ['that is weaker, and ends later', governance(7), compliance(5), compliance(7)],
    ['that is stronger, and ends later', compliance(7), governance(5), compliance(7)],
  ])('%s is at least what is wanted, and never less than it was', async (...row) => {
    const [, before, wanted, expected] = row;
    const { server, locker } = lockerOf(before);
    expect(await locker.lock(VERSION, wanted)).toBeUndefined();
    expect(server.lock).toEqual(expected);
    expect(server.sleeps).toEqual([]);
  });

  it('is tried again where it is refused at first', async () => {
    const { server, locker } = lockerOf(null, (_, attempt) => attempt < 3);
    expect(await locker.lock(VERSION, governance(5))).toBeUndefined();
    expect(server).toMatchObject({ lock: governance(5), puts: 3 });
    expect(server.sleeps).toHaveLength(2);
  });

  it('that is refused for good is waited for once, and not for each file', async () => {
    const { server, locker } = lockerOf(null, () => true);
    expect(await locker.lock(VERSION, governance(5))).toBe('no');
    const waits = server.sleeps.length;
    expect(waits).toBeGreaterThan(0);
    expect(await locker.lock(VERSION, governance(5))).toBe('no');
    expect(server.sleeps).toHaveLength(waits);
  });

  it('whose mode may not be changed lasts for as long, and is named', async () => {
    const { server, locker } = lockerOf(governance(3), ({ mode }) => mode === 'COMPLIANCE');
    expect(await locker.lock(VERSION, compliance(5))).toBe('no');
    expect(server.lock).toEqual(governance(5));
  });

  it('that the server accepts and does not show is named', async () => {
    const { locker } = lockerOf(null, () => false, false);
    expect(await locker.lock(VERSION, governance(5))).toContain('accepted a retention');
    const { locker: extending } = lockerOf(governance(3), () => false, false);
    expect(await extending.lock(VERSION, governance(5))).toContain(`until ${at(3)}`);
  });
});
