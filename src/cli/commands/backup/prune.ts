import { BACKUP_TYPES } from '../../../repository/names.js';
import type { PruneReport } from '../../../repository/retention/prune.js';
import { MangamotionError } from '../../../errors.js';
import type { Destination } from '../../../repository/destination.js';
import { defineCommand } from '../../argv/command.js';
import type { CommandContext } from '../../argv/command.js';
import { countOf, formatBytes } from '../../output/units.js';
import { approve, willAsk } from '../../argv/confirm-options.js';
import { csvRows } from '../../output/answers.js';
import { suspicionOf } from './describe.js';
import {
  csvColumns,
  describe,
  partsText,
  rowsOf,
  whyPartsStay,
  withheldWarning,
} from './prune-report.js';
import {
  WRITING_ENDS,
  destinationArguments,
  lockOption,
  refuseAppendOnly,
} from './backup-options.js';
import { keepOptions, policyIn } from './keep-options.js';

/** Backups that are named before the question. */
const MOST_SHOWN = 20;

export const backupPrune = defineCommand({
  description:
    'Remove the backups that no --keep option keeps. The rules are those of "restic forget": a ' +
    'backup stays if any option keeps it, and the newest of each period counts. Full and ' +
    'incremental backups form one sequence and metadata backups another; each line (source and ' +
    'selection of buckets) counts separately. Backups that a kept backup refers to stay, and so ' +
    'does the last complete full backup of each line. While the newest backup of a line is ' +
    'suspect, its trusted backups stay and the exit status is 8. On a terminal the command lists ' +
    'what it would remove and asks first. In a bucket it also removes what append-only runs left.',
  arguments: destinationArguments,
  options: {
    ...keepOptions,
    ...lockOption,
    type: {
      value: 'type',
      description: 'prune only backups of this type',
      choices: BACKUP_TYPES,
    },
    purgeVersions: {
      description:
        'in a bucket with versioning, also remove the versions of what is removed, and of what an ' +
        'earlier prune removed (s3:// only)',
    },
    line: { value: 'name', description: 'prune only this line (see backup list)' },
  },
  changes: 'dry-run',
  usesStore: false,
  usesDestination: true,
  printsRows: true,
  endsWith: ['partial', ...WRITING_ENDS],
  examples: {
    'mangamotion backup prune /var/backups/minio --keep-daily 7 --keep-weekly 5 --keep-monthly 12 --dry-run':
      'show what would be removed, and why the rest stays',
    'mangamotion backup prune /var/backups/minio': 'keep the last BACKUP_RETENTION_DAYS days',
    'mangamotion backup prune /var/backups/minio --type incremental --keep-days 2':
      'prune only incremental backups',
  },
  async run(context, { destination: location }, { type, line, waitLock, purgeVersions, ...keeps }) {
    const { openDestination } = await import('../../../repository/locate.js');
    const { clearRemains, prune } = await import('../../../repository/retention/prune.js');
    const { withLock } = await import('../../../repository/with-lock.js');
    const policy = policyIn(keeps) ?? { days: (await context.config()).backup.retentionDays };
    context.progress.start('listing');
    const destination = await openDestination(location, context.cwd, context);
    if (purgeVersions && destination.removedVersions === undefined) {
      throw new MangamotionError(
        'usage',
        `--purge-versions: ${location} is not an s3:// destination`,
        {
          hint: 'leave it out: a folder keeps no versions',
        },
      );
    }
    if (!context.dryRun) refuseAppendOnly(destination, 'nothing is pruned');
    const lineOf = line === undefined ? undefined : await oneOfLine(destination, line);
    const question = { now: context.now(), type, lineOf, purge: purgeVersions };
    const asks = !context.dryRun && willAsk(context);
    const shownReport =
      context.dryRun || asks
        ? await prune(destination, policy, { ...question, dryRun: true })
        : undefined;
    context.progress.done();
    if (asks && shownReport !== undefined && removesAny(shownReport)) {
      showLoss(context, shownReport);
      await approve(context, `permanently remove ${lossText(shownReport)}?`);
    }
    const report: PruneReport =
      context.dryRun && shownReport !== undefined
        ? { ...shownReport, ...(await wouldClear(context, destination)) }
        : await withLock(
            {
              ...{ destination, command: 'backup prune', waitMs: waitLock ?? 0 },
              ...{ signal: context.signal, warn: (text) => context.warn(text) },
            },
            async (_, signal) => {
              context.progress.start('pruning');
              if (shownReport !== undefined) {
                const again = { ...question, purge: false, dryRun: true };
                const now = await prune(destination, policy, again);
                refuseOther(shownReport, now);
              }
              const options = { ...question, dryRun: false, signal };
              const pruned = await prune(destination, policy, options);
              const warn = (line: string): void => context.warn(line);
              const clearing = { dryRun: false, purge: purgeVersions, warn };
              return { ...pruned, ...(await clearRemains(destination, clearing)) };
            },
          );
    context.progress.done();
    const { withheld, suspended, parts } = report;
    if (withheld.length > 0) context.warn(withheldWarning(report, location));
    for (const { line: name, by } of suspended) context.warn(suspicionOf(name, by));
    for (const row of parts?.kept ?? []) {
      context.warn(`${countOf(row.parts, 'part')} of ${row.backup} stay: ${whyPartsStay(row)}`);
    }
    if (
      !purgeVersions &&
      (report.removed.length > 0 || partsText(report) !== '') &&
      (await destination.keepsVersions?.()) === true
    ) {
      context.warn(
        `the bucket of ${location} is versioned: removed files stay there as older versions and use ` +
          'space until a lifecycle rule or --purge-versions removes them',
      );
    }
    await context.output.document({
      json: report,
      human: (page) => describe(page, report),
      csv: csvRows(csvColumns, rowsOf(report, String)),
    });
    const isWithheld =
      withheld.length > 0 ||
      (parts?.kept ?? []).some(({ why }) => why !== 'unfinished' && why !== 'retained');
    return suspended.length > 0 ? 'refused' : isWithheld ? 'partial' : undefined;
  },
});

