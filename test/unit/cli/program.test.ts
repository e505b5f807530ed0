import { describe, expect, it } from 'vitest';
import { defineCommand } from '../../../src/cli/argv/command.js';
import { MangamotionError } from '../../../src/errors.js';
import { catalogOf, runMain, world } from './world.js';

const ok = catalogOf({});

function failing(error: Error) {
  return catalogOf({ run: () => Promise.reject(error) });
}

describe('the status of a command', () => {
  it('is 0 when the command says nothing else', async () => {
    expect(await runMain(['backup', 'test'], ok)).toEqual({ status: 0, stdout: '', stderr: '' });
  });

  it('is what the command resolves to', async () => {
    const partial = catalogOf({ run: () => Promise.resolve('partial') });
    expect((await runMain(['backup', 'test'], partial)).status).toBe(3);
  });

  it('is that of the error, told in a message and a hint', async () => {
    const error = new MangamotionError('not_found', 'no backup x', { hint: 'see backup list' });
    const { status, stdout, stderr } = await runMain(['backup', 'test'], failing(error));
    expect(status).toBe(4);
    expect(stderr).toBe('mangamotion: no backup x\n  hint: see backup list\n');
    expect(stdout).toBe('');
  });

  it('is 1 for an error of ours that nobody foresaw, without a stack trace', async () => {
    const { status, stderr } = await runMain(['backup', 'test'], failing(new TypeError('x is y')));
    expect(status).toBe(1);
    expect(stderr).toBe(
      'mangamotion: unexpected error: x is y; this is a bug\n' +
        '  hint: run the command again with --debug, and report what it prints\n',
    );
  });
});

describe('--debug', () => {
  it('shows the stack and the causes, without secrets', async () => {
    const cause = new Error('GET http://u:pw1234@host/?X-Amz-Signature=abc failed');
    const error = new MangamotionError('unreachable', 'no answer for s3cr3t-key', { cause });
    const host = world({ env: { MINIO_SECRET_KEY: 's3cr3t-key' } });
    const { stderr } = await runMain(['backup', 'test', '--debug'], failing(error), host);
    expect(stderr).toContain('mangamotion: no answer for [redacted]\n');
    expect(stderr).toContain('    at ');
    expect(stderr).toContain('GET http://u:[redacted]@host/?X-Amz-Signature=[redacted] failed');
    expect(stderr).not.toContain('s3cr3t-key');
  });
});

describe('--json', () => {
  it('prints a failure on stdout as one document', async () => {
    const error = new MangamotionError('unreachable', 'no answer', { hint: 'is it up?' });
    const { status, stdout } = await runMain(['--json', 'backup', 'test'], failing(error));
    expect(status).toBe(6);
    expect(JSON.parse(stdout)).toEqual({
      error: { code: 'unreachable', message: 'no answer', hint: 'is it up?' },
    });
  });

  it('prints wrong usage so too', async () => {
    const { status, stdout } = await runMain(['backup', 'test', '--jsno', '--json'], ok);
    expect(status).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({
      error: { code: 'usage', message: "unknown option '--jsno'" },
    });
  });

  it('prints a missing command so too', async () => {
    const { status, stdout } = await runMain(['--json'], ok);
    expect(status).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({ error: { message: 'no command given' } });
  });

  it('prints no second document after an answer', async () => {
    const catalog = catalogOf({
      async run({ output }) {
        await output.document({ json: { id: 'x' }, human: () => undefined });
        throw new MangamotionError('disk', 'no space left');
      },
    });
    const { status, stdout } = await runMain(['backup', 'test', '--json'], catalog);
    expect(status).toBe(1);
    expect(JSON.parse(stdout)).toEqual({ id: 'x' });
  });

  it('keeps a secret out of the document', async () => {
    const host = world({ env: { MINIO_SECRET_KEY: 's3cr3t-key' } });
    const error = new MangamotionError('usage', 'odd: s3cr3t-key');
    const { stdout } = await runMain(['backup', 'test', '--json'], failing(error), host);
    expect(stdout).toContain('odd: [redacted]');
  });
});

