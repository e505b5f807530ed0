import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseCommandLine } from '../../../src/cli/argv/parser.js';
import { catalog } from '../../../src/cli/catalog.js';
import { MangamotionError } from '../../../src/errors.js';
import { catalogOf, runMain, world } from './world.js';

const argv = ['backup', 'test'];
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'mangamotion-context-'));
  await writeFile(path.join(folder, 'a.env'), 'MINIO_SECRET_KEY=from-env-file', { mode: 0o600 });
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

describe('the configuration of a command', () => {
  const reads = catalogOf({
    run: async ({ config }) => {
      const { store } = await config();
      throw new MangamotionError('refused', `${store.host} ${store.secretKey?.reveal() ?? 'none'}`);
    },
  });

  it('comes from the files and flags of the command line', async () => {
    const words = [...argv, '--env-file', 'a.env', '--endpoint', 'elsewhere:9000', '--debug'];
    const { stderr } = await runMain(words, reads, world({ cwd: folder }));
    // Also a secret that only a file holds is kept out of errors.
    expect(stderr).toContain('mangamotion: elsewhere [redacted]\n');
    expect(stderr).not.toContain('from-env-file');
  });

  it('that is wrong ends it with status 2', async () => {
    const host = world({ env: { MINIO_PORT: 'x' } });
    const { status, stderr } = await runMain(argv, reads, host);
    expect(status).toBe(2);
    expect(stderr).toBe(
      'mangamotion: MINIO_PORT (environment): must be a port number, 1 to 65535, not "x"\n',
    );
  });

  it('warns of slips once, however often it is asked for', async () => {
    const asksTwice = catalogOf({
      run: async ({ config, warn }) => {
        await Promise.all([config(), config()]);
        warn('no answer from http://me:hunter22@h/\u001b[2J');
        return undefined;
      },
    });
    const host = world({ env: { MINIO_ENDPIONT: 'h' } });
    const { stderr } = await runMain([...argv, '--quiet'], asksTwice, host);
    expect(stderr.split('\n')).toEqual([
      'mangamotion: warning: MINIO_ENDPIONT (environment) is not a setting of mangamotion; did you mean MINIO_ENDPOINT?',
      String.raw`mangamotion: warning: no answer from http://me:[redacted]@h/\u001b[2J`,
      '',
    ]);
  });
});

describe('the object store of a command', () => {
  const opens = catalogOf({
    usesStore: true,
    run: async ({ openStore }) => {
      await openStore();
      return undefined;
    },
  });

  it('is not handed out where nothing answers at its address', async () => {
    const env = {
      MINIO_ENDPOINT: '127.0.0.1:1',
      MINIO_ACCESS_KEY: 'a',
      MINIO_SECRET_KEY: 'secret',
    };
    const { status, stderr } = await runMain(argv, opens, world({ env }));
    expect(status).toBe(6);
    expect(stderr).toMatch(/^mangamotion: http:\/\/127\.0\.0\.1:1 cannot be reached/);
  });

  it('is not opened without credentials, and the error says which are missing', async () => {
    const { status, stderr } = await runMain(argv, opens, world());
    expect(status).toBe(2);
    expect(stderr).toMatch(
      /^mangamotion: no credentials .*: MINIO_ACCESS_KEY and MINIO_SECRET_KEY .*\n {2}hint: set MINIO_ACCESS_KEY/,
    );
  });
});

describe('--yes, --no-input and --verbose', () => {
  const asks = catalogOf({
    run: async ({ confirm, isInteractive, saysYes, output }) => {
      const answer = await confirm('really?');
      await output.document({
        json: { isInteractive, saysYes, answer: answer ?? null },
        human: () => undefined,
      });
      return undefined;
    },
  });

  function terminal() {
    const stdin = Object.assign(Readable.from(['y\n']), { isTTY: true as const });
    return world({ columns: 80, stdin });
  }

  it.each([
    [[], { isInteractive: true, saysYes: false, answer: true }],
    [['--no-input'], { isInteractive: false, saysYes: false, answer: null }],
    [['--yes'], { isInteractive: true, saysYes: true, answer: true }],
    [['-y', '-v'], { isInteractive: true, saysYes: true, answer: true }],
  ])('%j tells the command', async (flags, seen) => {
    const { status, stdout } = await runMain([...argv, '--json', ...flags], asks, terminal());
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toEqual(seen);
  });

  it.each(catalog.commands.map(({ path }) => [path.join(' '), path] as const))(
    'are taken by %s, before it and behind it',
    async (_name, path) => {
      const flags = ['--yes', '--no-input', '--verbose'];
      for (const words of [
        [...path, ...flags, '--help'],
        [...flags, ...path, '--help'],
      ]) {
        const parsed = await parseCommandLine(words, catalog, 80);
        expect(parsed).toMatchObject({
          kind: 'print',
          text: expect.stringContaining(`Usage: mangamotion ${path.join(' ')}`) as unknown,
        });
      }
    },
  );

  it('are not taken for a word of the command', async () => {
    const parsed = await parseCommandLine(['schedule', '-y', 'next'], catalog, 80);
    expect(parsed).toMatchObject({ kind: 'run', invocation: { name: 'schedule next' } });
  });

  it('tell of the files that settings come from', async () => {
    const reads = catalogOf({
      run: async ({ config }) => {
        await config();
        return undefined;
      },
    });
    const words = [...argv, '--env-file', 'a.env'];
    const told = `mangamotion: settings from ${path.join(folder, 'a.env')}\n`;
    expect((await runMain([...words, '-v'], reads, world({ cwd: folder }))).stderr).toBe(told);
    expect((await runMain(words, reads, world({ cwd: folder }))).stderr).toBe('');
  });
});
