import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { withRetries } from '../../src/object-store/retry/retry.js';
import { temporaryFolder } from '../helpers/backups.js';
import { run, runProcess } from '../helpers/cli.js';
import { type OddProxy, startOddProxy } from '../helpers/odd-proxy.js';
import { s3Error } from '../helpers/deployment.js';
import { testStore } from '../helpers/test-store.js';

const store = withRetries(testStore());
const { folder, remove } = temporaryFolder();
let proxy: OddProxy;
beforeAll(async () => {
  proxy = await startOddProxy();
});
afterAll(async () => {
  await proxy.close();
  store.close();
  remove();
});

const args = (state: string) => ['doctor', '--probe', '--state-dir', state, '--json'];
const env = { BILLING_ENABLED: 'false' };
const journal = (state: string) => {
  const entries = join(state, 'doctor-probes');
  return existsSync(entries) ? readdirSync(entries) : [];
};

/** Requests of a probe that never come back, by their name and how many of it come before. */
const MOMENTS = [
  ['CreateBucket', 0],
  ['PutObject', 0],
  ['PutObject', 4],
  ['DeleteObject', 2],
  ['DeleteBucket', 0],
] as const;

it.each(MOMENTS)(
  'a probe that is killed at its %s (after %d) is cleared by the next one',
  async (operation, before) => {
    const state = join(folder, `${operation}-${before}`);
    mkdirSync(state);
    let seen = 0;
    let hold: (() => void) | undefined;
    const reached = new Promise<void>((resolve) => (hold = resolve));
    proxy.be({
      handle: async (request, next) => {
        const isLock = request.headers['x-amz-bucket-object-lock-enabled'] !== undefined;
        if (isLock) return s3Error(501, 'NotImplemented');
        const isOurs = request.bucket.startsWith('mangamotion-probe-');
        if (!isOurs || request.operation !== operation || seen++ !== before)
          return await next(request);
        // The server does it, and the answer is lost: the harder half.
        await next(request);
        hold?.();
        return await new Promise(() => undefined);
      },
    });
    const killed = runProcess(args(state), { endpoint: proxy.endpoint, env });
    await reached;
    killed.kill('SIGKILL');
    await killed;
    const [entry = ''] = journal(state);
    expect(entry).toMatch(/^mangamotion-probe-[0-9a-f]{32}\.json$/);
    proxy.be({
      handle: async (request, next) =>
        request.headers['x-amz-bucket-object-lock-enabled'] === undefined
          ? await next(request)
          : s3Error(501, 'NotImplemented'),
    });
    const { stdout } = await run(args(state), { endpoint: proxy.endpoint, env });
    const { checks } = JSON.parse(stdout) as { checks: { name: string; message: string }[] };
    expect(checks.find(({ name }) => name === 'probe.traces')?.message).toBe(
      'nothing is left; 1 bucket of dead probes removed',
    );
    expect(journal(state)).toEqual([]);
    expect(await store.bucketExists(entry.replace('.json', ''))).toBe(false);
  },
);
