import { describe, expect, it } from 'vitest';
import { decodeClaim, encodeClaim, type Claim } from '../../../src/lock/claim.js';

const CLAIM: Claim = {
  state: 'held',
  since: '2026-01-01T02:00:00.000Z',
  owner: {
    host: 'backup-1',
    pid: 4711,
    command: 'backup full s3://backups/nightly',
    process: { bootId: 'b0', namespaces: 'pid:[1] time:[2]', startTicks: '99' },
  },
};

function changed(change: (fields: Record<string, unknown>) => void): string {
  const fields = JSON.parse(encodeClaim(CLAIM)) as Record<string, unknown>;
  change(fields);
  return JSON.stringify(fields);
}

describe('a claim', () => {
  it.each([
    ['of a holder', CLAIM],
    ['of a run that tries', { ...CLAIM, state: 'trying' as const }],
    ['without the identity of its process', { ...CLAIM, owner: { ...CLAIM.owner, process: null } }],
  ])('%s comes back as it was', (_, claim) => {
    expect(decodeClaim(encodeClaim(claim))).toEqual(claim);
  });

  it('of a newer version with more fields is still understood', () => {
    expect(decodeClaim(changed((fields) => (fields.token = 7)))).toEqual(CLAIM);
  });

  it.each([
    ['no content', undefined],
    ['empty', ''],
    ['no JSON', '{"format": 1,'],
    ['no object', '7'],
    ['null', 'null'],
    ['another format', changed((fields) => (fields.format = 2))],
    ['another state', changed((fields) => (fields.state = 'waiting'))],
    ['no process id', changed((fields) => (fields.pid = undefined))],
    ['all processes for one', changed((fields) => (fields.pid = -1))],
    ['a group of processes for one', changed((fields) => (fields.pid = 0))],
    ['no word about its process', changed((fields) => (fields.process = undefined))],
    ['half an identity', changed((fields) => (fields.process = { boot_id: 'b0' }))],
  ])('with %s is none', (_, content) => {
    expect(decodeClaim(content)).toBeUndefined();
  });
});