/** While a run holds the lock, its files look like what is left of a dead one. */
async function wouldClear(
  { now, signal, warn }: CommandContext,
  destination: Destination,
): Promise<Pick<PruneReport, 'cleared'>> {
  const { lockHolder } = await import('../../../lock/read-claims.js');
  const { clearRemains } = await import('../../../repository/retention/prune.js');
  const holder = await lockHolder(destination.claims(), { now: now(), signal });
  if (holder !== undefined) return {};
  return await clearRemains(destination, { dryRun: true, purge: false, warn });
}

/** The id of a backup of this line. Rejects with `not_found` where there is no such line. */
async function oneOfLine(destination: Destination, name: string): Promise<string | undefined> {
  const { lineNamed, linesOf } = await import('../../../repository/lines/lines.js');
  return lineNamed(linesOf(await destination.list()), name).backups[0]?.id;
}

function removesAny(report: PruneReport): boolean {
  const { removed, purged } = report;
  return removed.length > 0 || partsText(report) !== '' || (purged?.versions ?? 0) > 0;
}

function lossText(report: PruneReport): string {
  const { removed, purged } = report;
  const before = [
    ...((purged?.removed_before.length ?? 0) === 0
      ? []
      : [countOf(purged?.removed_before.length ?? 0, 'backup')]),
    ...(purged?.parts_before === undefined ? [] : [countOf(purged.parts_before.parts, 'part')]),
  ].join(' and ');
  const versions = `the versions of ${before} removed before`;
  const now = `${countOf(removed.length, 'backup')}${partsText(report)}`;
  if (before === '') return now;
  const isNothing = removed.length === 0 && partsText(report) === '';
  return isNothing ? versions : `${now}, and ${versions}`;
}

/** On stderr, where the question is asked. */
function showLoss(
  { progress }: CommandContext,
  { removed, freed_bytes: bytes }: PruneReport,
): void {
  if (removed.length === 0) return;
  progress.note(`these backups are no longer kept (${formatBytes(bytes)}):`);
  for (const { id } of removed.slice(0, MOST_SHOWN)) progress.note(`  ${id}`);
  const more = removed.length - MOST_SHOWN;
  if (more > 0) progress.note(`  … and ${more} more: --dry-run lists them all`);
}

/** Nobody has agreed to what was not shown. */
function refuseOther(shownReport: PruneReport, now: PruneReport): void {
  const shown = new Set(shownReport.removed.map(({ id }) => id));
  const shownParts = new Set(shownReport.parts?.removed.map(({ backup }) => backup));
  const otherParts = now.parts?.removed.find(({ backup }) => !shownParts.has(backup));
  const other =
    now.removed.find(({ id }) => !shown.has(id)) ??
    (otherParts && { id: `the parts of ${otherParts.backup}` });
  if (other === undefined) return;
  throw new MangamotionError(
    'refused',
    `the backups have changed since they were listed: ${other.id} would also be removed`,
    { hint: 'Nothing was removed. Run the command again.' },
  );
}
