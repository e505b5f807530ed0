import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { parseCrontab } from '../../../../src/schedule/crontab/crontab.js';
import { importCrontab } from '../../../../src/schedule/crontab/import.js';
import { splitShellLine } from '../../../../src/schedule/crontab/shell-words.js';
import { quoteWord, splitWords } from '../../../../src/schedule/crontab/words.js';
import { removeAtExit } from '../../../helpers/child-processes.js';

const imported = (text: string, isSystem = false) => importCrontab(text, { isSystem });
const parsed = (text: string) => parseCrontab(text, { zone: 'UTC', now: new Date('2026-01-01') });

describe('a crontab that calls backup-minio.sh', () => {
  it('becomes the schedule that does the same', () => {
    const { text, entries, notes } = imported(
      [
        '# backups',
        'CRON_TZ=Europe/Berlin',
        '0 * * * * BACKUP_RETENTION_DAYS=7 /opt/mangamotion/backup-minio.sh incremental /mnt/backup',
        '0 2 * * * /opt/mangamotion/backup-minio.sh full /mnt/backup >> /var/log/backup.log 2>&1',
        '@weekly BACKUP_RETENTION_DAYS=365 sh /opt/x/backup-minio.sh full s3://backup-bucket/minio',
        "0 4 1 * * /opt/x/backup-minio.sh metadata '/mnt/cold storage'",
      ].join('\n'),
    );
    expect(notes).toEqual([]);
    expect(entries).toBe(4);
    expect(text).toBe(
      [
        '# backups',
        'CRON_TZ=Europe/Berlin',
        '0 * * * *   backup incremental /mnt/backup --keep-days 7',
        '0 2 * * *   backup full /mnt/backup --keep-days 30',
        '@weekly   backup full s3://backup-bucket/minio --keep-days 365',
        "0 4 1 * *   backup metadata '/mnt/cold storage' --keep-days 30",
        '',
      ].join('\n'),
    );
  });

  it('keeps the retention that is set for all lines behind it', () => {
    const { text } = imported('BACKUP_RETENTION_DAYS=14\n0 2 * * * /opt/backup-minio.sh full /b\n');
    expect(text).toBe('0 2 * * *   backup full /b --keep-days 14\n');
  });

  it('of the system has a user in each line', () => {
    const { text } = imported('0 2 * * * root /opt/backup-minio.sh full /b\n', true);
    expect(text).toBe('0 2 * * *   backup full /b --keep-days 30\n');
  });

  it('of the system with several users is the schedule of the first', () => {
    const { text, entries, notes } = imported(
      '0 2 * * * root /opt/backup-minio.sh full /b\n0 3 * * * ops /opt/backup-minio.sh full /c\n',
      true,
    );
    expect(entries).toBe(1);
    expect(text).toContain('# not imported (it runs as ops and others as root: ');
    expect(notes).toMatchObject([{ line: 2 }]);
  });

  it.each([
    ['# name=x', '# (name=x)'],
    ['##  name=x', '# (name=x)'],
    ['# nightly, name=x', '# (nightly, name=x)'],
    ["# don't set name=x", "# (don't set name=x)"],
    ['# nothing special', '# nothing special'],
  ])('cannot set options by accident: %j', (comment, expected) => {
    const { text } = imported(`${comment}\n0 2 * * * /opt/backup-minio.sh full /b\n`);
    expect(text).toBe(`${expected}\n0 2 * * *   backup full /b --keep-days 30\n`);
  });
});

