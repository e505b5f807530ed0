import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { catalog } from '../../../../src/cli/catalog.js';
import type { CheckedSettings, ShownSetting } from '../../../../src/config/inspect.js';
import { SECRET_VARIABLES } from '../../../../src/config/variables.js';
import { VARIABLE_NAMES } from '../../../../src/config/settings.js';
import { runMain, world } from '../world.js';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'mangamotion-config-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

async function file(name: string, content: string, mode = 0o600): Promise<string> {
  const full = path.join(folder, name);
  await writeFile(full, content);
  await chmod(full, mode);
  return full;
}

function run(argv: readonly string[], env: Record<string, string> = {}) {
  return runMain(['config', ...argv], catalog, world({ cwd: folder, env }));
}

async function shown(
  argv: readonly string[],
  env?: Record<string, string>,
): Promise<Map<string, ShownSetting>> {
  const { status, stdout } = await run(['show', '--json', ...argv], env);
  expect(status).toBe(0);
  const { settings } = JSON.parse(stdout) as { settings: ShownSetting[] };
  return new Map(settings.map((setting) => [setting.name, setting]));
}

async function checked(argv: readonly string[], env?: Record<string, string>) {
  const { status, stdout, stderr } = await run(['check', '--json', ...argv], env);
  expect(stderr).toBe('');
  const { ok, findings } = JSON.parse(stdout) as CheckedSettings & { ok: boolean };
  const told = (wanted: string) =>
    findings.flatMap(({ kind, message }) => (kind === wanted ? [message] : []));
  return { status, ok, problems: told('problem'), warnings: told('warning') };
}

describe('config show', () => {
  it('names the source of each value', async () => {
    const envFile = await file('a.env', 'MINIO_REGION=from-env-file\nMINIO_ENDPOINT=x');
    const config = await file(
      'mangamotion.config.json',
      '{"BACKUP_RETENTION_DAYS": 7, "MINIO_REGION": "x"}',
    );
    const flags = ['--endpoint', 'https://flag.example', '--env-file', 'a.env'];
    const settings = await shown(flags, { MINIO_ACCESS_KEY: 'me', MINIO_ENDPOINT: 'x' });
    const of = (name: string) => {
      const { value, source, origin } = settings.get(name)!;
      return [value, source, origin];
    };
    expect(of('MINIO_ENDPOINT')).toEqual(['https://flag.example', 'flag', '--endpoint']);
    expect(of('MINIO_ACCESS_KEY')).toEqual(['me', 'environment', null]);
    expect(of('MINIO_REGION')).toEqual(['from-env-file', 'env_file', envFile]);
    expect(of('BACKUP_RETENTION_DAYS')).toEqual(['7', 'file', config]);
    expect(of('BACKUP_S3_USE_SSL')).toEqual(['true', 'default', null]);
    expect(settings.has('MINIO_CA_FILE')).toBe(false);
  });

  it('has every setting with --all, with its default', async () => {
    const settings = await shown(['--all']);
    expect([...settings.keys()]).toEqual(VARIABLE_NAMES);
    expect(settings.get('MINIO_ENDPOINT')).toMatchObject({ value: 'localhost:9000' });
    expect(settings.get('MINIO_CA_FILE')).toMatchObject({ value: null, source: null });
  });

  it('never shows a secret, nor a password in another value', async () => {
    const env = Object.fromEntries(SECRET_VARIABLES.map((name) => [name, 'https://hush-hush']));
    const withLogin = { ...env, MINIO_PUBLIC_ENDPOINT: 'https://me:hush-hush@host' };
    for (const form of [[], ['--json'], ['--csv']]) {
      const { stdout, stderr } = await run(['show', ...form], withLogin);
      expect(stdout + stderr).not.toContain('hush-hush');
    }
    const settings = await shown([], { MINIO_SECRET_KEY: 'hush-hush' });
    expect(settings.get('MINIO_SECRET_KEY')).toMatchObject({ value: 'set', secret: true });
    expect(settings.get('PING_URL')).toMatchObject({ value: 'not set', secret: true });
  });

  it('says which settings are not used', async () => {
    const env = { S3_REGION: 'theirs', MINIO_REGION: 'ours', S3_ENDPOINT: 'h' };
    const settings = await shown([], env);
    expect(settings.get('S3_REGION')).toMatchObject({ overridden_by: 'MINIO_REGION' });
    expect(settings.get('S3_ENDPOINT')).toMatchObject({ overridden_by: null });
    expect(settings.has('MINIO_ENDPOINT')).toBe(false);
    const people = await run(['show'], env);
    expect(people.stdout).toMatch(/S3_REGION +theirs +environment +not used: MINIO_REGION is set/);
  });

  it('shows wrong values too, and says so', async () => {
    const { status, stdout, stderr } = await run(['show'], { MINIO_PORT: 'http' });
    expect(status).toBe(0);
    expect(stdout).toMatch(/MINIO_PORT +http +environment/);
    expect(stderr).toContain('1 setting is wrong: see `mangamotion config check`');
  });

  it('fails without a file that was asked for', async () => {
    const { status, stdout } = await run(['show', '--config', 'none.json', '--json']);
    expect(status).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'configuration' } });
  });
});

