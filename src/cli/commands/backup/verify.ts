import { basename } from 'node:path';
import type { VerifyProblem } from '../../../backup/verify/result.js';
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

export const backupVerify = defineCommand({
  description:
    'Read a whole backup and check every byte: the SHA-256 of the archive, the gzip members, the ' +
    'tar, the index, and the SHA-256 of each object. With --within, read a share of all backups ' +
    'of a destination. With --signer, also check who signed. Problems are listed, and the exit status is 5. Backups made by backup-minio.sh are refused, because they have no checksums.',
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
    'mangamotion backup verify /var/backups/minio/minio_backup_full_20240115_020000 --quick --json':
      'check a copy that has just arrived',
    'mangamotion backup verify /var/backups/minio --within 30d':
      'for a daily job: read every byte of the destination once in 30 days',
  },
  async run(context, { backup }, { quick, sample, within, ...choice }) {
    const { latest, at, line, asStoredAt, trustFirstVersions } = choice;
    if (quick && sample !== undefined) {
      throw new MangamotionError('usage', '--quick and --sample cannot be combined');
    }
    if (within !== undefined) {
      const given = [at, line, sample, asStoredAt];
      if (latest || quick || trustFirstVersions || given.some((value) => value !== undefined)) {
        throw new MangamotionError(
          'usage',
          '--within reads a whole destination: it cannot be combined with --latest, --at, --line, --as-stored-at, --trust-first-versions, --quick or --sample',
        );
      }
      return await verifyWithin(context, backup, within);
    }
    const { cannotVerifyLegacy } = await import('../../../repository/legacy/legacy-backup.js');
    const { verifyBackup } = await import('../../../backup/verify/verify.js');
    const located = await findBackup(context, backup, {
      ...{ latest, at, line, asStoredAt, trustFirstVersions, ambiguous: 'widest' },
    });
    if (located.legacy !== undefined) throw cannotVerifyLegacy(located.legacy.found);
    const result = await verifyBackup(
      { signal: context.signal, progress: context.progress },
      located,
      { quick, sample },
    );
    context.progress.done();
    await context.output.document({
      json: result,
      human: (page) => {
        const { people } = page;
        const counts = `${countOf(result.objects, 'object')}, ${people.bytes(result.bytes)}`;
        page.fields([
          { label: 'backup', text: result.id },
          { label: 'status', ...withMark(result.status) },
          ...(typeof result.signed_by === 'string'
            ? [{ label: 'signed by', text: `key ${result.signed_by}` }]
            : []),
          ...(result.not_opened === undefined
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
      },
    });
    return result.status === 'ok' ? undefined : 'damaged';
  },
});

async function verifyWithin(
  context: CommandContext,
  location: string,
  withinMs: number,
): Promise<ErrorCode | undefined> {
  const { openDestination } = await import('../../../repository/locate.js');
  const { verifyRolling } = await import('../../../backup/verify/rolling/rolling.js');
  const { signal, progress, now, cwd } = context;
  refuseBackup(location);
  const destination = await openDestination(location, cwd, context);
  refuseAppendOnly(destination, '--within overwrites its record of what was read');
  const result = await verifyRolling({ signal, progress }, destination, { withinMs, now });
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