/** Command lines at two o'clock: the entries that they become, each on a line. */
const SAME: [command: string, entry: string][] = [
  ['/opt/backup-minio.sh full /b', 'backup full /b --keep-days 30'],
  ['backup-minio.sh incremental /b', 'backup incremental /b --keep-days 30'],
  ['./backup-minio.sh metadata /b', 'backup metadata /b --keep-days 30'],
  ['bash -eu /opt/backup-minio.sh full /b', 'backup full /b --keep-days 30'],
  ['"/opt/my tools/backup-minio.sh" full "/mnt/a b"', "backup full '/mnt/a b' --keep-days 30"],
  ["/opt/backup-minio.sh full '/mnt/$HOME'", "backup full '/mnt/$HOME' --keep-days 30"],
  ['/opt/backup-minio.sh full /mnt/a\\ b', "backup full '/mnt/a b' --keep-days 30"],
  ['/opt/backup-minio.sh full /mnt/100\\%', 'backup full /mnt/100% --keep-days 30'],
  ['/opt/backup-minio.sh full "/it\'s"', "backup full '/it'\\''s' --keep-days 30"],
  ['/opt/backup-minio.sh full /b > /dev/null 2>&1', 'backup full /b --keep-days 30'],
  ['/opt/backup-minio.sh full /b >/dev/null 2>>"/var/log/a b"', 'backup full /b --keep-days 30'],
  ['>/dev/null /opt/backup-minio.sh full /b', 'backup full /b --keep-days 30'],
  ['/opt/backup-minio.sh full /b # nightly', '# nightly\nbackup full /b --keep-days 30'],
  ['/opt/backup-minio.sh full /b # name=x', '# (name=x)\nbackup full /b --keep-days 30'],
  ['BACKUP_RETENTION_DAYS=7 /opt/backup-minio.sh full /b', 'backup full /b --keep-days 7'],
  ['env BACKUP_RETENTION_DAYS=7 /opt/backup-minio.sh full /b', 'backup full /b --keep-days 7'],
  ['PATH=/usr/bin:/bin /opt/backup-minio.sh full /b', 'backup full /b --keep-days 30'],
  ['flock -n /l /opt/backup-minio.sh full /b', '# overlap=skip\nbackup full /b --keep-days 30'],
  ['flock /l /opt/backup-minio.sh full /b', '# overlap=wait\nbackup full /b --keep-days 30'],
  [
    '/usr/bin/flock -x -n /l -c "/opt/backup-minio.sh full /b"',
    '# overlap=skip\nbackup full /b --keep-days 30',
  ],
  ['timeout 3600 /opt/backup-minio.sh full /b', '# timeout=3600s\nbackup full /b --keep-days 30'],
  ['timeout -k 30 2h /opt/backup-minio.sh full /b', '# timeout=2h\nbackup full /b --keep-days 30'],
  [
    'timeout -s TERM --foreground 5m /opt/backup-minio.sh full /b',
    '# timeout=5m\nbackup full /b --keep-days 30',
  ],
  ['timeout 0 /opt/backup-minio.sh full /b', 'backup full /b --keep-days 30'],
  [
    'flock -n /l timeout 1d /opt/backup-minio.sh full /b',
    '# overlap=skip timeout=1d\nbackup full /b --keep-days 30',
  ],
  [
    'timeout 1d flock -n /l /opt/backup-minio.sh full /b',
    '# timeout=1d overlap=skip\nbackup full /b --keep-days 30',
  ],
  ["sh -c '/opt/backup-minio.sh full /b'", 'backup full /b --keep-days 30'],
  ['cd /opt/mm && ./backup-minio.sh full /b', 'backup full /b --keep-days 30'],
  ['cd /mnt && /opt/backup-minio.sh full ./b/', 'backup full /mnt/b --keep-days 30'],
  ['cd /mnt/b && /opt/backup-minio.sh full .', 'backup full /mnt/b --keep-days 30'],
  ['mangamotion backup full /b --keep-daily 7', 'backup full /b --keep-daily 7'],
  ['/usr/local/bin/mangamotion backup verify /b --latest >> /log', 'backup verify /b --latest'],
  ['flock -n /l mangamotion billing audit', '# overlap=skip\nbilling audit'],
];

