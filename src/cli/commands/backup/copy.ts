import { basename } from 'node:path';
import { type ErrorCode, MangamotionError } from '../../../errors.js';
import type { Choose } from '../../../repository/copy/copy-context.js';
import type { CopyReport } from '../../../repository/copy/copy-report.js';
import type { BackupEntry } from '../../../repository/destination.js';
import type { LocatedBackup } from '../../../repository/located-backup.js';
import { backupIdOf } from '../../../repository/names.js';
import { type CommandContext, defineCommand } from '../../argv/command.js';
import type { OptionValues } from '../../argv/option-specs.js';
import { csvRows } from '../../output/answers.js';
import { countOf } from '../../output/units.js';
import { isS3Url } from '../../../repository/s3/s3-location.js';
import { WRITING_ENDS, lockOption, refuseAppendOnly } from './backup-options.js';
import { progressFor } from './open-backup.js';
import { backupArgument, chooseOptions, findBackup, pastIn } from './backup-name.js';
import { csvColumns, describe } from './copy-report.js';
import { keepOptions, policyIn } from './keep-options.js';

const options = {
  latest: chooseOptions.latest,
  at: chooseOptions.at,
  line: {
    value: 'name',
    description: 'choose from this line only (see backup list)',
  },
  all: { description: 'copy all backups of the destination' },
  asStoredAt: chooseOptions.asStoredAt,
  trustFirstVersions: chooseOptions.trustFirstVersions,
  ...keepOptions,
  ...lockOption,
  verify: {
    description:
      'read every archive at the target, also those that were there before, and compare its SHA-256',
  },
  stream: {
    description:
      'send the bytes through this host, which checks their SHA-256, even if the server could copy by itself',
  },
} as const;

export const backupCopy = defineCommand({
  description:
    'Copy a backup, byte for byte and with every backup that it refers to, to another folder or ' +
    's3:// destination. What is there already is not copied again, an interrupted copy is continued, ' +
    'and a different backup of the same name is never overwritten. Between two buckets of one server ' +
    'no bytes pass through this host, unless the server or the keys do not allow it. --latest, --at, ' +
    '--all or the --keep options choose among the backups of a destination. Nothing is removed at the ' +
    'target: prune it there.',
  arguments: {
    backup: backupArgument.backup,
    destination: {
      description: 'the folder or s3://bucket/prefix to copy into (BACKUP_COPY_S3_*, if set)',
      complete: 'destination',
    },
  },
  options,
  changes: 'dry-run',
  usesStore: false,
  usesDestination: true,
  makesBackups: true,
  printsRows: true,
  endsWith: ['partial', 'damaged', ...WRITING_ENDS],
  examples: {
    'mangamotion backup copy /var/backups/minio --latest s3://offsite/minio':
      'copy the newest backup, and what it refers to',
    'mangamotion backup copy /var/backups/minio s3://offsite/minio --keep-daily 7 --keep-monthly 12':
      'copy what these rules keep, and is not there yet',
    'mangamotion backup copy s3://offsite/minio s3://vault/minio --all --dry-run':
      'show what is missing there',
  },
  async run(context, { backup, destination: to }, values) {
    const { openDestination } = await import('../../../repository/locate.js');
    const { copyBackups } = await import('../../../repository/copy/copy-backups.js');
    if (!context.dryRun) await refuseKeysThatOnlyAdd(context, to);
    const { source, choose } = await chosen(context, backup, values);
    const { openVault } = context;
    const access = { signal: context.signal, openBackupStore: context.openCopyStore, openVault };
    const target = await openDestination(to, context.cwd, access);
    const { refuseSamePlace } = await import('../../../repository/copy/same-place.js');
    await refuseSamePlace(source, target);
    const { verify, waitLock } = values;
    // A server copies the current version, whatever was read.
    const stream = values.stream || values.asStoredAt !== undefined;
    const { signal, dryRun } = context;
    const report = await copyBackups(
      { source, target, vault: await openVault(), signal, progress: progressFor(context) },
      { choose, dryRun, verify, stream, waitLockMs: waitLock ?? 0 },
    );
    context.progress.done();
    refuseTheOnlyOne(report);
    tellMore(context, report);
    await context.output.document({
      json: report,
      human: (page) => describe(page, report),
      csv: csvRows(csvColumns, report.backups),
    });
    return endingOf(report);
  },
});

type Values = OptionValues<typeof options>;

/** A copy removes its temporary summary, and its lock, unless it has keys of its own for the target. */
async function refuseKeysThatOnlyAdd(context: CommandContext, to: string): Promise<void> {
  const { backup } = await context.config();
  const hasOwnKeys = backup.copy.accessKey !== undefined;
  const appendOnly = backup.appendOnly && isS3Url(to) && !hasOwnKeys;
  refuseAppendOnly({ location: to, appendOnly }, 'nothing is copied');
}

