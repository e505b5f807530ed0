import { SCENARIOS } from '../../../drill/objectives.js';
import type { DrillRecord } from '../../../drill/records.js';
import { defineCommand } from '../../argv/command.js';
import type { Column } from '../../output/columns.js';
import { type FieldsOf, fieldNames } from '../../output/fields.js';
import type { Page } from '../../output/page.js';
import { sparkline } from '../../output/sparkline.js';
import { wholeNumber } from '../../values/count.js';
import { summaryColumns } from './describe.js';
import { readRecordsOf, recordsArguments, recordsOptions } from './read.js';

const DEFAULT_LIMIT = 20;
/** Drills of a scenario that its trend shows. */
const TREND = 24;

export const drillHistory = defineCommand({
  description:
    'List past drills, newest first, with their verdicts: those of this host, and those of all hosts ' +
    'that are recorded at the destinations. On a terminal the trend of the recovery times and of the ' +
    'ages of the backups follows. The exit status is 3 if records are damaged or cannot be read.',
  arguments: recordsArguments,
  options: {
    failed: { description: 'list only drills that missed an objective or proved none' },
    limit: {
      value: 'count',
      description: 'the maximum number of drills',
      parse: wholeNumber(1, 6),
      default: DEFAULT_LIMIT,
    },
    ...recordsOptions,
  },
  changes: 'nothing',
  usesStore: true,
  printsRows: true,
  endsWith: ['partial'],
  examples: {
    'mangamotion drill history': `list the last ${DEFAULT_LIMIT} drills`,
    'mangamotion drill history s3://offsite/minio --failed':
      'list those that did not meet their objectives, of all hosts',
    "mangamotion drill history --json | jq -r '.drills[] | [.at, .scenario, .rto_seconds] | @tsv'":
      'follow the recovery times',
  },
  async run(context, { destination }, { failed, limit, ...places }) {
    const { records, damaged, unread } = await readRecordsOf(context, destination, places);
    const rows = records.filter(({ verdict }) => !failed || verdict !== 'met').slice(0, limit);
    const { output } = context;
    if (output.onTerminal && rows.length > 0) {
      await output.document({
        json: {},
        human: (page) => {
          page.table(historyColumns, rows);
          describeTrends(page, records);
        },
      });
    } else {
      await output.rows({
        ...{ member: 'drills', json: (record: DrillRecord) => record, fields: FIELDS },
        ...{ rows, columns: output.forPeople ? historyColumns : csvColumns },
        empty: emptyText(records.length + unread.length, failed),
      });
    }
    return damaged.length > 0 || unread.length > 0 ? 'partial' : undefined;
  },
});

function emptyText(records: number, failed: boolean): string {
  if (records === 0)
    return 'there was no drill yet: `mangamotion drill object DESTINATION` is the first';
  return failed ? 'no drill is known that missed its objectives' : 'no drill is known';
}

export const historyColumns: Column<DrillRecord>[] = [
  {
    title: 'ended',
    name: 'at',
    value: ({ at }) => at,
    show: ({ at }, people) => people.clock(at),
    brief: ({ at }, people) => people.time(at),
    least: Infinity,
  },
  ...(summaryColumns as Column<DrillRecord>[]),
  {
    title: 'why',
    name: 'reason',
    value: ({ reason }) => reason ?? '',
    dispensable: 3,
    least: 16,
    wraps: true,
  },
];

interface Trend {
  scenario: string;
  rto: string;
  rpo: string;
}

/** One line a scenario, the latest drill last. */
export function describeTrends(page: Page, records: readonly DrillRecord[]): void {
  const trends = SCENARIOS.flatMap((scenario): Trend[] => {
    const own = records.filter((record) => record.scenario === scenario);
    if (own.length < 2) return [];
    const latest = own.slice(0, TREND).reverse();
    return [
      {
        scenario,
        rto: sparkline(latest.map(({ rto_seconds: seconds }) => seconds)),
        rpo: sparkline(latest.map(({ rpo_seconds: seconds }) => seconds)),
      },
    ];
  });
  if (trends.length > 0) page.text('').table(trendColumns, trends);
}

const trendColumns: Column<Trend>[] = [
  { title: 'trend', name: 'scenario', value: ({ scenario }) => scenario, tone: () => 'strong' },
  { title: 'RTO', name: 'rto', value: ({ rto }) => rto, least: Infinity, tone: () => 'active' },
  { title: 'RPO', name: 'rpo', value: ({ rpo }) => rpo, least: Infinity, tone: () => 'active' },
];

const FIELDS: FieldsOf<DrillRecord> = fieldNames(
  ...(['at', 'id', 'destination', 'cold', 'scenario', 'verdict', 'reason', 'backup'] as const),
  ...(['pick', 'newest', 'rto_seconds', 'rto_limit_seconds', 'extrapolated'] as const),
  ...(['rto_range_seconds', 'rpo_seconds', 'rpo_limit_seconds', 'objects', 'bytes'] as const),
  ...(['sample', 'missing_objects', 'missing_bytes', 'differences'] as const),
  ...(['differences_omitted', 'steps', 'check', 'attack', 'kept'] as const),
);

const CSV_FIELDS = [
  ...(['at', 'scenario', 'verdict', 'reason', 'destination', 'backup', 'rto_seconds'] as const),
  ...(['rto_limit_seconds', 'extrapolated', 'rpo_seconds', 'rpo_limit_seconds'] as const),
  ...(['objects', 'bytes', 'missing_objects', 'missing_bytes'] as const),
];

const csvColumns: Column<DrillRecord>[] = CSV_FIELDS.map((field) => ({
  title: field,
  name: field,
  value: (record) => record[field],
}));
