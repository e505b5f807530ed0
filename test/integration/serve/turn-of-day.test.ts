import { describe, expect, it } from 'vitest';
import { useBillingRedis } from '../../helpers/billing-records.js';
import { documentOf, useServers } from '../../helpers/serve.js';

const { records, env } = useBillingRedis();
const serve = useServers();

describe('a server that runs over midnight UTC', () => {
  it.each([
    ['a month', '2026-11-30', '2026-12-01'],
    ['a year', '2026-12-31', '2027-01-01'],
    ['a day', '2026-11-28', '2026-11-29'],
    ['a leap day', '2028-02-28', '2028-02-29'],
  ])('and the turn of %s answers with the new one', async (_what, last, first) => {
    await records().user('alice', { bytes_processed: 3 });
    await records().day('alice', last, { bytes_processed: 1 });
    await records().day('alice', first, { bytes_processed: 2 });
    let now = new Date(`${last}T23:59:59.999Z`);
    const server = await serve([], env(), () => now);
    const get = async (path: string) => {
      const answer = await server.get(`/api/billing/${path}`);
      return { status: answer.status, document: documentOf(answer) };
    };
    const months = [last.slice(0, 7), first.slice(0, 7)] as const;
    const turnsMonth = months[0] !== months[1];
    const summary = 'summary?user_id=alice';
    const daily = 'daily-usage?user_id=alice';

    expect((await get(summary)).document).toMatchObject({ month: { month: months[0] } });
    expect((await get(`${summary}&month=${months[1]}`)).status).toBe(turnsMonth ? 400 : 200);
    expect((await get(`all-users?month=${months[1]}`)).status).toBe(turnsMonth ? 400 : 200);
    const before = (await get(daily)).document;
    expect(before).toMatchObject({ end_date: last, daily_usage: [{ date: last }] });
    const ahead = (await get('audit')).document.findings;
    expect(ahead).toContainEqual(expect.objectContaining({ kind: 'future_day' }));

    now = new Date(`${first}T00:00:00.000Z`);
    expect((await get(summary)).document).toMatchObject({
      month: { month: months[1], bytes_processed: turnsMonth ? 2 : 3 },
    });
    expect((await get(`all-users?month=${months[1]}`)).document).toMatchObject({
      month: months[1],
    });
    const after = (await get(daily)).document;
    expect(after).toMatchObject({
      end_date: first,
      daily_usage: [{ date: last }, { date: first }],
    });
    const days = Date.parse(String(after.start_date)) - Date.parse(String(before.start_date));
    expect(days).toBe(86_400_000);
    expect(JSON.stringify((await get('audit')).document)).not.toContain('future_day');
    const { timestamp } = documentOf(await server.get('/api/health'));
    expect(timestamp).toBe(`${first}T00:00:00.000Z`);
  });
});
