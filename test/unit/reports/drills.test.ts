import { describe, expect, it } from 'vitest';
import { drillsDocument, type KnownDrills } from '../../../src/reports/backups/drills.js';
import { drillRecord } from '../../helpers/drill-records.js';

const now = new Date('2026-11-29T12:00:00Z');
const PLACE = '/var/backups/minio';
const old = '2026-10-01T00:00:00.000Z';

const drills = (known: Partial<KnownDrills>) =>
  drillsDocument(PLACE, { here: [], there: [], damaged: 0, isWhole: true, ...known }, now);
const missed = drillRecord({ id: 'm', scenario: 'store', verdict: 'missed', at: old });
const unproven = drillRecord({ id: 'n', scenario: 'redis', verdict: 'not_proven' });

describe('the drills of a destination', () => {
  it.each<[string, Partial<KnownDrills>]>([
    ['never', {}],
    ['never', { here: [drillRecord({ destination: '/elsewhere' })] }],
    ['met', { here: [drillRecord()] }],
    ['met', { there: [drillRecord({ destination: '/mnt/of/another/host' })] }],
    ['overdue', { here: [drillRecord({ at: old })] }],
    ['missed', { here: [drillRecord()], there: [missed] }],
    ['missed', { here: [unproven, missed], damaged: 1, isWhole: false }],
    ['not_proven', { here: [drillRecord(), unproven] }],
    ['unknown', { here: [drillRecord({ at: '2027-01-01T00:00:00.000Z' })] }],
    ['unknown', { here: [drillRecord()], damaged: 1 }],
    ['unknown', { here: [drillRecord()], isWhole: false }],
    ['unknown', { here: [unproven], isWhole: false }],
    ['unknown', { isWhole: false }],
    ['unknown', { damaged: 1 }],
  ])('are %s', (status, known) => {
    expect(drills(known)).toMatchObject({ status, limit_seconds: 45 * 86_400 });
  });

  it('are the last of each scenario, wherever they are recorded, and say when each was last met', () => {
    const before = '2026-11-28T03:10:00.000Z';
    const later = drillRecord({ id: 'b', verdict: 'missed', reason: 'it took too long' });
    const { last } = drills({
      here: [drillRecord({ id: 'a', at: before })],
      there: [later, missed],
    });
    expect(last).toMatchObject([
      { ...{ scenario: 'object', verdict: 'missed', at: later.at }, last_met_at: before },
      { scenario: 'store', verdict: 'missed', last_met_at: null },
    ]);
    expect(last[0]).toMatchObject({ reason: 'it took too long', rto_seconds: 2.5 });
  });

  it('count once if they are recorded here and there', () => {
    expect(drills({ here: [drillRecord()], there: [drillRecord()] }).last).toHaveLength(1);
  });
});
