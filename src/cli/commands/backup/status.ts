import { BACKUP_TYPES } from '../../../repository/names.js';
import type { ChainProblem } from '../../../repository/chain.js';
import type { DestinationStatus, KindStatus, LineStatus } from '../../../repository/status.js';
import type { LockState } from '../../../repository/lock-state.js';
import type { Column } from '../../output/columns.js';
import { defineCommand } from '../../argv/command.js';
import { parseDuration } from '../../values/duration.js';
import { csvRows } from '../../output/answers.js';
import type { Field, Page } from '../../output/page.js';
import { countOf } from '../../output/units.js';
import type { Tone } from '../../output/paint.js';
import { destinationArguments } from './backup-options.js';
import { coverageText } from './coverage-text.js';
import { MOST_PROBLEMS, shortList, suspicionOf } from './describe.js';
import { lockFields } from './lock-text.js';
import { withMark } from './status-marks.js';

export const backupStatus = defineCommand({
  description:
    'Check the backups at a destination: the age of the newest complete backup, whether each ' +
    'backup and the archives that it refers to are present with the right length, how much space ' +
    'they take, and what expires next. The exit status is 5 if there is no complete backup, the ' +
    'newest is older than --max-age, a file or a sidecar is missing, or locked files are hidden by deletions or ' +
    'overwrites; it is 3 if a newer version wrote some backups, archives are in cold storage, or ' +
    'locks are missing or too short. Each line (source and selection of buckets) with ' +
    'two or more backups is checked separately, unless it is retired.',
  arguments: destinationArguments,
  options: {
    maxAge: {
      value: 'duration',
      description: 'the maximum age of the newest complete backup, such as 26h',
      parse: parseDuration,
    },
    type: {
      value: 'type',
      description: 'the type whose age counts (default: the newer of full and incremental)',
      choices: BACKUP_TYPES,
    },
    line: { value: 'name', description: 'check only this line' },
  },
  changes: 'nothing',
  usesStore: false,
  usesDestination: true,
  printsRows: true,
  endsWith: ['partial', 'not_found', 'damaged', 'unreachable', 'refused'],
  examples: {
    'mangamotion backup status /var/backups/minio': 'show the status',
    'mangamotion backup status /var/backups/minio --max-age 26h --quiet > /dev/null':
      'for cron: the exit status shows whether the nightly backup was made',
    "mangamotion backup status /var/backups/minio --json | jq '.growth.bytes_per_day'":
      'print the growth per day',
  },
  async run(context, { destination: location }, { maxAge, type, line }) {
    const { openDestination } = await import('../../../repository/locate.js');
    const { readReadings } = await import('../../../repository/readings.js');
    const { destinationStatus, isLate } = await import('../../../repository/status.js');
    const { readLockState } = await import('../../../repository/lock-state.js');
    const { backup } = await context.config();
    context.progress.start('listing');
    const destination = await openDestination(location, context.cwd, context);
    const readings = await readReadings(destination);
    const backups = await destination.list();
    const { retentionDays } = backup;
    const locks = await readLockState(destination, backups, { retentionDays });
    const status = destinationStatus(backups, {
      readings,
      now: context.now(),
      retentionDays,
      maxAgeMs: maxAge,
      type,
      line,
    });
    context.progress.done();
    await context.output.document({
      json: { destination: location, ...status, locks },
      human: (page) => describe(page, status, locks, location),
      csv: csvRows(kindColumns, status.kinds),
    });
    const isHidden = locks?.status === 'hidden';
    if (isLate(status) || status.chains.status === 'broken' || isHidden) return 'damaged';
    const isLocked = locks === null || locks.status === 'ok';
    return status.chains.status === 'unknown' || !isLocked ? 'partial' : undefined;
  },
});

function describe(
  page: Page,
  status: DestinationStatus,
  locks: LockState | null,
  location: string,
): void {
  const { people } = page;
  const { freshness, chains, growth, retention } = status;
  page.fields([
    { label: 'fresh', ...freshnessText(page, freshness) },
    { label: 'whole', ...chainText(chains) },
    { label: 'archives', text: people.bytes(status.archive_bytes) },
    ...protectionFields(status),
    { label: 'read', ...verificationText(page, status.verification) },
    {
      label: 'growth',
      text:
        growth === null
          ? 'unknown until there are backups from two different days'
          : `${people.bytes(growth.bytes_per_day)} a day, by the archives since ${growth.since}`,
    },
    { label: 'expiry', text: expiryText(page, retention) },
    ...lockFields(page, locks, location),
  ]);
  page.text('').table(kindColumns, status.kinds);
  if (status.lines.length > 0) page.text('').table(lineColumns, status.lines);
  for (const { line, suspended_by: suspect } of status.lines) {
    if (suspect !== null) page.text('').text(suspicionOf(line, suspect), 'bad');
  }
  if (chains.problems.length === 0) return;
  page.text('').table(problemColumns, chains.problems.slice(0, MOST_PROBLEMS));
  const more = chains.problems.length - MOST_PROBLEMS;
  if (more > 0) page.text(`… and ${people.count(more)} more: --json lists them all`);
}

function verificationText({ people }: Page, verification: DestinationStatus['verification']) {
  if (verification === null) {
    return { text: 'never: "backup verify DESTINATION --within 30d" reads it in parts' };
  }
  return coverageText(people, verification, verification.within_seconds);
}

