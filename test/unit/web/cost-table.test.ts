import { describe, expect, it } from 'vitest';
import { Decimal } from '../../../src/billing/money.js';
import { createPricing } from '../../../src/billing/pricing.js';
import { explainCost } from '../../../src/billing/explain.js';
import { costParts } from '../../../src/web/jobs/cost-table.js';

const pricing = createPricing({
  ratePerGib: '0.001',
  ratePerSecond: '0.0001',
  discountEnabled: false,
  discountMode: 'volume',
  tiers: [],
});
const partsOf = (bytes: bigint, microseconds: bigint) =>
  costParts(
    explainCost(pricing, { bytes, microseconds, jobs: 1n, completed: 1n, failed: 0n, skipped: 0n }),
  );

describe('the arithmetic of a cost', () => {
  it('is read from the lines that the server explains', () => {
    expect(partsOf(218_103_808n, 4_812_500_000n)).toEqual([
      {
        name: '218,103,808 bytes',
        price: '0.203125 GiB × $0.001',
        amount: '$0.000203125',
      },
      { name: 'Compute', price: '4,812.5 s × $0.0001', amount: '$0.481250000' },
    ]);
  });

  it('says what it has rounded', () => {
    const [part] = partsOf(103_200_001n, 0n) ?? [];
    expect(part).toEqual({
      name: '103,200,001 bytes',
      price: '≈ 0.096112 GiB × $0.001',
      amount: '≈ $0.000096112',
    });
    expect(new Decimal('103200001').div(2 ** 30).toFixed(6)).toBe('0.096112');
  });

  it('is none where the lines are others', () => {
    expect(costParts(['no usage is recorded'])).toBeUndefined();
    expect(costParts([])).toBeUndefined();
  });
});