/** Command lines that need a shell, or another user or machine, and what is said of them. */
const OTHER: [command: string, reason: string][] = [
  [
    '[ "$(date +\\%d)" -le 7 ] && /opt/backup-minio.sh full /b',
    'a pattern of file names, or a test',
  ],
  ['test "$(date +\\%d)" -le 7 && /opt/backup-minio.sh full /b', 'a variable or $(…)'],
  ['test -e /mnt/b/mounted && /opt/backup-minio.sh full /b', 'a condition with &&'],
  ['mountpoint -q /b && /opt/backup-minio.sh full /b', 'a condition with &&'],
  ['[ -d /b ] || exit; /opt/backup-minio.sh full /b', 'a pattern of file names, or a test'],
  ['test -d /b || /opt/backup-minio.sh full /b', 'a pipe or ||'],
  ['cd /opt && test -e x && ./backup-minio.sh full /b', 'a condition with &&'],
  ['cd /mnt/usb && /opt/backup-minio.sh full /b', 'it runs only if /mnt/usb exists'],
  ['cd mm && ./backup-minio.sh full /b', 'a condition with &&'],
  ['/opt/backup-minio.sh full /b && curl https://example.com', 'a condition with &&'],
  ['sleep 30; /opt/backup-minio.sh full /b', 'several commands with ;'],
  ['sleep $((RANDOM \\% 60)); /opt/backup-minio.sh full /b', 'a variable or $(…)'],
  ['/opt/backup-minio.sh full /b; /opt/backup-minio.sh full /c', 'several commands with ;'],
  ['/opt/backup-minio.sh full /b | logger', 'a pipe or ||'],
  ['/opt/backup-minio.sh full /b 2>&1 | logger -t b', 'a pipe or ||'],
  ['/opt/backup-minio.sh full /b &', 'a command in the background'],
  ['/opt/backup-minio.sh full /b &> /log', 'a command in the background, or &>'],
  ['/opt/backup-minio.sh full /b < /dev/null', 'an input redirection'],
  ['/opt/backup-minio.sh full /b 3> /log', 'a redirection'],
  ['/opt/backup-minio.sh full /b >| /log', 'a redirection'],
  ['/opt/backup-minio.sh full $HOME/b', 'a variable or $(…)'],
  ['/opt/backup-minio.sh full "$HOME/b"', 'a variable or $(…)'],
  ['/opt/backup-minio.sh full /b > /log-$(date +\\%F)', 'a variable or $(…)'],
  ['/opt/backup-minio.sh full `hostname`', 'a command in backquotes'],
  ['/opt/backup-minio.sh full "/b/`hostname`"', 'a command in backquotes'],
  ['/opt/backup-minio.sh full ~/b', '~ in it'],
  ['A=~/b /opt/backup-minio.sh full /b', '~ in it'],
  ['/opt/backup-minio.sh full /mnt/b*', 'a pattern of file names'],
  ['/opt/backup-minio.sh full /mnt/b?', 'a pattern of file names'],
  ['/opt/backup-minio.sh full /mnt/{a,b}', 'braces'],
  ['(/opt/backup-minio.sh full /b)', 'a subshell'],
  ['! /opt/backup-minio.sh full /b', 'a negation'],
  ['sudo -u backup /opt/backup-minio.sh full /b', 'sudo in front of backup-minio.sh'],
  ['ssh host /opt/backup-minio.sh full /b', 'ssh in front of backup-minio.sh'],
  ["ssh host '/opt/backup-minio.sh full /b'", 'ssh in front of backup-minio.sh'],
  ['docker exec app /opt/backup-minio.sh full /b', 'docker in front of backup-minio.sh'],
  ['su - backup -c "/opt/backup-minio.sh full /b"', 'su in front of backup-minio.sh'],
  ['time /opt/backup-minio.sh full /b', 'time in front of backup-minio.sh'],
  ['env -i /opt/backup-minio.sh full /b', 'env -i has no equivalent'],
  ['bash -lc "/opt/backup-minio.sh full /b"', 'sh -lc has no equivalent'],
  ["sh -c '/opt/backup-minio.sh full $1' x /b", 'this sh -c has no equivalent'],
  ["sh -c '/opt/backup-minio.sh full /b; true'", 'several commands with ;'],
  ['flock -w 60 /l /opt/backup-minio.sh full /b', 'flock -w has no equivalent'],
  ['flock -s /l /opt/backup-minio.sh full /b', 'flock -s has no equivalent'],
  ['flock -n 9 /opt/backup-minio.sh full /b', 'flock without a file'],
  ['timeout 1h flock /l /opt/backup-minio.sh full /b', 'timeout before flock'],
  ["timeout 1h sh -c 'flock /l /opt/backup-minio.sh full /b'", 'timeout before flock'],
  ['timeout -s INT 1h /opt/backup-minio.sh full /b', 'timeout -s INT has no equivalent'],
  ['timeout 1.5h /opt/backup-minio.sh full /b', 'the time of timeout'],
  ['timeout 1h timeout 2h /opt/backup-minio.sh full /b', 'two timeout'],
  ["timeout 1h sh -c 'timeout 2h /opt/backup-minio.sh full /b'", 'two timeout'],
  [
    'MINIO_ENDPOINT=http://a /opt/backup-minio.sh full /b',
    'MINIO_ENDPOINT is set for this line alone',
  ],
  [
    'BACKUP_RETENTION_DAYS=x /opt/backup-minio.sh full /b',
    'BACKUP_RETENTION_DAYS "x" is not a number of days',
  ],
  ['/opt/backup-minio.sh full /b --fast', '--fast has no equivalent'],
  ['/opt/backup-minio.sh full b', 'not an absolute path'],
  ['/opt/backup-minio.sh full', 'it names no destination'],
  ['/opt/backup-minio.sh sideways /b', 'has no type "sideways"'],
  ["/opt/backup-minio.sh full '/b", 'a quotation in it is not closed'],
  ['/opt/backup-minio.sh full /b\\', 'it ends in a backslash'],
  ['/opt/backup-minio.sh full /b%yes', 'the text after its %'],
  ['mangamotion backup full b', 'not an absolute path'],
  ['mangamotion --env-file .env backup full /b', '--env-file is not absolute'],
  ['mangamotion schedule run daily', 'a schedule cannot run it'],
  ['cd /opt && mangamotion backup full /b', 'it runs in /opt'],
  ['BACKUP_RETENTION_DAYS=7 mangamotion backup full /b', 'add --keep-days'],
  ['/usr/bin/certbot renew', 'it does not call backup-minio.sh'],
];