describe('a terminal', () => {
  it('never gets the escape sequences that an error quotes', async () => {
    const error = new MangamotionError('not_found', 'no object \u001b[31mred\u009b2J');
    const { stderr } = await runMain(['backup', 'test'], failing(error));
    expect(stderr).toBe(String.raw`mangamotion: no object \u001b[31mred\u009b2J` + '\n');
  });
});

describe('DRY_RUN=true', () => {
  const dry = world({ env: { DRY_RUN: 'true' } });

  it('is given to a command that can run dry', async () => {
    const seen: boolean[] = [];
    const catalog = catalogOf({
      changes: 'dry-run',
      run: ({ dryRun }) => Promise.resolve(void seen.push(dryRun)).then(() => undefined),
    });
    await runMain(['backup', 'test'], catalog, dry);
    await runMain(['backup', 'test', '--dry-run'], catalog);
    await runMain(['backup', 'test'], catalog);
    expect(seen).toEqual([true, true, false]);
  });

  it('stops a command that cannot, with status 2', async () => {
    const { status, stderr } = await runMain(
      ['backup', 'test'],
      catalogOf({ changes: 'always' }),
      world({ env: { DRY_RUN: 'yes' } }),
    );
    expect(status).toBe(2);
    expect(stderr).toContain('DRY_RUN is set, but `backup test` has no dry run');
  });

  it('means nothing to a command that only looks', async () => {
    expect((await runMain(['backup', 'test'], ok, world({ env: { DRY_RUN: 'x' } }))).status).toBe(
      0,
    );
  });
});

describe('--csv', () => {
  it('is refused where the answer has no rows', async () => {
    const { status, stderr } = await runMain(['backup', 'test', '--csv'], ok);
    expect(status).toBe(2);
    expect(stderr).toContain('`backup test` has no rows to print as CSV');
  });

  it('is refused beside --json', async () => {
    const catalog = catalogOf({ printsRows: true });
    expect((await runMain(['backup', 'test', '--csv', '--json'], catalog)).status).toBe(2);
  });
});

describe('defineCommand', () => {
  it('gives the handler values of the types that the data says', async () => {
    const seen: unknown[] = [];
    const command = defineCommand({
      description: 'x',
      arguments: {
        backup: { description: 'b' },
        what: { description: 'w', choices: ['full', 'data'], default: 'full' },
      },
      options: {
        bucket: { value: 'name', description: 'b', repeatable: true },
        onConflict: { value: 'way', description: 'c', choices: ['skip', 'fail'] },
        jobs: { value: 'count', description: 'j', parse: Number, default: 4 },
        noVerify: { description: 'n' },
        force: { short: 'f', description: 'f' },
      },
      changes: 'nothing',
      usesStore: false,
      printsRows: false,
      endsWith: [],
      examples: {},
      run(_context, args, options) {
        const what: 'full' | 'data' = args.what;
        const jobs: number = options.jobs;
        const buckets: string[] = options.bucket;
        const conflict: 'skip' | 'fail' | undefined = options.onConflict;
        seen.push(args.backup, what, jobs, buckets, conflict, options.noVerify, options.force);
        return Promise.resolve(undefined);
      },
    });
    const catalog = catalogOf(command);
    await runMain(['backup', 'test', 'b1'], catalog);
    expect(seen.splice(0)).toEqual(['b1', 'full', 4, [], undefined, false, false]);
    const words = ['b1', 'data', '--bucket', 'x', '--bucket=y', '--jobs', '8', '--no-verify', '-f'];
    await runMain(['backup', 'test', ...words, '--on-conflict', 'skip'], catalog);
    expect(seen).toEqual(['b1', 'data', 8, ['x', 'y'], 'skip', true, true]);
  });
});