describe('config check', () => {
  it('finds nothing in what is right', async () => {
    expect(await checked([])).toEqual({ status: 0, ok: true, problems: [], warnings: [] });
    const { stdout } = await run(['check'], { MINIO_REGION: 'x' });
    expect(stdout).toBe('✓ 1 setting set, no mistakes\n');
  });

  it('tells all problems at once, from every source', async () => {
    const config = await file(
      'mangamotion.config.json',
      '{"MINIO_ENPOINT": "h", "backup": {"expectDeletion": []}, "BACKUP_COMPRESSION": "maybe"}',
    );
    const env = { MINIO_PORT: '0', BACKUP_S3_ENDPOINT: 'h:99999', MINIO_SECRET_KEY_FILE: 'none' };
    const { status, ok, problems } = await checked([], env);
    expect({ status, ok }).toEqual({ status: 2, ok: false });
    expect(problems).toEqual([
      `backup.expectDeletion (${config}): is not a setting of mangamotion; did you mean backup.expectDeletions?`,
      `MINIO_ENPOINT (${config}): is not a setting of mangamotion; did you mean MINIO_ENDPOINT?`,
      'MINIO_PORT (environment): must be a port number, 1 to 65535, not "0"',
      `BACKUP_COMPRESSION (${config}): must be true or false (or 1, 0, yes, no), not "maybe"`,
      'BACKUP_S3_ENDPOINT (environment): must have a port from 1 to 65535, not "h:99999"',
      expect.stringMatching(
        /^MINIO_SECRET_KEY_FILE \(environment\): cannot read .*none/,
      ) as unknown,
    ]);
  });

  it('points out slips in the environment and in the env file', async () => {
    const envFile = await file('a.env', 'REDIS_ULR=x\nBACKUP_RETENTON_DAYS=3\nOTHER=1');
    const { status, warnings } = await checked(['--env-file', 'a.env'], { PING_ULR: 'x' });
    expect(status).toBe(0);
    expect(warnings.toSorted()).toEqual([
      `BACKUP_RETENTON_DAYS (${envFile}) is not a setting of mangamotion; did you mean BACKUP_RETENTION_DAYS?`,
      'PING_ULR (environment) is not a setting of mangamotion; did you mean PING_URL?',
      `REDIS_ULR (${envFile}) is not a setting of mangamotion; did you mean REDIS_URL?`,
    ]);
  });

  it('warns of secrets that others can read', async () => {
    const key = await file('key', 'secret-key', 0o644);
    const envFile = await file('a.env', 'BACKUP_S3_SECRET_KEY=hush-hush', 0o604);
    const env = { MINIO_SECRET_KEY_FILE: 'key', MINIO_ACCESS_KEY: 'a', BACKUP_S3_ACCESS_KEY: 'b' };
    expect((await checked(['--env-file', 'a.env'], env)).warnings).toEqual([
      `${envFile} holds BACKUP_S3_SECRET_KEY and can be read by all users; run chmod 600 ${envFile}`,
      `MINIO_SECRET_KEY_FILE (environment): ${key} can be read by all users; run chmod 600 ${key}`,
    ]);
    await chmod(key, 0o640);
    await chmod(envFile, 0o600);
    expect((await checked(['--env-file', 'a.env'], env)).warnings).toEqual([]);
  });

  it('warns of what has no effect, and of half a pair of keys', async () => {
    const env = {
      ...{ MINIO_ENDPOINT: 'http://h', MINIO_USE_SSL: 'true', MINIO_ACCESS_KEY: 'me' },
      ...{ BACKUP_S3_ENDPOINT: 'https://h', BACKUP_S3_USE_SSL: '1', BACKUP_S3_SECRET_KEY: 'it' },
    };
    expect((await checked([], env)).warnings).toEqual([
      'there is the access key of a pair, and MINIO_SECRET_KEY is not set',
      'there is the secret key of a pair, and BACKUP_S3_ACCESS_KEY is not set',
      'MINIO_USE_SSL (environment): has no effect: MINIO_ENDPOINT begins with http://',
    ]);
  });
});