/** Opens the source, and returns what is chosen of it. */
async function chosen(
  context: CommandContext,
  named: string,
  values: Values,
): Promise<{ source: LocatedBackup['destination']; choose: Choose }> {
  const policy = policyIn(values);
  const { latest, at, line, all, asStoredAt, trustFirstVersions } = values;
  const isOne = latest || at !== undefined || backupIdOf(basename(named)) !== undefined;
  if ([isOne, all, policy !== undefined].filter(Boolean).length > 1) {
    throw new MangamotionError(
      'usage',
      'one backup, --latest or --at, --all, and the --keep options exclude each other',
    );
  }
  if (isOne) {
    const ambiguous = 'refuse';
    const located = await findBackup(context, named, {
      ...{ latest, at, line, asStoredAt, trustFirstVersions, ambiguous },
    });
    refuseLegacy(located);
    const { id } = located.backup;
    return { source: located.destination, choose: () => ({ ids: [id], leftOut: [] }) };
  }
  const { openDestination } = await import('../../../repository/locate.js');
  const storedAt = pastIn(values, context.now());
  const source = await openDestination(named, context.cwd, context, { storedAt });
  if (!all && policy === undefined) {
    throw new MangamotionError('usage', `${named} is a destination: say which backups to copy`, {
      hint: 'Add --latest, --at TIME, --all or --keep-daily N, or name one backup.',
    });
  }
  if (policy !== undefined) {
    const { refuseFoolishPolicy } = await import('../../../repository/retention/policy.js');
    refuseFoolishPolicy(policy);
  }
  const { planRetention } = await import('../../../repository/retention/retention.js');
  const { lineNamed, linesOf } = await import('../../../repository/lines/lines.js');
  const now = context.now();
  const choose: Choose = (backups) => {
    const ofLine =
      line === undefined ? undefined : lineNamed(linesOf(backups), line).backups[0]?.id;
    const inLine = ofLine === undefined ? undefined : idsOfLine(backups, ofLine);
    const wanted =
      policy === undefined
        ? new Set(backups.map(({ id }) => id))
        : new Set(
            planRetention(backups, policy, { now, lineOf: ofLine })
              .filter(({ kind }) => kind === 'keep')
              .map(({ id }) => id),
          );
    return pick(backups.filter(({ id }) => wanted.has(id) && inLine?.has(id) !== false));
  };
  await warnOfLegacy(context, source);
  return { source, choose };

  function idsOfLine(backups: readonly BackupEntry[], member: string): ReadonlySet<string> {
    const found = linesOf(backups).find((one) => one.backups.some(({ id }) => id === member));
    return new Set(found?.backups.map(({ id }) => id));
  }
}

/** Leaves out what cannot be read: nobody has asked for it by name. */
function pick(backups: readonly BackupEntry[]): ReturnType<Choose> {
  const leftOut = backups.flatMap(({ id, summary }) => {
    if (summary.kind === 'valid') return [];
    const reason =
      summary.kind === 'damaged'
        ? summary.reason
        : `a newer version of mangamotion wrote it (format ${summary.version})`;
    return [{ id, reason }];
  });
  const ids = backups.filter(({ summary }) => summary.kind === 'valid').map(({ id }) => id);
  return { ids, leftOut };
}

function refuseLegacy({ legacy }: LocatedBackup): void {
  if (legacy === undefined) return;
  throw new MangamotionError(
    'refused',
    `${legacy.found.id} was made by backup-minio.sh: it has no summary to copy, and no checksum`,
    { hint: 'Copy its file with "cp" or "rclone copy".' },
  );
}

async function warnOfLegacy(
  { warn }: Pick<CommandContext, 'warn'>,
  source: LocatedBackup['destination'],
): Promise<void> {
  const legacy = (await source.listLegacy?.()) ?? [];
  if (legacy.length === 0) return;
  warn(`${countOf(legacy.length, 'backup')} of backup-minio.sh, without summaries, stay behind`);
}

function tellMore({ warn }: Pick<CommandContext, 'warn'>, report: CopyReport): void {
  for (const { id, reason } of report.left_out) warn(`skipped ${id}: ${reason}`);
  const { streamed_because: because } = report;
  if (because !== null) warn(`the bytes went through this host: ${because}`);
}

/** Where one backup was to be copied and cannot be, the answer is an error. */
function refuseTheOnlyOne({ backups }: CopyReport): void {
  const [only, ...others] = backups;
  if (only === undefined || only.code === null || others.length > 0) return;
  throw new MangamotionError(only.code, `${only.id} was not copied: ${only.reason ?? ''}`);
}

/** The worst that happened. */
function endingOf({ backups, left_out: leftOut }: CopyReport): ErrorCode | undefined {
  const codes = new Set(backups.flatMap(({ code }) => code ?? []));
  const worst = (['damaged', 'refused', 'not_found'] as const).find((code) => codes.has(code));
  if (worst !== undefined) return worst;
  return leftOut.length > 0 || codes.size > 0 ? 'partial' : undefined;
}
