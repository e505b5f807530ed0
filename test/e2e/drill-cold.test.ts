import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DrillResult } from '../../src/drill/result.js';
import { backupStoreSettings } from '../helpers/backup-store.js';
import { temporaryFolder } from '../helpers/backups.js';
import { run, storeSettings } from '../helpers/cli.js';
import { noise, seed } from '../helpers/seed.js';
import { freshBucket, removeBucket, testStore } from '../helpers/test-store.js';
import { mangamotion } from './run.js';

/** A drill as on the day after a fire uses nothing of this host. */

const store = testStore();
const { folder, remove } = temporaryFolder();
const home = join(folder, 'home');
const state = join(folder, 'state');
let bucket: string;
let offsite: string;

beforeAll(async () => {
  bucket = await freshBucket(store);
  offsite = await freshBucket(store);
  await seed(store, bucket, [{ key: 'a', content: noise(3000, 'a') }]);
  const made = await run(['backup', 'full', `s3://${offsite}/minio`, '--bucket', bucket], {
    env: backupStoreSettings(),
  });
  expect(made.exitCode, made.stderr).toBe(0);
  mkdirSync(home);
  writeFileSync(join(home, 'mangamotion.config.json'), '{"MINIO_REGION": "of-this-host"}');
}, 60_000);
afterAll(async () => {
  await removeBucket(store, bucket);
  await removeBucket(store, offsite);
  store.close();
  remove();
});

const CHECK = 'env | sort; echo "HOME has [$(ls -A "$HOME")], the folder [$(ls -A .)]"';

async function cold(args: string[], env: Record<string, string>) {
  const { exitCode, stdout, stderr } = await mangamotion(
    ['drill', 'offsite', `s3://${offsite}/minio`, '--cold', '--into', 'cold-', '--json', ...args],
    { cwd: home, env: { HOME: home, ...env } },
  );
  const { drills } = JSON.parse(stdout) as { drills: DrillResult[] };
  return { exitCode, stderr, result: drills[0] };
}

describe('drill offsite --cold', { timeout: 120_000 }, () => {
  it('restores with the settings of the destination alone, into its own server', async () => {
    const env = { ...storeSettings(), ...backupStoreSettings(), SECRET_OF_THE_HOST: 'x' };
    const { exitCode, result, stderr } = await cold(['--check', CHECK, '--state-dir', state], env);
    expect(result, stderr).toMatchObject({ verdict: 'met', objects: 1, missing_objects: null });
    const output = result?.check?.output ?? '';
    expect(output).toContain('HOME has [], the folder []');
    expect(output).not.toMatch(/MINIO|SECRET|XDG|of-this-host/);
    expect(exitCode).toBe(0);
    const history = await run(['drill', 'history', '--json', '--state-dir', state]);
    expect(JSON.parse(history.stdout)).toMatchObject({
      drills: [{ scenario: 'offsite', cold: true, verdict: 'met' }],
    });
    // The record at the destination is the same, and another host knows it too.
    const place = `s3://${offsite}/minio`;
    for (const folderOfHost of [state, join(folder, 'another')]) {
      const args = ['drill', 'history', place, '--json', '--state-dir', folderOfHost];
      const all = await run(args, { env: backupStoreSettings() });
      expect(JSON.parse(all.stdout)).toEqual(JSON.parse(history.stdout));
    }
  });

  it('needs no store of this host to be there', async () => {
    const env = { ...backupStoreSettings(), MINIO_ENDPOINT: 'http://127.0.0.1:9' };
    const { exitCode, result, stderr } = await cold(['--state-dir', state], env);
    expect(result, stderr).toMatchObject({ verdict: 'met' });
    expect(exitCode).toBe(0);
  });
});