/** Recipients that people are shown; the JSON has them all. */
const MOST_RECIPIENTS = 2;

/** Nothing where no backup has it. */
function protectionFields({ protection, chains: { checked } }: DestinationStatus): Field[] {
  const { encrypted, recipients, signatures } = protection;
  const share = (count: number) =>
    `${count === checked ? 'all' : `${count} of`} ${countOf(checked, 'backup')}`;
  const named = recipients.slice(0, MOST_RECIPIENTS).join(', ');
  const more = recipients.length - MOST_RECIPIENTS;
  const to = more > 0 ? `${named} and ${countOf(more, 'more key')}` : named;
  return [
    ...(encrypted === 0 ? [] : [{ label: 'encrypted', text: `${share(encrypted)}, to ${to}` }]),
    ...(signatures === 0
      ? []
      : [
          {
            label: 'signatures',
            text: `beside ${share(signatures)}, not checked: "backup verify --signer KEY" checks them`,
          },
        ]),
  ];
}

interface StatusText {
  text: string;
  tone: Tone;
}

function freshnessText({ people }: Page, freshness: DestinationStatus['freshness']): StatusText {
  const { types, newest_complete: newest, max_age_seconds: maxAge } = freshness;
  if (newest === null) {
    return withMark('missing', `there is no complete ${types.join(' or ')} backup`);
  }
  const age = newest.age_seconds === null ? 'of unknown age' : ageText(newest.age_seconds);
  const limit = maxAge === null ? '' : `, but may be at most ${people.duration(maxAge)}`;
  if (freshness.status === 'retired') {
    return withMark('retired', `${newest.id} is ${age}; its line was retired`);
  }
  const isFresh = freshness.status === 'fresh';
  return withMark(freshness.status, `${newest.id} is ${age}${isFresh ? '' : limit}`);

  function ageText(seconds: number): string {
    return seconds < 0
      ? 'dated in the future: a clock is wrong'
      : `${people.duration(seconds)} old`;
  }
}

function chainText({ status, checked, problems }: DestinationStatus['chains']): StatusText {
  if (status === 'ok') {
    const all =
      checked === 1
        ? 'backup, with all archives that it refers'
        : 'backups, with all archives that they refer';
    return withMark(status, `${checked} ${all} to`);
  }
  const affected = (of: readonly ChainProblem[]) => {
    const { size } = new Set(of.map(({ id }) => id));
    return `${size} of ${countOf(checked, 'backup')}`;
  };
  if (status === 'broken') {
    return withMark(status, `${affected(problems)} cannot be read completely`);
  }
  const cold = problems.filter(({ kind }) => kind === 'archive_cold');
  const newer = problems.filter(({ kind }) => kind === 'summary_newer');
  const parts = [
    ...(cold.length === 0 ? [] : [`${affected(cold)} partly or fully in cold storage`]),
    ...(newer.length === 0 ? [] : [`${affected(newer)} of a newer version`]),
  ];
  return withMark(status, parts.join('; '));
}

function expiryText({ people }: Page, retention: DestinationStatus['retention']): string {
  const { days, next_expiry: next } = retention;
  const rule = `keeping ${countOf(days, 'day')}`;
  return next === null
    ? `none (${rule})`
    : `${shortList(next.ids)}, ${people.time(next.at)} (${rule})`;
}

const newestColumn: Column<Pick<KindStatus, 'newest_complete'>> = {
  title: 'newest complete',
  name: 'newest_complete',
  value: ({ newest_complete: newest }) => newest?.id ?? 'none',
  least: Infinity,
};

const amountColumns: Column<Pick<KindStatus, 'backups' | 'archive_bytes'>>[] = [
  {
    title: 'backups',
    name: 'backups',
    value: ({ backups }) => backups,
    show: ({ backups }, people) => people.count(backups),
    align: 'right',
    dispensable: 2,
  },
  {
    title: 'archives',
    name: 'archive_bytes',
    value: ({ archive_bytes }) => archive_bytes,
    show: ({ archive_bytes }, people) => people.bytes(archive_bytes),
    align: 'right',
    dispensable: 3,
  },
];

const lineColumns: Column<LineStatus>[] = [
  { title: 'line', name: 'line', value: ({ line }) => line },
  {
    title: 'status',
    name: 'status',
    value: ({ status }) => status,
    show: ({ status, suspended_by: suspect }) => {
      return suspect === null ? status : `${status}, suspended: the newest is suspect`;
    },
    tone: ({ status, counts, suspended_by: suspect }) => {
      const isGood = suspect === null && (status === 'fresh' || status === 'retired');
      return isGood ? 'good' : counts ? 'bad' : 'waiting';
    },
  },
  newestColumn,
  ...amountColumns,
];

const kindColumns: Column<KindStatus>[] = [
  { title: 'kind', name: 'type', value: ({ type }) => type },
  newestColumn,
  {
    title: 'created',
    name: 'created_at',
    value: ({ newest_complete: newest }) => newest?.created_at ?? '',
    show: ({ newest_complete: newest }, people) =>
      newest === null ? '' : people.time(newest.created_at),
    least: Infinity,
    dispensable: 1,
  },
  ...amountColumns,
];

const problemColumns: Column<ChainProblem>[] = [
  { title: 'backup', name: 'id', value: ({ id }) => id, least: 20 },
  {
    title: 'problem',
    name: 'message',
    value: ({ message }) => message,
    tone: () => 'bad',
    wraps: true,
  },
];
