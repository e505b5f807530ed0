import { execa } from 'execa';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Consumer, installPacked } from '../helpers/packed-library.js';

let consumer: Consumer;

beforeAll(async () => {
  consumer = await installPacked();
});
afterAll(() => {
  consumer.remove();
});

const USES = `
  const redis = new Redis({ lazyConnect: true });
  const tiers = [{ threshold: '100', percent: '10' }];
  const options: BillingOptions = { redis, pricing: { tiers }, clock: () => new Date(0) };
  const billing: Billing = createBilling(options);

  export async function work(user: string): Promise<number | bigint> {
    const { counted }: Tracked = await trackBytesProcessed(user, 10n, 'j', { eventId: 'e' });
    await trackComputeSeconds(user, 1.5, 'j');
    await billing.trackJobCompletion(user, 'j', counted ? 'completed' : 'skipped', { pages: 3 });
    const summary: SummaryAnswer = await getUserBillingSummary(user);
    const net: number | null | undefined = summary.month?.net_cost;
    const days = await billing.getUserDailyUsage(user, new Date(), '2026-11-24');
    const job = await billing.getJobBillingDetails('j');
    // @ts-expect-error a status that is none
    await billing.trackJobCompletion(user, 'j', 'done');
    // @ts-expect-error null for an unknown job
    job.user_id;
    return net === null ? 0 : (days[0]?.bytes_processed ?? 0);
  }
  export const codeOf = (error: unknown): ErrorCode | undefined =>
    error instanceof MangamotionError ? error.code : undefined;
`;
const NAMES = `MangamotionError, createBilling, getUserBillingSummary, trackBytesProcessed, trackComputeSeconds`;
const TYPES = `Billing, BillingOptions, ErrorCode, SummaryAnswer, Tracked`;

it('compiles in the strict projects of others, as a module and as CommonJS', async () => {
  const write = (name: string, text: string) =>
    writeFileSync(path.join(consumer.folder, name), text);
  write(
    'module.mts',
    `import { ${NAMES}, type ${TYPES.replaceAll(', ', ', type ')} } from 'mangamotion';
     import { Redis } from 'ioredis';${USES}`,
  );
  write(
    'common.cts',
    `import library = require('mangamotion');
     import type { ${TYPES} } from 'mangamotion';
     import { Redis } from 'ioredis';
     const { ${NAMES} } = library;${USES}`,
  );
  const strict = { strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true };
  const compilerOptions = {
    ...{ ...strict, noEmit: true, module: 'nodenext', target: 'es2022', types: ['node'] },
    // What is wrong in our own declarations must show.
    skipLibCheck: false,
  };
  const files = ['module.mts', 'common.cts'];
  write('tsconfig.json', JSON.stringify({ compilerOptions, files }));
  const tsc = path.join(consumer.folder, 'node_modules/typescript/bin/tsc');
  const options = { cwd: consumer.folder, reject: false } as const;
  const { stdout } = await execa(process.execPath, [tsc, '-p', '.'], options);
  // ioredis's own declarations are not ours to check.
  expect(stdout.split('\n').filter((line) => !line.startsWith('node_modules/ioredis'))).toEqual([
    '',
  ]);
});
