import { BACKUP_TYPES } from '../../../repository/names.js';
import type { RetentionPolicy } from '../../../repository/retention/policy.js';
import type { PruneReport } from '../../../repository/retention/prune.js';
import { MangamotionError } from '../../../errors.js';
import type { Destination } from '../../../repository/destination.js';
import type { Column } from '../../output/columns.js';
import { defineCommand } from '../../argv/command.js';
import type { CommandContext } from '../../argv/command.js';
import { parseCount } from '../../values/count.js';
import { countOf, formatBytes } from '../../output/units.js';
import { approve, willAsk } from '../../argv/confirm-options.js';
import { csvRows } from '../../output/answers.js';
import type { Page } from '../../output/page.js';
import { shortList, suspicionOf } from './describe.js';
import { WRITING_ENDS, destinationArguments, lockOption } from './backup-options.js';

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
    'what it would remove and asks first.',
  arguments: destinationArguments,
  options: {
    keepDays: count(
      'everything newer than n days (default: BACKUP_RETENTION_DAYS, if no --keep is given)',
    ),
    keepLast: count('the newest n backups'),
    keepHourly: count('the newest of each of the last n hours with a backup'),
    keepDaily: count('the newest of each of the last n days (UTC) with a backup'),
    keepWeekly: count('the newest of each of the last n weeks (ISO 8601) with a backup'),
    keepMonthly: count('the newest of each of the last n months with a backup'),
    keepYearly: count('the newest of each of the last n years with a backup'),
    ...lockOption,
    type: {
      value: 'type',
      description: 'prune only backups of this type',
      choices: BACKUP_TYPES,
    },
    purgeVersions: {
      description:
        'in a bucket with versioning, also remove the versions of what is removed (s3:// only)',
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
    const { prune } = await import('../../../repository/retention/prune.js');
    const { withLock } = await import('../../../repository/with-lock.js');
    const policy = await policyOf(context, {
      days: keeps.keepDays,
      last: keeps.keepLast,
      hourly: keeps.keepHourly,
      daily: keeps.keepDaily,
      weekly: keeps.keepWeekly,
      monthly: keeps.keepMonthly,
      yearly: keeps.keepYearly,
    });
    context.progress.start('listing');
    const destination = await openDestination(location, context.cwd, context);
    if (purgeVersions && destination.purgeVersions === undefined) {
      throw new MangamotionError(
        'usage',
        `--purge-versions: ${location} is not an s3:// destination`,
        {
          hint: 'leave it out: a folder keeps no versions',
        },
      );
    }
    const lineOf = line === undefined ? undefined : await oneOfLine(destination, line);
    const question = { now: context.now(), type, lineOf, purge: purgeVersions };
    const asks = !context.dryRun && willAsk(context);
    const shownReport =
      context.dryRun || asks
        ? await prune(destination, policy, { ...question, dryRun: true })
        : undefined;
    context.progress.done();
    if (asks && shownReport !== undefined && shownReport.removed.length > 0) {
      showLoss(context, shownReport);
      const count = countOf(shownReport.removed.length, 'backup');
      await approve(context, `permanently remove ${count}?`);
    }
    const report =
      context.dryRun && shownReport !== undefined
        ? shownReport
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
              return await prune(destination, policy, { ...question, dryRun: false, signal });
            },
          );
    context.progress.done();
    const { withheld, suspended } = report;
    if (withheld.length > 0) context.warn(withheldWarning(report, location));
    for (const { line: name, by } of suspended) context.warn(suspicionOf(name, by));
    if (
      !purgeVersions &&
      report.removed.length > 0 &&
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
    return suspended.length > 0 ? 'refused' : withheld.length > 0 ? 'partial' : undefined;
  },
});

/** The id of a backup of this line. Rejects with `not_found` where there is no such line. */
async function oneOfLine(destination: Destination, name: string): Promise<string | undefined> {
  const { lineNamed, linesOf } = await import('../../../repository/lines/lines.js');
  return lineNamed(linesOf(await destination.list()), name).backups[0]?.id;
}

