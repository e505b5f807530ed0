import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { catalog } from '../../../../src/cli/catalog.js';
import { TOPIC_NAMES } from '../../../../src/cli/manual/topics.js';
import { runMain, world } from '../world.js';

const folder = mkdtempSync(join(tmpdir(), 'mangamotion-help-'));
afterAll(() => rmSync(folder, { recursive: true }));

function help(...words: string[]) {
  return runMain(['help', ...words], catalog);
}

describe('help', () => {
  it('lists topics and commands', async () => {
    const { status, stdout } = await help();
    expect(status).toBe(0);
    expect(stdout).toMatch(/^ {2}recovery +what to type/m);
    expect(stdout).toMatch(/^ {2}backup full +back up all buckets/m);
    const { stdout: json } = await help('--json');
    const { topics } = JSON.parse(json) as { topics: { name: string }[] };
    expect(topics.map(({ name }) => name)).toEqual(TOPIC_NAMES);
  });

  it('prints a page as plain text into a pipe', async () => {
    const { status, stdout } = await help('recovery');
    expect(status).toBe(0);
    expect(stdout).toContain('\nOne object was overwritten or deleted\n-----');
    expect(stdout).not.toContain('\u001b');
    expect(stdout).not.toContain('<!--');
  });

  it('shows --limit-rate for every command that moves bytes from or to a store', async () => {
    const without =
      /^(billing|config|completion|help|jobs (watch|index)|key|schedule .+|drill (history|report))/;
    for (const { path } of catalog.commands) {
      const name = path.join(' ');
      const { stdout } = await runMain([...path, '--help'], catalog);
      const shows = stdout.includes('--limit-rate');
      if (!without.test(name)) expect({ name, shows }).toEqual({ name, shows: true });
      if (/^(billing|completion|jobs (watch|index))/.test(name)) {
        expect({ name, shows }).toEqual({ name, shows: false });
      }
    }
  });

  it('gives a page as JSON: its topic, and its text as in a pipe', async () => {
    const { stdout } = await help('lines', '--json');
    const { topic, text } = JSON.parse(stdout) as { topic: string; text: string };
    expect(topic).toBe('lines');
    expect(text).toMatch(/^Lines\n=====\n/);
  });

  it('shows the help of a command, as --help does', async () => {
    const { stdout } = await help('backup', 'full');
    expect(stdout).toBe((await runMain(['backup', 'full', '--help'], catalog)).stdout);
    const { stdout: json } = await help('backup', 'full', '--json');
    expect(JSON.parse(json)).toEqual({ command: 'backup full', text: stdout });
  });

  it('lists the commands of a topic that has the name of some', async () => {
    expect((await help('schedule')).stdout).toContain('- `mangamotion schedule next`: ');
    expect((await help('billing', 'track')).stdout).toContain('Usage: mangamotion billing track');
  });
});

describe('help of nothing that there is', () => {
  it.each([
    [['recvery'], 'did you mean `mangamotion help recovery`?'],
    [['statsu'], '`mangamotion help backup status` or `mangamotion help schedule status`'],
    [['bakcup', 'full'], 'did you mean `mangamotion help backup full`?'],
    [['KMS'], 'these topics mention it: servers.'],
    [['nonsense'], 'the topics are recovery, backup, '],
    [['schedule', 'bogus'], '`schedule` has init, import, '],
  ])('%j is wrong usage, with a suggestion', async (words, hint) => {
    const { status, stdout, stderr } = await help(...words);
    expect(status).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toContain(`no topic or command is called '${words.join(' ')}'`);
    expect(stderr).toContain(hint);
  });

  it('is an error document with --json', async () => {
    const { status, stdout } = await help('nonsense', '--json');
    expect(status).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'usage' } });
  });
});

describe('a page on a terminal', () => {
  const file = join(folder, 'paged');
  const PAGER = `cat > ${file}`;

  async function onTerminal(rows: number, env: Record<string, string>, ...words: string[]) {
    const host = world({ columns: 60, env: { PATH: process.env.PATH, TERM: 'xterm', ...env } });
    Object.assign(host.stdout, { rows });
    rmSync(file, { force: true });
    const outcome = await runMain(['help', ...words], catalog, host);
    let paged: string | undefined;
    try {
      paged = readFileSync(file, 'utf8');
    } catch {
      // Nothing was given to the pager.
    }
    return { ...outcome, paged };
  }

  it('goes through PAGER where it is longer than the screen', async () => {
    const { status, stdout, paged } = await onTerminal(24, { PAGER }, 'recovery');
    expect([status, stdout]).toEqual([0, '']);
    expect(paged).toContain('RECOVERY');
    expect(paged).toContain('\u001b[');
  });

  it.each([
    ['it fits', 500, { PAGER }, ['recovery']],
    ['--no-pager is given', 24, { PAGER }, ['recovery', '--no-pager']],
    ['PAGER is cat', 24, { PAGER: 'cat' }, ['recovery']],
    ['PAGER is empty', 24, { PAGER: '' }, ['recovery']],
    ['the terminal is dumb', 24, { PAGER, TERM: 'dumb' }, ['recovery']],
    ['there is no such pager', 24, { PAGER: 'no-such-pager-here 2>&-' }, ['recovery']],
    ['less is not installed', 24, { PATH: folder }, ['recovery']],
    ['JSON was asked for', 24, { PAGER }, ['recovery', '--json']],
  ])('is printed where %s', async (_why, rows, env, words) => {
    const { stdout, paged } = await onTerminal(rows, env, ...words);
    expect(stdout.toUpperCase()).toContain('RECOVERY');
    expect(paged).toBeUndefined();
  });

  it('has no colours with NO_COLOR, and none of the secrets are in the environment of the pager', async () => {
    const { paged } = await onTerminal(24, { PAGER, NO_COLOR: '1' }, 'recovery');
    expect(paged).toContain('Recovery\n========');
    const secret = { PAGER: `env > ${file}`, MINIO_SECRET_KEY: 'hidden', EDITOR: 'ed' };
    const { paged: environment } = await onTerminal(24, secret, 'recovery');
    expect(environment).toContain('EDITOR=ed');
    expect(environment).not.toContain('hidden');
  });

  it('leaves Ctrl-C to the pager', async () => {
    const host = world({ columns: 60, env: { PATH: process.env.PATH, PAGER: 'sleep 0.5; cat' } });
    Object.assign(host.stdout, { rows: 24 });
    const running = runMain(['help', 'recovery'], catalog, host);
    const interrupt = setInterval(() => host.signals.emit('SIGINT'), 50);
    const { status, stderr } = await running;
    clearInterval(interrupt);
    expect([status, stderr, host.signals.exits]).toEqual([0, '', []]);
  });
});
