import type { backupDocument, BackupRow as Row } from '../../../reports/backups/list.js';
import { type Summary, objectsIn } from '../../../repository/summary.js';
import { storedBytesOf } from '../../../repository/parts.js';
import type { Column } from '../../output/columns.js';
import { type FieldsOf, fieldNames } from '../../output/fields.js';
import { defineCommand } from '../../argv/command.js';
import { destinationArguments } from './backup-options.js';
import { pastIn, storedAtOption } from './backup-name.js';
import { shortList, suspicionOf } from './describe.js';
import { statusTone } from './status-marks.js';

export const backupList = defineCommand({
  description:
    'List the backups at a destination, oldest first. If a backup cannot be used (its summary is ' +
    'damaged or its archive is missing), the list says why and the exit status is 3. An expired ' +
    'backup is listed with the newest backup that still refers to it. If backups are protected, there ' +
    'are more columns: keys is the number of public keys that a backup is encrypted to, signed means ' +
    'that a signature lies beside its summary (backup verify checks it), and lock set until is the ' +
    'end of the lock that the run set. Backups made by ' +
    'backup-minio.sh come first, marked as legacy: they can be restored and are never pruned.',
  arguments: destinationArguments,
  options: storedAtOption,
  changes: 'nothing',
  usesStore: false,
  usesDestination: true,
  printsRows: true,
  endsWith: ['partial', 'not_found', 'unreachable', 'refused'],
  examples: {
    'mangamotion backup list /var/backups/minio': 'list all backups',
    "mangamotion backup list /var/backups/minio --json | jq -r '.backups[-1].id'":
      'print the name of the newest backup',
  },
  async run(context, { destination: location }, past) {
    const { openDestination } = await import('../../../repository/locate.js');
    context.progress.start('listing');
    const destination = await openDestination(location, context.cwd, context, {
      storedAt: pastIn(past, context.now()),
    });
    const { backupDocument, listBackups, readContent } =
      await import('../../../reports/backups/list.js');
    const content = await readContent(destination);
    context.progress.done();
    const { rows, suspended } = listBackups(content);
    await context.output.rows({
      member: 'backups',
      rows,
      json: backupDocument,
      fields: BACKUP_FIELDS,
      columns: context.output.forPeople ? peopleColumns(rows) : columns,
      empty: `no backups in ${location}`,
    });
    for (const { line, by } of suspended) context.warn(suspicionOf(line, by));
    return rows.some(({ problem }) => problem !== undefined) ? 'partial' : undefined;
  },
});

function createdAt({ summary, legacy }: Row): string | null {
  return summary?.created_at ?? legacy?.createdAt ?? null;
}

function archiveBytes({ summary, legacy }: Row): number | null {
  return summary === undefined ? (legacy?.bytes ?? null) : storedBytesOf(summary);
}

function statusText({ status, accepted, cold }: Row): string {
  const more = [
    ...(accepted === true ? ['accepted'] : []),
    ...(cold === true ? ['in cold storage'] : []),
  ];
  return [status, ...more].join(', ');
}

/** What is wrong with it; that it is suspect, or partial, its status says. */
function problemText({ status, problem, untrusted }: Row): string {
  return problem ?? (untrusted === undefined || untrusted === `it is ${status}` ? '' : untrusted);
}

/** Columns that are left out where no row fills them. */
const OPTIONAL: ReadonlySet<string> = new Set([
  ...['kept_because', 'encryption.recipients', 'has_signature', 'lock.until'],
]);

function peopleColumns(rows: readonly Row[]): Column<Row>[] {
  const isFilled = (fills: (row: Row) => boolean): boolean => rows.some(fills);
  return [
    ...columns.filter(
      (column) => !OPTIONAL.has(column.name) || isFilled((row) => column.value(row) !== null),
    ),
    ...(isFilled((row) => problemText(row) !== '') ? [problemColumn] : []),
  ];
}

const problemColumn: Column<Row> = {
  title: 'problem',
  name: 'problem',
  value: problemText,
  tone: () => 'bad',
  least: 16,
  dispensable: 1,
  wraps: true,
};

