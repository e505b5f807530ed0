import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../helpers/backups.js';
import { run, runJson } from '../helpers/cli.js';
import { PROGRAM } from './run.js';

const { folder, remove } = temporaryFolder();
afterAll(remove);

let cwd: string;
let tests = 0;
beforeEach(() => {
  cwd = join(folder, String(++tests));
  mkdirSync(cwd);
});

const schedule = (...args: string[]) => run(['schedule', ...args], { cwd });
const write = (text: string) => writeFileSync(join(cwd, 'mangamotion.crontab'), text);

describe('schedule init', () => {
  it('writes a file without mistakes, and never over another one', async () => {
    expect((await schedule('init')).exitCode).toBe(0);
    const check = await schedule('check');
    expect(check).toMatchObject({
      ...{ exitCode: 0, stdout: '✓ mangamotion.crontab: 4 entries, no mistakes\n' },
    });
    write('mine');
    const again = await schedule('init');
    expect(again.exitCode).toBe(8);
    expect(readFileSync(join(cwd, 'mangamotion.crontab'), 'utf8')).toBe('mine');
  });

  it('prints it, and writes nothing, for - and with --dry-run', async () => {
    for (const args of [
      ['init', '-'],
      ['init', '--dry-run'],
    ]) {
      const { stdout, exitCode } = await schedule(...args);
      expect(exitCode).toBe(0);
      expect(stdout).toContain('0 * * * *   backup incremental /mnt/backup --keep-days 7\n');
    }
    expect((await schedule('check')).exitCode).toBe(4);
  });
});

describe('schedule check', () => {
  it('tells all mistakes with line and column, those of commands by the parser that runs them', async () => {
    write(
      [
        '61 * * * * backup full /a',
        '0 2 * * *   backup ful /a',
        '0 2 * * *   backup full /a --keep-dayz 3',
        '0 2 * * *   backup full /a --keep-days many',
        '0 2 * * *   schedule check',
        '0 2 * * *   backup full --help',
        '0 0 31 2 *  backup full /a',
      ].join('\n'),
    );
    const { exitCode, answer } = await runJson<{
      ok: boolean;
      problems: { line: number; column: number; message: string }[];
    }>(['schedule', 'check'], { cwd });
    expect({ exitCode, ok: answer.ok }).toEqual({ exitCode: 5, ok: false });
    expect(answer.problems.map(({ line, column }) => [line, column])).toEqual([
      ...[
        [1, 1],
        [2, 13],
        [3, 13],
        [4, 13],
        [5, 13],
        [6, 13],
        [7, 1],
      ],
    ]);
    const messages = answer.problems.map(({ message }) => message).join('\n');
    expect(messages).toMatch(/unknown option '--keep-dayz'/);
    expect(messages).toMatch(/--keep-days must be/);
    expect(messages).toMatch(/a schedule cannot run a schedule/);
    expect(messages).toMatch(/runs nothing/);
    expect(messages).toMatch(/never runs/);
    const { stdout } = await schedule('check');
    expect(stdout).toContain('mangamotion.crontab:1:1: the minute "61" must be 0 to 59');
  });

  it.each([
    ['an empty file', ''],
    ['comments alone', '# nothing\n\n'],
  ])('finds no entry in %s: status 5', async (_what, text) => {
    write(text);
    expect((await schedule('check')).exitCode).toBe(5);
  });

  it('has no file to look at: status 4, and a folder is none: status 2', async () => {
    expect((await schedule('check')).exitCode).toBe(4);
    expect((await schedule('check', '--file', '.')).exitCode).toBe(2);
  });
});

describe('schedule', () => {
  it('with a word that is none of its commands tells which there are', async () => {
    const { exitCode, stderr } = await schedule('histroy');
    expect(exitCode).toBe(2);
    expect(stderr).toContain("unknown command 'histroy'");
    expect(stderr).toContain('history');
  });
});

describe('schedule next', () => {
  it('tells what runs when, in the order of time', async () => {
    write('CRON_TZ=UTC\n0 2 * * * backup full /a\n0 * * * * backup incremental /a\n');
    const { exitCode, answer } = await runJson<{ runs: { name: string; at: string }[] }>(
      ['schedule', 'next', '--count', '25'],
      { cwd },
    );
    expect(exitCode).toBe(0);
    expect(answer.runs).toHaveLength(25);
    const times = answer.runs.map(({ at }) => at);
    expect(times).toEqual([...times].sort());
    const full = answer.runs.filter(({ name }) => name === 'backup-full-a');
    expect(full.map(({ at }) => at.slice(11))).toEqual(['02:00:00.000Z']);
  });

  it('of a file with mistakes is status 2, with all of them', async () => {
    write('61 * * * * backup full /a\n0 2 * * * nonsense\n');
    const { exitCode, stderr } = await schedule('next');
    expect(exitCode).toBe(2);
    expect(stderr).toContain('2 mistakes:');
    expect(stderr).toContain('mangamotion.crontab:2:11: ');
  });
});

describe('schedule import', () => {
  it('says what to do where there is no crontab, and where nothing in it is ours', async () => {
    const none = await schedule('import', 'nope');
    expect(none.exitCode).toBe(4);
    expect(none.stderr).toContain('crontab -l | mangamotion schedule import -');
    write('# nothing\n');
    const empty = await schedule('import', 'mangamotion.crontab');
    expect(empty.exitCode).toBe(3);
    expect(empty.stderr).toContain('no line of mangamotion.crontab calls backup-minio.sh');
  });

  it('makes a schedule of a crontab from stdin that check finds right', async () => {
    const crontab = '0 2 * * * /opt/backup-minio.sh full /mnt/backup\n0 5 * * * certbot renew\n';
    const { stdout, stderr, exitCode } = await execa(
      process.execPath,
      [PROGRAM, 'schedule', 'import', '-'],
      {
        ...{ cwd, input: crontab, reject: false },
      },
    );
    expect(exitCode).toBe(3);
    expect(stderr).toContain('stdin:2:1: it does not call backup-minio.sh');
    write(stdout);
    expect((await schedule('check')).exitCode).toBe(0);
  });
});
