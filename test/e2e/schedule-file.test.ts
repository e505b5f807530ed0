import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../helpers/backups.js';
import { run, runJson } from '../helpers/cli.js';
import { PROGRAM, mangamotion } from './run.js';

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
      ...{ exitCode: 0, stdout: '✓ mangamotion.crontab: 7 entries, no mistakes\n' },
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

describe('schedule check of a file that ran before', () => {
  interface Checked {
    ok: boolean;
    problems: { line: number; column: number; message: string }[];
    warnings: { line: number; column: number; message: string }[];
  }
  const check = () => runJson<Checked>(['schedule', 'check'], { cwd });

  it('warns of destinations that do not exist, with status 0', async () => {
    mkdirSync(join(cwd, 'there'));
    writeFileSync(join(cwd, 'file'), '');
    write(
      ['full there', 'full gone', 'list file', 'full s3://bucket/x', 'status gone --max-age 26h']
        .map((command) => `0 2 * * * backup ${command}\n`)
        .join(''),
    );
    const { exitCode, answer } = await check();
    expect({ exitCode, ok: answer.ok, problems: answer.problems }).toEqual({
      ...{ exitCode: 0, ok: true, problems: [] },
    });
    expect(answer.warnings).toEqual([
      { line: 2, column: 11, message: 'there is no folder gone' },
      { line: 3, column: 11, message: 'file is not a folder' },
      { line: 5, column: 11, message: 'there is no folder gone' },
    ]);
    const { stderr } = await schedule('check');
    expect(stderr).toContain('mangamotion.crontab:2:11: there is no folder gone');
  });

  it('finds all mistakes of a command', async () => {
    write('0 2 * * * backup full /a --keep-dayz 3 --keep-days many --paralel --keep-weekly=x\n');
    const { exitCode, answer } = await check();
    expect(exitCode).toBe(5);
    expect(answer.problems.map(({ message }) => message.replace(/[ ,].*/, ''))).toHaveLength(4);
    const messages = answer.problems.map(({ message }) => message).join('\n');
    for (const option of ['--keep-dayz', '--keep-days ', '--paralel', '--keep-weekly']) {
      expect(messages).toContain(option);
    }
  });

  it('finds an option that is lost in prose: status 5, and the file can be used', async () => {
    write('# name=daily the big one\n0 2 * * * backup list .\n');
    const { exitCode, answer } = await check();
    expect({ exitCode, ok: answer.ok }).toEqual({ exitCode: 5, ok: false });
    expect(answer.problems).toMatchObject([{ line: 1, column: 3 }]);
    expect((await schedule('next')).exitCode).toBe(0);
  });

  it.each([
    [0o666, 'everyone may write to it'],
    [0o644, undefined],
    [0o444, undefined],
  ])('refuses one that others may write (%o)', async (mode, reason) => {
    write('0 2 * * * backup list .\n');
    chmodSync(join(cwd, 'mangamotion.crontab'), mode);
    const { exitCode, answer } = await check();
    expect(exitCode).toBe(reason === undefined ? 0 : 5);
    expect(answer.problems.map(({ message }) => message.split(',')[0])).toEqual(
      reason === undefined ? [] : [reason],
    );
  });
});

describe('the zone of TZ', () => {
  const withTz = async (tz: string, name: string) =>
    await mangamotion(['schedule', name, '--json'], {
      ...{ cwd, env: { TZ: tz, PATH: process.env.PATH ?? '' } },
    });

  it.each([
    ['', 'UTC'],
    [':Europe/Berlin', 'Europe/Berlin'],
    ['Asia/Tokyo', 'Asia/Tokyo'],
  ])('%j is right', async (tz, zone) => {
    write('0 2 * * * backup list .\n');
    expect((await withTz(tz, 'check')).exitCode).toBe(0);
    const next = await withTz(tz, 'next');
    expect((JSON.parse(next.stdout) as { runs: { zone: string }[] }).runs[0]?.zone).toBe(zone);
  });

  it.each([
    ['CET-1CEST,M3.5.0,M10.5.0/3', 'UTC'],
    ['UTC+2', 'Etc/GMT+2'],
    ['Moon/Base', 'UTC'],
  ])('%j is a mistake', async (tz, zone) => {
    write('0 2 * * * backup list .\n');
    const check = await withTz(tz, 'check');
    expect(check.exitCode).toBe(5);
    expect(check.stdout).toContain(`times are read as ${zone}`);
    write('CRON_TZ=UTC\n0 2 * * * backup list .\n');
    expect((await withTz(tz, 'check')).exitCode).toBe(0);
  });
});

describe('a schedule that is no file', () => {
  it('is a pipe that a command fills', async () => {
    const { exitCode, stdout } = await execa(
      'bash',
      [
        '-c',
        `"$0" "$1" schedule check --file <(echo '0 2 * * * backup list .')`,
        process.execPath,
        PROGRAM,
      ],
      { cwd, reject: false },
    );
    expect({ exitCode, isRight: stdout.includes('1 entry, no mistakes') }).toEqual({
      exitCode: 0,
      isRight: true,
    });
  });

  it('is waited for by nobody where nothing fills it, nor is a device', async () => {
    await execa('mkfifo', [join(cwd, 'pipe')]);
    expect((await schedule('check', '--file', 'pipe')).exitCode).toBe(5);
    expect((await schedule('--file', 'pipe', '--state-dir', 'state')).stderr).toContain(
      'cannot read pipe: it is a pipe, not a file',
    );
    const zeros = await schedule('check', '--file', '/dev/zero');
    expect(zeros.exitCode).toBe(2);
    expect(zeros.stderr).toContain('it is larger than 1 MiB');
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
