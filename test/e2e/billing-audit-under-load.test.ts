import { describe, expect, it } from 'vitest';
import { createBilling } from '../../src/billing/billing.js';
import { useBillingRedis } from '../helpers/billing-records.js';
import { runJson } from '../helpers/cli.js';

interface AuditAnswer {
  checked: { users: number };
  findings: { severity: string }[];
}

const { records, env } = useBillingRedis();

describe('an audit while workers track at full speed', () => {
  it('never reports drift', async () => {
    const billing = createBilling({ redis: records().redis });
    // Other keys, so that a pass takes several pages.
    await records().foreign(20_000);
    const stop = new AbortController();
    let tracked = 0;
    const work = async (worker: number) => {
      for (let n = 0; !stop.signal.aborted; n++) {
        const [user, job] = [`user-${n % 50}`, `${worker}-${n % 200}`];
        const owner = `${user}-${worker % 3}`;
        await billing.trackBytesProcessed(owner, 1000 + n, `${owner}-${job}`);
        await billing.trackComputeSeconds(owner, 0.1, `${owner}-${job}`);
        await billing.trackJobCompletion(owner, `${owner}-${job}`, 'completed');
        tracked += 3;
      }
    };
    const workers = Promise.all(Array.from({ length: 20 }, (_none, worker) => work(worker)));
    try {
      for (let round = 0; round < 4; round++) {
        const before = tracked;
        const { exitCode, answer } = await runJson<AuditAnswer>(['billing', 'audit'], {
          env: env(),
        });
        expect(answer.findings.filter(({ severity }) => severity === 'drift')).toEqual([]);
        expect(exitCode).toBe(0);
        expect(answer.checked.users).toBeGreaterThan(0);
        expect(tracked).toBeGreaterThan(before);
      }
    } finally {
      stop.abort();
      await workers;
    }
  });
});
