import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Consumer, installPacked } from '../helpers/packed-library.js';
import { useRedis } from '../helpers/use-redis.js';

const used = useRedis();
let consumer: Consumer;

beforeAll(async () => {
  consumer = await installPacked();
});
afterAll(() => {
  consumer.remove();
});

/** Everything that a worker and a report call; nothing closes the connection. */
const WORK = `
  (async () => {
    const out = {};
    const once = { eventId: 'attempt 1' };
    out.counted = [
      await lib.trackBytesProcessed('u', 2 ** 30, 'j', once),
      await lib.trackBytesProcessed('u', 2 ** 30, 'j', once),
      await lib.trackComputeSeconds('u', 3600, 'j'),
      await lib.trackJobCompletion('u', 'j', 'completed', { pages: 3 }),
    ].map((tracked) => tracked.counted);
    const { month, ...summary } = await lib.getUserBillingSummary('u');
    out.cost = summary.estimated_cost_exact;
    out.net = month.net_cost;
    const now = new Date();
    out.days = (await lib.getUserDailyUsage('u', now, now)).length;
    out.pages = (await lib.getJobBillingDetails('j')).metadata.pages;
    out.users = (await lib.getAllUsersBillingSummary()).map((user) => user.user_id);
    out.reset = await lib.resetUserBilling('u');
    out.after = (await lib.getUserBillingSummary('u')).bytes_processed;
    out.error = await lib.trackBytesProcessed('u', -1, 'j').catch((error) => [
      error instanceof lib.MangamotionError,
      error.code,
    ]);
    console.log(JSON.stringify(out));
  })();
`;
const DONE = {
  counted: [true, false, true, true],
  cost: '0.361',
  net: 0.361,
  days: 1,
  pages: 3,
  users: ['u'],
  reset: true,
  after: 0,
  error: [true, 'usage'],
};
const forms = {
  import: ['work.mjs', `import * as lib from 'mangamotion';`],
  require: ['work.cjs', `const lib = require('mangamotion');`],
} as const;

describe('the packed library', () => {
  it.each(['import', 'require'] as const)(
    'meters and reports by %s, and the process ends by itself',
    async (form) => {
      const [file, load] = forms[form];
      const { stdout, stderr } = await consumer.run(file, load + WORK, {
        REDIS_URL: used.server.url,
      });
      expect(JSON.parse(stdout)).toEqual(DONE);
      // Node 20.19 loads it so without a word as well.
      expect(stderr).toBe('');
      expect((await used.redis.keys('billing:job:*')).length).toBe(1);
    },
  );

  it('uses the database and the rates of the environment', async () => {
    const text = `import { trackBytesProcessed, getJobBillingDetails } from 'mangamotion';
      await trackBytesProcessed('u', 2 ** 30, 'j');
      console.log((await getJobBillingDetails('j')).job_cost);`;
    const env = { REDIS_URL: `${used.server.url}/3`, BILLING_RATE_GB: '2.5' };
    expect((await consumer.run('rates.mjs', text, env)).stdout).toBe('2.5');
    expect(await used.redis.dbsize()).toBe(0);
    await used.redis.select(3);
    expect((await used.redis.keys('*')).length).toBe(3);
    await used.redis.select(0);
  });

  it('uses mangamotion.config.json of the working folder below the environment', async () => {
    const file = path.join(consumer.folder, 'mangamotion.config.json');
    writeFileSync(file, JSON.stringify({ BILLING_RATE_GB: '7', REDIS_URL: 'redis://nowhere' }));
    try {
      const text = `import { trackBytesProcessed, getJobBillingDetails } from 'mangamotion';
        await trackBytesProcessed('u', 2 ** 30, 'j');
        console.log((await getJobBillingDetails('j')).job_cost);`;
      const { stdout } = await consumer.run('file.mjs', text, { REDIS_URL: used.server.url });
      expect(stdout).toBe('7');
    } finally {
      await rm(file);
    }
  });

  const track = `import { trackBytesProcessed } from 'mangamotion';
    const end = await trackBytesProcessed('u', 1, 'j').catch(({ code, message }) => ({ code, message }));
    console.log(JSON.stringify(end));`;

  it('does not mind what is wrong with the settings of others', async () => {
    const env = { REDIS_URL: used.server.url, MINIO_PORT: 'abc', BACKUP_RETENTION_DAYS: '-1' };
    const { stdout } = await consumer.run('others.mjs', track, env);
    expect(JSON.parse(stdout)).toEqual({ counted: true });
  });

  it('tells what is wrong with its own', async () => {
    const env = { REDIS_URL: used.server.url, BILLING_RATE_GB: 'cheap' };
    const { stdout } = await consumer.run('own.mjs', track, env);
    expect(JSON.parse(stdout)).toMatchObject({
      code: 'configuration',
      message: expect.stringContaining('BILLING_RATE_GB') as string,
    });
  });

  it('counts nothing with BILLING_ENABLED=false, and needs no Redis for it', async () => {
    for (const url of [used.server.url, 'redis://127.0.0.1:1']) {
      const env = { REDIS_URL: url, BILLING_ENABLED: 'false' };
      const { stdout } = await consumer.run('off.mjs', track, env);
      expect(JSON.parse(stdout)).toEqual({ counted: false });
    }
    expect(await used.redis.dbsize()).toBe(0);
  });

  it('refuses a database that Redis does not have, and writes nothing into database 0', async () => {
    const env = { REDIS_URL: `${used.server.url}/99` };
    const { stdout } = await consumer.run('select.mjs', track, env);
    expect(JSON.parse(stdout)).toMatchObject({ code: 'access_denied' });
    expect(await used.redis.dbsize()).toBe(0);
  });
});
