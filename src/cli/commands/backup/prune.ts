import { BACKUP_TYPES } from '../../../repository/names.js';
import type { RetentionPolicy } from '../../../repository/policy.js';
import type { PruneReport } from '../../../repository/prune.js';
import type { Column } from '../../columns.js';
import { defineCommand } from '../../command.js';
import type { CommandContext } from '../../context.js';
import { parseCount } from '../../count.js';
import type { Page } from '../../page.js';
import { shortList } from './describe.js';
import { lockOption } from './making.js';

export const backupPrune = defineCommand({
  description:
    'Remove the backups that no --keep asks for. The rules are those of "restic forget": a backup ' +
    'stays that any one of them keeps, and the newest of each period counts. Full and incremental ' +
    'backups are one sequence, metadata another. What a backup that stays refers to stays too, and ' +
    'so does the last complete full.',
  arguments: {
    destination: {
      description: 'the folder or s3://bucket/prefix that holds the backups',
      complete: 'folder',
    },
  },
  options: {
    keepDays: count('everything younger than so many days (default: BACKUP_RETENTION_DAYS, alone)'),
    keepLast: count('so many of the newest'),
    keepHourly: count('the newest of each of the last so many hours that have a backup'),
    keepDaily: count('the newest of each of the last so many days (UTC) that have one'),
    keepWeekly: count('the newest of each of the last so many weeks (ISO 8601) that have one'),
    keepMonthly: count('the newest of each of the last so many months that have one'),
    keepYearly: count('the newest of each of the last so many years that have one'),
    ...lockOption,
    type: {
      value: 'type',
      description: 'look at backups of this kind alone',
      choices: BACKUP_TYPES,
    },
  },
  changes: 'dry-run',
  usesStore: false,
  printsRows: false,
  exitCodes: [3, 4, 6, 7, 8, 130, 143],
  examples: [
    {
      command:
        'mangamotion backup prune /var/backups/minio --keep-daily 7 --keep-weekly 5 --keep-monthly 12 --dry-run',
      meaning: 'what would go, and why the rest stays',
    },
    {
      command: 'mangamotion backup prune /var/backups/minio',
      meaning: 'keep BACKUP_RETENTION_DAYS',
    },
    {
      command: 'mangamotion backup prune /var/backups/minio --type incremental --keep-days 2',
      meaning: 'the hourly ones alone',
    },
  ],
  async run(context, { destination: location }, { type, waitLock, ...keeps }) {
    const { openDestination } = await import('../../../repository/locate.js');
    const { prune } = await import('../../../repository/prune.js');
    const { holding } = await import('../../../repository/lock/hold.js');
    const policy = await policyOf(context, {
      days: keeps.keepDays,
      last: keeps.keepLast,
      hourly: keeps.keepHourly,
      daily: keeps.keepDaily,
      weekly: keeps.keepWeekly,
      monthly: keeps.keepMonthly,
      yearly: keeps.keepYearly,
    });
    const destination = await openDestination(location, context.cwd, context);
    const question = { dryRun: context.dryRun, now: context.now(), type };
    const report = context.dryRun
      ? await prune(destination, policy, question)
      : await holding(
          {
            ...{ destination, command: 'backup prune', waitMs: waitLock ?? 0 },
            ...{ signal: context.signal, warn: (line) => context.warn(line) },
          },
          (_, signal) => prune(destination, policy, { ...question, signal }),
        );
    if (report.withheld.length > 0) context.warn(withheldWarning(report, location));
    await context.output.document({ json: report, human: (page) => describe(page, report) });
    return report.withheld.length > 0 ? 3 : undefined;
  },
});

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
    `${withheld.length} expired backups stay: ${shortList(unreadable)} cannot be read, and may ` +
    `refer to them; see "mangamotion backup status ${location}"`
  );
}

interface Row {
  id: string;
  what: string;
  why: string;
}

function describe(page: Page, report: PruneReport): void {
  const { people } = page;
  const { dry_run: dryRun, kept, referenced, withheld, removed } = report;
  const rows: Row[] = [
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
    ...removed.map(({ id, bytes }) => ({ id, what: 'remove', why: people.bytes(bytes) })),
  ];
  if (dryRun) page.text('dry run: nothing is changed').text('');
  if (rows.length > 0) page.table(columns, rows).text('');
  const done = dryRun ? 'would remove' : '✓ removed';
  page.text(
    `${done} ${removed.length} of ${rows.length} backups, ${people.bytes(report.freed_bytes)}`,
    dryRun ? undefined : 'good',
  );
}

const columns: Column<Row>[] = [
  { title: 'backup', name: 'id', value: ({ id }) => id },
  {
    title: 'what',
    name: 'what',
    value: ({ what }) => what,
    tone: ({ what }) => (what === 'remove' ? 'waiting' : 'good'),
  },
  { title: 'why', name: 'why', value: ({ why }) => why },
];
