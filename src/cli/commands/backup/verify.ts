import { basename } from 'node:path';
import type { VerifyProblem, VerifyResult } from '../../../backup/verify/result.js';
import type { RollingResult } from '../../../backup/verify/rolling/rolling.js';
import { type ErrorCode, MangamotionError } from '../../../errors.js';
import { backupIdOf } from '../../../repository/names.js';
import type { Column } from '../../output/columns.js';
import type { Page } from '../../output/page.js';
import { countOf } from '../../output/units.js';
import { parseShare } from '../../values/share.js';
import { type CommandContext, defineCommand } from '../../argv/command.js';
import { parseDuration } from '../../values/duration.js';
import { coverageText } from './coverage-text.js';
import { MOST_PROBLEMS } from './describe.js';
import { withMark } from './status-marks.js';
import { backupArgument, chooseOptions, findBackup } from './backup-name.js';
import { refuseAppendOnly } from './backup-options.js';
import { checkShareOptions, openSharer, shareOptions } from './shares.js';
import { verifyWorkerOption, workersFor } from './workers.js';

export const backupVerify = defineCommand({
  description:
    'Read a whole backup and check every byte: the SHA-256 of the archive, the gzip members, the ' +
    'tar, the index, and the SHA-256 of each object. With --within, read a share of all backups ' +
    'of a destination. With --engine or --shard, many machines read one backup. With --signer, also check who signed. Problems are listed, and the exit status is 5. Backups made by backup-minio.sh are refused, because they have no checksums.',
  arguments: backupArgument,
  options: {
    ...chooseOptions,
    quick: {
      description: 'check only the summary, and the length, footer and directory of the archive',
    },
    sample: {
      value: 'share',
      description: 'read the index and a random share of the objects, such as 5%',
      parse: parseShare,
    },
    within: {
      value: 'duration',
      description:
        'read a share of all archives of a destination, the longest unread parts first, so that runs ' +
        'at regular times read every byte within this time, such as 30d; what was read when is kept ' +
        'at the destination',
      parse: parseDuration,
    },
    ...verifyWorkerOption,
    ...shareOptions('verify'),
  },
  changes: 'nothing',
  usesStore: false,
  usesDestination: true,
  opensBackups: true,
  checksSignatures: true,
  printsRows: false,
  endsWith: [
    'partial',
    'not_found',
    'damaged',
    'unreachable',
    'refused',
    'interrupted',
    'terminated',
  ],
  examples: {
    'mangamotion backup verify /var/backups/minio/minio_backup_full_20240115_020000':
      'check the whole backup',
    'mangamotion backup verify s3://offsite/minio --latest --shard 3/16':
      'read the third of 16 shares, while other machines read the others',
    'mangamotion backup verify /var/backups/minio --within 30d':
      'for a daily job: read every byte of the destination once in 30 days',
  },
  async run(context, { backup }, { quick, sample, within, workers, ...others }) {
    const { latest, at, line, asStoredAt, trustFirstVersions, ...sharing } = others;
    checkShareOptions(sharing, asStoredAt);
    const { engine, shard, shards } = sharing;
    if (quick && sample !== undefined) {
      throw new MangamotionError('usage', '--quick and --sample cannot be combined');
    }
    const shared =
      engine === undefined ? (shard === undefined ? undefined : '--shard') : '--engine';
    if (shared !== undefined && (quick || sample !== undefined || within !== undefined)) {
      throw new MangamotionError(
        'usage',
        `${shared} reads all of one backup: it cannot be combined with --quick, --sample or --within`,
      );
    }
    if (within !== undefined) {
      const given = [at, line, sample, asStoredAt];
      if (latest || quick || trustFirstVersions || given.some((value) => value !== undefined)) {
        throw new MangamotionError(
          'usage',
          '--within reads a whole destination: it cannot be combined with --latest, --at, --line, --as-stored-at, --trust-first-versions, --quick or --sample',
        );
      }
      return await verifyWithin(context, backup, within, workers);
    }
    const { cannotVerifyLegacy } = await import('../../../repository/legacy/legacy-backup.js');
    const located = await findBackup(context, backup, {
      ...{ latest, at, line, asStoredAt, trustFirstVersions, ambiguous: 'widest' },
    });
    if (located.legacy !== undefined) throw cannotVerifyLegacy(located.legacy.found);
    const { signal, progress } = context;
    const verifying = { signal, progress, workers: await workersFor(context, workers) };
    let result: VerifyResult;
    if (engine === undefined) {
      const { verifyBackup } = await import('../../../backup/verify/verify.js');
      result = await verifyBackup(verifying, located, { quick, sample, share: shard });
    } else {
      const { verifyByShares } = await import('../../../backup/verify/by-shares.js');
      const open = () => openSharer(context, located, { kind: 'verify' }, sharing);
      result = await verifyByShares(verifying, located, { openSharer: open, shares: shards });
    }
    progress.done();
    await context.output.document({
      json: result,
      human: (page) => {
        describe(page, result, { quick, sample });
      },
    });
    return result.status === 'ok' ? undefined : 'damaged';
  },
});

