import { copyFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { parseCommandLine } from '../../../src/cli/argv/parser.js';
import { catalog } from '../../../src/cli/catalog.js';
import { DEFAULT_STORE } from '../../../src/config/assemble.js';
import { loadConfig } from '../../../src/config/load.js';
import { VARIABLE_NAMES, defaultOf } from '../../../src/config/settings.js';

const examples = fileURLToPath(new URL('../../../examples/', import.meta.url));
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'mangamotion-examples-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

function load(envFile: string | undefined) {
  return loadConfig({ environment: {}, cwd: folder, envFile, configFile: undefined, flags: {} });
}

describe('the examples', () => {
  it('of a config file and an env file are right, and warn of nothing', async () => {
    const before = await load(path.join(examples, 'mangamotion.env'));
    expect(before.warnings).toEqual([]);
    expect(before.config.store).toMatchObject({ host: 'localhost', port: 9000, useTls: false });
    const name = 'mangamotion.config.json';
    await copyFile(path.join(examples, name), path.join(folder, name));
    const { config, warnings } = await load(undefined);
    expect(warnings).toEqual([]);
    expect(config.store).toMatchObject({ host: 'minio.example.com', port: 9000, useTls: true });
  });

  it('of an env file name every setting once, with its default where it has one', async () => {
    const text = await readFile(path.join(examples, 'mangamotion.env'), 'utf8');
    const named = [...text.matchAll(/^(?:# {3})?(\w+)=(.*)$/gm)].map(
      ([, name = '', value = '']) => [name, value] as const,
    );
    expect(named.map(([name]) => name).sort()).toEqual([...VARIABLE_NAMES].sort());
    const { host, port } = DEFAULT_STORE;
    const withDefault = named.flatMap(([name, value]) => {
      const known = VARIABLE_NAMES.find((one) => one === name);
      const expected = name === 'MINIO_ENDPOINT' ? `${host}:${port}` : known && defaultOf(known);
      return expected === undefined ? [] : [{ name, value, expected }];
    });
    expect(withDefault.length).toBeGreaterThan(10);
    for (const { name, value, expected } of withDefault) {
      expect({ name, value }).toEqual({ name, value: expected });
    }
  });

  it('hold no secret', async () => {
    for (const name of ['mangamotion.env', 'mangamotion.config.json', 'docker-compose.yml']) {
      const text = await readFile(path.join(examples, name), 'utf8');
      expect(text).not.toMatch(/^\W*\w*(SECRET_KEY|PASSWORD)\W{1,3}[\w/+]/m);
    }
  });

  it('of a compose file pin their images, check their health and keep their data', async () => {
    const text = await readFile(path.join(examples, 'docker-compose.yml'), 'utf8');
    const { services, volumes } = parse(text) as {
      services: Record<string, { image: string; healthcheck: unknown; volumes: string[] }>;
      volumes: Record<string, unknown>;
    };
    expect(Object.keys(services)).toEqual(['minio', 'redis']);
    for (const service of Object.values(services)) {
      expect(service.image).toMatch(/:(RELEASE\.\d{4}-|\d+\.\d+\.\d+)/);
      expect(service.healthcheck).toMatchObject({ test: expect.anything() as unknown });
      const [volume = ''] = service.volumes.map((mount) => mount.split(':')[0] ?? '');
      expect(Object.keys(volumes)).toContain(volume);
    }
  });

  it('of serve behind a proxy trust that proxy alone, and start', async () => {
    const text = await readFile(path.join(examples, 'compose.serve.yml'), 'utf8');
    const { services } = parse(text) as {
      services: Record<
        'serve' | 'proxy',
        {
          command: string[];
          ports?: string[];
          volumes: string[];
          networks: { inside: { ipv4_address: string } };
        }
      >;
    };
    const { serve, proxy } = services;
    const [program, ...words] = serve.command;
    const parsed = await parseCommandLine(words, catalog, 80);
    expect({ program, kind: parsed.kind }).toEqual({ program: 'mangamotion', kind: 'run' });
    const valueOf = (flag: string) => words[words.indexOf(flag) + 1];
    expect(valueOf('--behind-proxy')).toBe(proxy.networks.inside.ipv4_address);
    expect(serve.ports).toBeUndefined();
    const caddyfile = await readFile(path.join(examples, 'Caddyfile'), 'utf8');
    expect(proxy.volumes).toContain('./Caddyfile:/etc/caddy/Caddyfile:ro');
    const host = valueOf('--host') ?? '';
    expect(caddyfile).toContain(`\n${host} {\n`);
    expect(caddyfile).toContain(`reverse_proxy serve${String(valueOf('--listen'))} {`);
    // A client cannot say who it is.
    const [removal, login] = ['request_header -X-User-ID', 'copy_headers X-User-ID'];
    expect(caddyfile.indexOf(removal)).toBeGreaterThan(0);
    expect(caddyfile.indexOf(removal)).toBeLessThan(caddyfile.indexOf(login));
  });
});