describe('a line of a crontab', () => {
  it.each(SAME)('becomes an entry: %s', (command, expected) => {
    const { text, notes, entries } = imported(`0 2 * * * ${command}`);
    expect(notes).toEqual([]);
    expect(entries).toBe(1);
    expect(text).toBe(`${expected.replace(/([^\n]*)$/, '0 2 * * *   $1')}\n`);
    expect(parsed(text)).toMatchObject({ problems: [], remarks: [] });
  });

  it.each(OTHER)('stays as a comment with the reason: %s', (command, reason) => {
    const line = `0 2 * * * ${command}`;
    const { text, notes, entries } = imported(line);
    expect(entries).toBe(0);
    expect(notes).toHaveLength(1);
    expect(notes[0]).toMatchObject({ line: 1, column: 1 });
    expect(notes[0]?.message).toContain(reason);
    expect(text).toBe(`# not imported (${notes[0]?.message ?? ''}): ${line}\n`);
    expect(parsed(text)).toMatchObject({ problems: [], remarks: [] });
  });

  it.each([
    ['@reboot /opt/backup-minio.sh full /b', '@reboot has no equivalent'],
    ['hello world', 'it does not begin with a time'],
    ['0 25 * * * /opt/backup-minio.sh full /b', 'the hour "25" must be 0 to 23'],
    ['0~30 2 * * * /opt/backup-minio.sh full /b', 'the minute "0~30"'],
    ['0 0 31 2 * /opt/backup-minio.sh full /b', 'it never runs'],
    ['-0 2 * * * /opt/backup-minio.sh full /b', 'it does not begin with a time'],
    ['MAILTO=ops@example.com', 'MAILTO is left out'],
    ['TZ=Europe/Berlin', 'TZ is left out: cron takes the times in CRON_TZ'],
    ['CRON_TZ=Moon/Base', 'there is no time zone "Moon/Base"'],
  ])('is reported: %j', (line, reason) => {
    const { text, notes, entries } = imported(line);
    expect(entries).toBe(0);
    expect(notes).toHaveLength(1);
    expect(notes[0]?.message).toContain(reason);
    expect(text).toBe(`# not imported (${notes[0]?.message ?? ''}): ${line}\n`);
  });

  it.each([
    ['nice -n 19 /opt/backup-minio.sh full /b', 'nice -n 19'],
    ['nice -19 ionice -c 3 /opt/backup-minio.sh full /b', 'nice -19', 'ionice -c 3'],
    ['ionice -c2 -n7 /opt/backup-minio.sh full /b', 'ionice -c2 -n7'],
    ['nohup /opt/backup-minio.sh full /b', 'nohup'],
  ])(
    'becomes an entry without what changes no result, which is reported: %s',
    (command, ...left) => {
      const { text, notes, entries } = imported(`0 2 * * * ${command}`);
      expect(entries).toBe(1);
      expect(notes.map(({ message }) => message.replace(/ is left out: .*/, ''))).toEqual(left);
      expect(text.split('\n').at(-2)).toBe('0 2 * * *   backup full /b --keep-days 30');
      expect(parsed(text)).toMatchObject({ problems: [], remarks: [] });
    },
  );

  it('never has one kind of day for two', () => {
    const { text, entries } = imported(
      '0 2 * * 0 [ $(date +\\%d) -le 7 ] && /opt/backup-minio.sh full /b',
    );
    expect(entries).toBe(0);
    expect(text).not.toMatch(/^[^#]/m);
  });

  it('with a lock of other lines too stays as a comment', () => {
    const { entries, notes } = imported(
      '0 2 * * * flock -n /l /opt/backup-minio.sh full /b\n0 3 * * * flock -n /l certbot renew\n',
    );
    expect(entries).toBe(0);
    expect(notes[0]?.message).toBe('other lines use its lock too: /l');
  });

  it('below a zone that does not exist has no time that anybody knows', () => {
    const line = '0 2 * * * /opt/backup-minio.sh full /b';
    const { text, entries } = imported(`CRON_TZ=Moon/Base\n${line}\nCRON_TZ=UTC\n${line}\n`);
    expect(entries).toBe(1);
    expect(text.split('\n')[1]).toContain('in a time zone that does not exist, Moon/Base');
  });

  it.each([
    ['MINIO_SECRET_KEY=very-secret', '# not imported (…): MINIO_SECRET_KEY=…'],
    [
      '0 2 * * * REDIS_URL="redis://:very-secret@h" /opt/backup-minio.sh full /b',
      '# not imported (…): 0 2 * * * REDIS_URL=… /opt/backup-minio.sh full /b',
    ],
  ])('does not carry a secret into a file that others may read: %s', (line, expected) => {
    const { text, notes } = imported(line);
    expect(JSON.stringify({ text, notes })).not.toContain('very-secret');
    expect(text.replace(/\(.*?\)/, '(…)')).toBe(`${expected}\n`);
  });
});

const folder = mkdtempSync(join(tmpdir(), 'mangamotion-import-'));
afterAll(removeAtExit(folder));

/** The words that /bin/sh makes of each of the lines. */
function wordsOfShell(lines: readonly string[]): string[][] {
  // All by one shell: to start one for each takes longer than all the rest of the test.
  const script = `for line; do
    eval "set -- $line"
    printf '%s\\0' "$#" "$@"
  done`;
  const args = ['-c', script, 'sh', ...lines];
  const text = execFileSync('/bin/sh', args, { cwd: folder, encoding: 'utf8' });
  const fields = text.split('\0').slice(0, -1);
  return lines.map(() => fields.splice(0, Number(fields.shift())));
}

const word = fc.string({ unit: fc.constantFrom(...' \t\'"\\#=~*$`;&|<>(){}[]!?%-ab/é'.split('')) });

describe('quoting', () => {
  it('of any word is undone by the schedule, by the importer and by a shell', () => {
    const lists = fc.sample(fc.array(word, { minLength: 1 }), 300);
    const lines = lists.map((words) => words.map(quoteWord).join(' '));
    const ofShell = wordsOfShell(lines);
    for (const [at, words] of lists.entries()) {
      const line = lines[at] ?? '';
      expect(splitWords(line), line).toMatchObject(words.map((text) => ({ text })));
      expect(splitShellLine(line), line).toEqual({
        words: words.map((text) => ({ kind: 'word', text })),
        comment: undefined,
      });
      expect(ofShell[at], line).toEqual(words);
    }
  });

  it('is read as a shell reads it, where it is read at all', () => {
    const part = fc.constantFrom(
      ...'  \t\'\'""\\#=~*$`;&<(){}[!?%-ab/'.split(''),
      '\\"',
      'a b',
      '#a',
    );
    const lines = fc.sample(fc.array(part, { maxLength: 12 }), 5000).map((parts) => parts.join(''));
    const read = lines.flatMap((line) => {
      const split = splitShellLine(line);
      if (typeof split === 'string' || split.words.some(({ kind }) => kind === 'and')) return [];
      return [{ line, words: split.words.map(({ text }) => text) }];
    });
    expect(read.length).toBeGreaterThan(100);
    // `set -- ` is in front of each: a word that begins with a dash is a word.
    const ofShell = wordsOfShell(read.map(({ line }) => line));
    for (const [at, { line, words }] of read.entries()) expect(ofShell[at], line).toEqual(words);
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe('any crontab', () => {
  it('becomes a schedule without mistakes, in which every line of it is left', () => {
    const piece = fc.constantFrom(
      ...[
        '0 2 * * * ',
        '@daily ',
        '# ',
        'name=',
        'timeout=1h',
        ' ',
        'CRON_TZ=',
        'UTC',
        '=',
        '"',
        "'",
      ],
      ...[
        '/opt/backup-minio.sh full ',
        '/b',
        'flock -n /l ',
        'timeout 5 ',
        'nice ',
        '\\',
        '%',
        ' #',
      ],
      ...[
        'sh -c ',
        'mangamotion ',
        'backup full ',
        '$',
        ';',
        '60 2 * * * ',
        'cd /x && ',
        'PATH=/b ',
      ],
    );
    const line = fc.array(piece, { maxLength: 6 }).map((pieces) => pieces.join(''));
    fc.assert(
      fc.property(fc.array(line, { maxLength: 4 }), fc.boolean(), (lines, isSystem) => {
        const { text, entries, notes } = imported(lines.join('\n'), isSystem);
        const schedule = parsed(text);
        expect(schedule).toMatchObject({ problems: [], remarks: [] });
        expect(schedule.entries).toHaveLength(entries);
        const kept = text.split('\n').filter((one) => one.startsWith('# not imported ('));
        expect(kept.length).toBeLessThanOrEqual(notes.length);
      }),
      { numRuns: 3000 },
    );
  }, 60_000);
});