function describe(
  page: Page,
  result: VerifyResult,
  { quick, sample }: { quick: boolean; sample: number | undefined },
): void {
  const { people } = page;
  const { share, shares = 0, pieces } = result;
  const counts = `${countOf(result.objects, 'object')}, ${people.bytes(result.bytes)}`;
  const isEmpty = pieces === 0 && result.status === 'ok';
  page.fields([
    { label: 'backup', text: result.id },
    ...(share === undefined
      ? []
      : [{ label: 'share', text: `${people.count(share)} of ${people.count(shares)}` }]),
    { label: 'status', ...withMark(result.status) },
    ...(typeof result.signed_by === 'string'
      ? [{ label: 'signed by', text: `key ${result.signed_by}` }]
      : []),
    ...(isEmpty
      ? [{ label: 'verified', text: 'nothing was left for this share: there are too many of them' }]
      : result.not_opened === undefined
        ? [
            {
              label: quick ? 'named' : sample === undefined ? 'verified' : 'sampled',
              text: counts,
            },
          ]
        : [
            {
              label: 'verified',
              text: quick ? 'the lengths of its files' : 'the digests of its files',
            },
            {
              label: 'contents',
              text: `not read (--identity FILE reads them): ${result.not_opened}`,
              tone: 'waiting' as const,
            },
          ]),
  ]);
  if (result.problems.length === 0) return;
  page.text('').table(problemColumns, result.problems.slice(0, MOST_PROBLEMS));
  const more = result.problems.length + result.problems_omitted - MOST_PROBLEMS;
  if (more > 0) page.text(`… and ${people.count(more)} more: --json lists up to 10,000`);
}

async function verifyWithin(
  context: CommandContext,
  location: string,
  withinMs: number,
  workers: number | undefined,
): Promise<ErrorCode | undefined> {
  const { openDestination } = await import('../../../repository/locate.js');
  const { verifyRolling } = await import('../../../backup/verify/rolling/rolling.js');
  const { signal, progress, now, cwd } = context;
  refuseBackup(location);
  const destination = await openDestination(location, cwd, context);
  refuseAppendOnly(destination, '--within overwrites its record of what was read');
  const verifying = { signal, progress, workers: await workersFor(context, workers) };
  const result = await verifyRolling(verifying, destination, { withinMs, now });
  progress.done();
  await context.output.document({
    json: result,
    human: (page) => describeRolling(page, result),
  });
  if (result.status !== 'ok') return 'damaged';
  const isBehind = result.overdue_bytes > 0 && !result.first_round;
  return isBehind || result.skipped.length > 0 ? 'partial' : undefined;
}

function refuseBackup(location: string): void {
  if (backupIdOf(basename(location)) === undefined) return;
  throw new MangamotionError('usage', `${location} is one backup: --within needs a destination`, {
    hint: 'Give the folder or s3://bucket/prefix that holds the backups.',
  });
}

function describeRolling(page: Page, result: RollingResult): void {
  const { people } = page;
  const { read, skipped, problems, overdue_bytes: overdue } = result;
  page.fields([
    { label: 'destination', text: result.destination },
    { label: 'status', ...withMark(result.status) },
    {
      label: 'read now',
      text: `${people.bytes(read.bytes)}, ${countOf(read.objects, 'object')}`,
    },
    { label: 'coverage', ...coverageText(people, result, result.within_seconds) },
    ...(overdue > 0 && !result.first_round
      ? [
          {
            label: 'overdue',
            text: `${people.bytes(overdue)}: run it more often`,
            tone: 'bad' as const,
          },
        ]
      : []),
  ]);
  for (const { id, reason } of skipped) page.text(`${id} was not read: ${reason}`, 'waiting');
  if (problems.length === 0) return;
  page.text('').table([backupColumn, ...problemColumns], problems.slice(0, MOST_PROBLEMS));
  const more = problems.length + result.problems_omitted - MOST_PROBLEMS;
  if (more > 0) page.text(`… and ${people.count(more)} more: --json lists up to 10,000`);
}

const backupColumn: Column<VerifyProblem> = {
  title: 'backup',
  name: 'id',
  value: ({ id }) => id ?? '',
  least: Infinity,
};

const problemColumns: Column<VerifyProblem>[] = [
  { title: 'problem', name: 'kind', value: ({ kind }) => kind, tone: () => 'bad' },
  { title: 'what', name: 'message', value: ({ message }) => message, wraps: true },
];
