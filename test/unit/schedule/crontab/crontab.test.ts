import { describe, expect, it } from 'vitest';
import { checkCrontab } from '../../../../src/schedule/crontab/check.js';
import { parseCrontab } from '../../../../src/schedule/crontab/crontab.js';
import { zoneOfTz } from '../../../../src/schedule/crontab/zone.js';
import { TEMPLATE } from '../../../../src/cli/commands/schedule/init.js';

const parse = (text: string) =>
  parseCrontab(text, { zone: 'Europe/Berlin', now: new Date('2026-11-24T12:00:00Z') });

/** The mistakes as `line:column`, with a part of what is said. */
const mistakes = (text: string) =>
  parse(text).problems.map(({ line, column, message }) => `${line}:${column} ${message}`);

describe('a crontab', () => {
  it('has the entries that schedule init offers', () => {
    const { entries, problems } = parse(TEMPLATE);
    expect(problems).toEqual([]);
    expect(
      entries.map(({ name, timeText, argv, timing }) => [
        name,
        timeText,
        argv.join(' '),
        timing.zone,
      ]),
    ).toEqual([
      ['hourly', '0 * * * *', 'backup incremental /mnt/backup --keep-days 7', 'UTC'],
      ['daily', '0 2 * * *', 'backup full /mnt/backup --keep-days 30', 'UTC'],
      ['weekly', '0 3 * * 0', 'backup full s3://backup-bucket/minio --keep-days 365', 'UTC'],
      ['monthly', '0 4 1 * *', 'backup full /mnt/cold-storage --keep-days 2555', 'UTC'],
      ['verify', '30 6 * * *', 'backup verify /mnt/backup --within 30d', 'UTC'],
      ['drill', '30 5 2 * *', 'drill object /mnt/backup', 'UTC'],
      ['audit', '30 4 * * *', 'billing audit', 'UTC'],
    ]);
    expect(entries[0]).toMatchObject({ timeoutMs: 3_000_000, overlap: 'skip', catchup: 'once' });
  });

  it('has shorthands, seconds, names of days and months, and quoted words', () => {
    const { entries, problems } = parse(
      [
        '@daily backup full /a',
        '*/10 * * * * * backup list /a',
        '30 4 * jan-mar,Dec mon-FRI backup full \'/with space\' "/and \\" quote"',
        '0 0 * * 7 backup status /a\\ b # no comment',
      ].join('\r\n'),
    );
    expect(problems).toEqual([]);
    const [daily, seconds, named, sunday] = entries;
    expect(daily?.timing).toMatchObject({ zone: 'Europe/Berlin', fields: { isFixed: true } });
    expect(seconds?.timing.fields.seconds).toEqual(new Set([0, 10, 20, 30, 40, 50]));
    expect(named?.timing.fields.months).toEqual(new Set([1, 2, 3, 12]));
    expect(named?.timing.fields.daysOfWeek).toEqual(new Set([1, 2, 3, 4, 5]));
    expect(named?.argv).toEqual(['backup', 'full', '/with space', '/and " quote']);
    expect(sunday?.timing.fields.daysOfWeek).toEqual(new Set([0]));
    expect(sunday?.argv).toEqual(['backup', 'status', '/a b', '#', 'no', 'comment']);
  });

  it('has options in a comment of key=value alone', () => {
    const { entries, problems } = parse(
      [
        '# a comment with key=value in it is none',
        '# name=a timeout=1h30m jitter=30s overlap=wait catchup=none',
        '# on-failure is told below',
        '0 * * * * backup list /a',
        "# on-failure='mail -s failed ops' on-success=https://example.com/ping",
        '0 * * * * backup list /a',
      ].join('\n'),
    );
    expect(problems).toEqual([]);
    expect(entries[0]).toMatchObject({
      ...{ name: 'a', timeoutMs: 5_400_000, jitterMs: 30_000, overlap: 'wait', catchup: 'none' },
    });
    expect(entries[1]).toMatchObject({
      ...{ name: 'backup-list-a', overlap: 'skip', onFailure: 'mail -s failed ops' },
      onSuccess: 'https://example.com/ping',
    });
  });

  it('names an entry by its command, not by how long it keeps things', () => {
    const { entries } = parse('0 1 * * * backup full /a --keep-days 30\n');
    expect(entries[0]?.name).toBe('backup-full-a');
  });

  it('gives entries names that differ', () => {
    const { entries } = parse('0 1 * * * backup list /a\n0 2 * * * backup list /a\n');
    expect(entries.map(({ name }) => name)).toEqual(['backup-list-a', 'backup-list-a-2']);
  });

  it('applies CRON_TZ to the entries behind it', () => {
    const { entries } = parse(
      '0 1 * * * backup list a\nCRON_TZ="Asia/Tokyo"\n0 1 * * * backup list b',
    );
    expect(entries.map(({ timing }) => timing.zone)).toEqual(['Europe/Berlin', 'Asia/Tokyo']);
  });
});