/** On stderr, where the question is asked. */
function showLoss(
  { progress }: CommandContext,
  { removed, freed_bytes: bytes }: PruneReport,
): void {
  progress.note(`these backups are no longer kept (${formatBytes(bytes)}):`);
  for (const { id } of removed.slice(0, MOST_SHOWN)) progress.note(`  ${id}`);
  const more = removed.length - MOST_SHOWN;
  if (more > 0) progress.note(`  … and ${more} more: --dry-run lists them all`);
}

/** Nobody has agreed to what was not shown. */
function refuseOther(shownReport: PruneReport, now: PruneReport): void {
  const shown = new Set(shownReport.removed.map(({ id }) => id));
  const other = now.removed.find(({ id }) => !shown.has(id));
  if (other === undefined) return;
  throw new MangamotionError(
    'refused',
    `the backups have changed since they were listed: ${other.id} would also be removed`,
    { hint: 'Nothing was removed. Run the command again.' },
  );
}

function count(what: string) {
  return { value: 'n', description: `keep ${what}`, parse: parseCount } as const;
}

/** Any --keep takes the place of the setting: with both, --keep-last 3 would keep a month. */
async function policyOf(context: CommandContext, given: RetentionPolicy): Promise<RetentionPolicy> {
  if (Object.values(given).some((kept) => kept !== undefined)) return given;
  const { backup } = await context.config();
  return { days: backup.retentionDays };
}

function withheldWarning({ withheld }: PruneReport, location: string): string {
  const unreadable = [...new Set(withheld.flatMap(({ because }) => because))];
  return (
    `${countOf(withheld.length, 'expired backup')} ${withheld.length === 1 ? 'stays' : 'stay'}: ` +
    `${shortList(unreadable)} cannot be read and may refer to ${withheld.length === 1 ? 'it' : 'them'}; see "mangamotion backup status ${location}"`
  );
}

interface Row {
  id: string;
  what: string;
  why: string;
  /** Of what is removed. */
  bytes?: number;
}

/** What stays, and why; then what goes, and the bytes that frees. */
function rowsOf(
  { kept, referenced, withheld, removed }: PruneReport,
  bytesText: (bytes: number) => string,
): Row[] {
  return [
    ...kept.map(({ id, reasons }) => ({ id, what: 'keep', why: reasons.join(', ') })),
    ...referenced.map(({ id, by }) => ({
      id,
      what: 'keep',
      why: `expired, referenced by ${shortList(by)}`,
    })),
    ...withheld.map(({ id, because }) => ({
      id,
      what: 'keep',
      why: `expired, but ${shortList(because)} cannot be read`,
    })),
    ...removed.map(({ id, bytes }) => ({ id, what: 'remove', bytes, why: bytesText(bytes) })),
  ];
}

function describe(page: Page, report: PruneReport): void {
  const { people } = page;
  const { dry_run: dryRun, removed } = report;
  const rows = rowsOf(report, (bytes) => people.bytes(bytes));
  if (dryRun) page.text('dry run: nothing is changed').text('');
  if (rows.length > 0) page.table(columns, rows).text('');
  const done = dryRun ? 'would remove' : '✓ removed';
  page.text(
    `${done} ${removed.length} of ${countOf(rows.length, 'backup')}, ${people.bytes(report.freed_bytes)}`,
    dryRun ? undefined : 'good',
  );
  if (report.purged !== undefined) {
    const { versions, bytes } = report.purged;
    const count = countOf(versions, 'version');
    page.text(
      `${done} ${count} of their files, ${people.bytes(bytes)}`,
      dryRun ? undefined : 'good',
    );
  }
}

const columns: Column<Row>[] = [
  { title: 'backup', name: 'id', value: ({ id }) => id, least: Infinity },
  {
    title: 'what',
    name: 'what',
    value: ({ what }) => what,
    tone: ({ what }) => (what === 'remove' ? 'waiting' : 'good'),
  },
  { title: 'why', name: 'why', value: ({ why }) => why, wraps: true },
];

const csvColumns: Column<Row>[] = [
  ...columns.slice(0, 2),
  {
    title: 'why',
    name: 'why',
    value: ({ what, why }) => (what === 'remove' ? null : why),
  },
  { title: 'bytes', name: 'bytes', value: ({ bytes }) => bytes },
];