const SUMMARY_FIELDS: FieldsOf<Omit<Summary, 'parts'>> = {
  ...fieldNames('format', 'id', 'type', 'status', 'sequence', 'parent', 'references'),
  ...fieldNames('destination', 'created_at', 'finished_at', 'duration_seconds', 'bytes'),
  ...fieldNames('archive_bytes', 'copied_bytes', 'failures_omitted', 'supersedes', 'notices'),
  ...fieldNames('fidelity', 'archive', 'tool', 'run', 'shard'),
  source: fieldNames('endpoint', 'buckets', 'excluded_buckets', 'name'),
  objects: {
    ...fieldNames('total', 'captured', 'salvaged', 'unchanged', 'changed', 'vanished', 'failed'),
    ...fieldNames('unverified', 'deleted', 'carried'),
  },
  buckets: fieldNames('name', 'objects', 'bytes'),
  failures: {
    ...fieldNames('bucket', 'key', 'document', 'part', 'operation', 'status', 'code', 'reason'),
    ...fieldNames('carried_from', 'unreadable_since'),
  },
  guard: fieldNames('compared_with', 'by', 'accepted'),
  suspicious: fieldNames('bucket', 'before', 'deleted', 'wiped'),
  lock: fieldNames('mode', 'until', 'unprotected'),
  redis: {
    ...fieldNames('status', 'patterns', 'server_version', 'db', 'started_at', 'finished_at'),
    ...fieldNames('keys', 'types', 'bytes', 'members', 'in_pieces', 'vanished'),
    ...fieldNames('changed_meanwhile', 'losses', 'failures', 'failures_omitted'),
  },
  encryption: fieldNames('scheme', 'recipients', 'archives'),
};

const BACKUP_FIELDS: FieldsOf<ReturnType<typeof backupDocument>> = {
  ...SUMMARY_FIELDS,
  ...fieldNames('line', 'trusted', 'untrusted_because', 'accepted', 'cold', 'form', 'problem'),
  ...fieldNames('expired', 'kept_because', 'has_signature', 'part_count', 'stored_bytes'),
};

const columns: Column<Row>[] = [
  { title: 'backup', name: 'id', value: ({ id }) => id, least: Infinity },
  {
    title: 'created',
    name: 'created_at',
    value: (row) => createdAt(row),
    show: (row, people) => {
      const time = createdAt(row);
      return time === null ? '' : people.time(time);
    },
    least: Infinity,
    dispensable: 2,
  },
  { title: 'line', name: 'line', value: ({ line }) => line ?? '', dispensable: 6 },
  {
    title: 'status',
    name: 'status',
    value: ({ status }) => status,
    show: statusText,
    tone: ({ status, problem, legacy }) =>
      problem !== undefined ? 'bad' : legacy === undefined ? statusTone(status) : 'muted',
  },
  {
    title: 'objects',
    name: 'objects',
    value: ({ summary }) => (summary === undefined ? null : objectsIn(summary)),
    show: ({ summary }, people) => (summary === undefined ? '' : people.count(objectsIn(summary))),
    align: 'right',
    dispensable: 4,
  },
  {
    title: 'bytes',
    name: 'bytes',
    value: ({ summary }) => summary?.bytes ?? null,
    show: ({ summary }, people) => (summary === undefined ? '' : people.bytes(summary.bytes)),
    align: 'right',
    dispensable: 3,
  },
  {
    title: 'archive',
    name: 'archive_bytes',
    value: (row) => archiveBytes(row),
    show: (row, people) => {
      const bytes = archiveBytes(row);
      return bytes === null ? '' : people.bytes(bytes);
    },
    align: 'right',
    dispensable: 2,
  },
  {
    title: 'took',
    name: 'duration_seconds',
    value: ({ summary }) => summary?.duration_seconds ?? null,
    show: ({ summary }, people) =>
      summary === undefined ? '' : people.duration(summary.duration_seconds),
    align: 'right',
    dispensable: 7,
  },
  {
    title: 'keys',
    name: 'encryption.recipients',
    value: ({ summary }) => summary?.encryption?.recipients.join(' ') ?? null,
    show: ({ summary }) => summary?.encryption?.recipients.length.toString() ?? '',
    align: 'right',
    dispensable: 1,
  },
  {
    title: 'signed',
    name: 'has_signature',
    value: ({ hasSignature }) => (hasSignature === true ? true : null),
    show: ({ hasSignature }) => (hasSignature === true ? 'yes' : ''),
    dispensable: 1,
  },
  {
    title: 'lock set until',
    name: 'lock.until',
    value: ({ summary }) => summary?.lock?.until ?? null,
    show: ({ summary }, people) => {
      if (summary?.lock === undefined) return '';
      return people.onTerminal ? people.clock(summary.lock.until).slice(0, 10) : summary.lock.until;
    },
    dispensable: 1,
  },
  {
    title: 'expired',
    name: 'kept_because',
    value: ({ keptBecause }) => keptBecause?.join(' ') ?? null,
    show: ({ keptBecause }) => {
      if (keptBecause === undefined) return '';
      return keptBecause.length === 0
        ? 'removed by the next prune'
        : `kept: referenced by ${shortList(keptBecause)}`;
    },
    dispensable: 5,
  },
];