describe('mistakes', () => {
  it.each([
    ['60 * * * * backup list a', '1:1 the minute "60" must be 0 to 59'],
    ['0 24 * * * backup list a', '1:3 the hour "24" must be 0 to 23'],
    ['0 0 0 * * backup list a', '1:5 the day of month "0" must be 1 to 31'],
    ['0 0 * 13 * backup list a', '1:7 the month "13" must be 1 to 12 or a name'],
    ['0 0 * * 8 backup list a', '1:9 the day of week "8" must be 0 to 7 or a name'],
    ['0  0 *  * x backup list a', '1:11 the day of week "x" must be 0 to 7 or a name'],
    ['5-1 * * * * backup list a', '1:1 the minute "5-1": its end is before its start'],
    ['5/2 * * * * backup list a', '1:1 the minute "5/2": only a range or a star can have a step'],
    ['*/0 * * * * backup list a', '1:1 the minute "*/0": its step is not a number'],
    ['1,,2 * * * * backup list a', '1:1 the minute "" is not a number, range or star'],
    ['0 0 31 2 * backup list a', '1:1 0 0 31 2 * never runs: no calendar has such a day'],
    ['0 0 * *', '1:1 a line begins with 5 time fields and a command'],
    ['0 0 * * *', '1:10 there is no command after the time'],
    ['@reboot backup list a', '1:1 unknown time @reboot: use @yearly'],
    ["0 0 * * * backup list 'a", '1:23 this quotation is not closed'],
    ['MAILTO=ops', '1:1 MAILTO is not set here'],
    ['CRON_TZ=Moon/Base', '1:9 there is no time zone "Moon/Base"'],
    ['# nam=x\n0 0 * * * backup list a', '1:3 unknown option nam: the options are name, timeout'],
    [
      '# timeout=0s\n0 0 * * * backup list a',
      '1:3 timeout must be a time such as 50m or 2h, not "0s"',
    ],
    ['#  name=a jitter=x\n0 0 * * * backup list a', '1:11 jitter must be a time'],
    [
      '# overlap=maybe\n0 0 * * * backup list a',
      '1:3 overlap must be skip, wait, kill, not "maybe"',
    ],
    ['# name=a name=b\n0 0 * * * backup list a', '1:10 name is set twice'],
    ['# name=../x\n0 0 * * * backup list a', '1:3 name must be letters'],
    ['0 0 * * * backup list a\n# name=x', '2:1 these options belong to no entry'],
    [
      '# name=x\n0 0 * * * backup list a\n# name=x\n0 0 * * * backup list b',
      '4:1 another entry already has the name x',
    ],
  ])('%j', (text, expected) => {
    const found = mistakes(text);
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(expected);
  });

  it('are told all at once', () => {
    const text = '61 25 * * * backup list a\n# nonsense=1\nPATH=/bin\n@never backup list a\n';
    expect(mistakes(text).map((one) => one.split(' ')[0])).toEqual([
      '1:1',
      '1:4',
      '2:3',
      '3:1',
      '4:1',
    ]);
  });
});

/** What is remarked on, as `line:column severity message`. */
const remarks = (text: string) =>
  parse(text).remarks.map(
    ({ line, column, severity, message }) => `${line}:${column} ${severity} ${message}`,
  );
const LIST = '0 2 * * * backup list /a';

describe('a mistake that earlier versions passed over', () => {
  it.each([
    ['# name=daily the big one', '1:3 mistake name not set'],
    ['#   the big one: name=daily timeout=5h', '1:18 mistake name, timeout not set'],
    ['# name = daily', '1:3 mistake name not set'],
    ['# Timeout=5h for all', '1:3 mistake timeout not set'],
    ["# on-failure='mail ops", '1:3 mistake on-failure not set'],
    ["# don't: jitter=5m", '1:10 mistake jitter not set'],
    ['# pass-env=REDIS_URL, please', '1:3 mistake pass-env not set'],
    ['# jitter=25h', '1:3 mistake jitter is longer than the time between two runs'],
    ['# on-failure=ftp://very-secret/x', '1:3 mistake on-failure cannot use ftp://'],
    ['# name=a on-success=https://[very-secret', '1:10 mistake on-success is not a valid URL'],
  ])('is remarked on: %j', (comment, expected) => {
    const text = `${comment}\n${LIST}`;
    const { problems, entries } = parse(text);
    expect(problems).toEqual([]);
    expect(entries).toHaveLength(1);
    const [found = '', ...more] = remarks(text);
    expect(more).toEqual([]);
    expect(found).toContain(expected);
    expect(found).not.toContain('very-secret');
  });

  it.each([
    '# a comment with key=value in it',
    '# the name of it, and its timeout',
    '# rename=x and filename=y',
    '# (name=x the old one)',
    '# not imported (it needs a shell): 0 2 * * * name=x; timeout=5',
    '# jitter=24h',
    '# on-failure=./notify.sh',
    "# on-failure='curl ftp://example.com'",
    '# on-failure=HTTPS://example.com/x',
  ])('is none: %j', (comment) => {
    expect(remarks(`${comment}\n${LIST}`)).toEqual([]);
  });

  it.each([
    ['*/10 * * * *', '10m', '11m'],
    ['0 * * * *', '1h', '61m'],
    ['0,5 * * * *', '5m', '6m'],
    ['*/10 * * * * *', '10s', '11s'],
    ['0 2 * * 1-5', '1d', '25h'],
    ['0 2 1 * *', '28d', '32d'],
    ['0 0 29 2 *', '1000d', '2000d'],
  ])('jitter is longer than the shortest period: %s', (time, longest, longer) => {
    const of = (jitter: string) => remarks(`# jitter=${jitter}\n${time} backup list /a`);
    expect(of(longest)).toEqual([]);
    expect(of(longer)).toHaveLength(1);
  });

  it('is a zone in TZ that is none, where an entry has no other', () => {
    const of = (text: string) =>
      parseCrontab(text, { zone: 'UTC', zoneProblem: 'TZ is wrong', now: new Date() }).remarks;
    expect(of(`# c\n${LIST}\n${LIST}`)).toEqual([
      { line: 2, column: 1, message: 'TZ is wrong', severity: 'mistake' },
    ]);
    expect(of(`CRON_TZ=UTC\n${LIST}`)).toEqual([]);
  });
});

describe('all mistakes of an entry', () => {
  it('are told: of its options, of its time and of its command', async () => {
    const { problems } = await checkCrontab(
      [
        '# timeout=0s jitter=x overlap=maybe',
        '61,62 25 32 13 8 backup ful /a',
        '@never backup ful /a',
        '# name=x',
        LIST,
        '# name=x',
        "61 * * * * backup list 'a",
      ].join('\n'),
      {
        ...{ zone: 'UTC', now: new Date() },
        validate: (argv) => Promise.resolve(argv.includes('ful') ? ['one', 'two'] : []),
        inspect: () => Promise.resolve(undefined),
      },
    );
    expect(
      problems.map(({ line, column, message }) => `${line}:${column} ${message.slice(0, 20)}`),
    ).toEqual([
      '1:3 timeout must be a ti',
      '1:14 jitter must be a tim',
      '1:23 overlap must be skip',
      '2:1 the minute "61" must',
      '2:1 the minute "62" must',
      '2:7 the hour "25" must b',
      '2:10 the day of month "32',
      '2:13 the month "13" must ',
      '2:16 the day of week "8" ',
      '2:18 one',
      '2:18 two',
      '3:1 unknown time @never:',
      '3:8 one',
      '3:8 two',
      '7:1 the minute "61" must',
      '7:1 another entry alread',
      '7:24 this quotation is no',
    ]);
  });
});

describe('pass-env', () => {
  it('names secret settings that the hooks of an entry have', () => {
    const { entries, problems } = parse(`# pass-env=REDIS_URL,PING_URL\n${LIST}\n${LIST}`);
    expect(problems).toEqual([]);
    expect(entries.map(({ passEnv }) => passEnv)).toEqual([['REDIS_URL', 'PING_URL'], []]);
  });

  it.each(['', 'MINIO_SECRT_KEY', 'REDIS_URL,', 'PATH'])('is no other name: %j', (value) => {
    expect(mistakes(`# pass-env=${value}\n${LIST}`)).toEqual([
      expect.stringContaining('1:3 pass-env must be names of secret settings') as string,
    ]);
  });
});

describe('the zone that TZ names', () => {
  it.each([
    ['', 'UTC'],
    [':', 'UTC'],
    ['Europe/Berlin', 'Europe/Berlin'],
    [':Europe/Berlin', 'Europe/Berlin'],
    ['/usr/share/zoneinfo/Asia/Tokyo', 'Asia/Tokyo'],
    [':/usr/share/zoneinfo/posix/Asia/Tokyo', 'Asia/Tokyo'],
    ['EST5EDT', 'EST5EDT'],
    ['CET-1CEST,M3.5.0,M10.5.0/3', undefined],
    ['UTC+2', undefined],
    ['<+03>-3', undefined],
    ['Moon/Base', undefined],
  ])('%j', (tz, zone) => {
    expect(zoneOfTz(tz)).toBe(zone);
  });
});
