import * as v from 'valibot';
import type { DrillRecord } from '../../../drill/records.js';
import { type DrillResult, type Verdict, drillResult } from '../../../drill/result.js';
import type { ErrorCode } from '../../../errors.js';
import type { CommandContext } from '../../argv/command.js';
import type { Column } from '../../output/columns.js';
import type { Field, Page } from '../../output/page.js';
import type { Tone } from '../../output/paint.js';
import { countOf } from '../../output/units.js';
import { attackColumns, attackFields } from './describe-attack.js';

const VERDICT_TEXTS: Readonly<Record<Verdict, { text: string; tone: Tone }>> = {
  met: { text: '✓ met', tone: 'good' },
  missed: { text: '✕ missed', tone: 'bad' },
  not_proven: { text: '? not proven', tone: 'waiting' },
};

function verdictText({ verdict }: Pick<DrillResult, 'verdict'>): string {
  return VERDICT_TEXTS[verdict].text;
}

function verdictTone({ verdict }: Pick<DrillResult, 'verdict'>): Tone {
  return VERDICT_TEXTS[verdict].tone;
}

/** Returns the code of the worst verdict; `undefined` if all objectives were met. */
export function codeOf(results: readonly DrillResult[]): ErrorCode | undefined {
  if (results.some(({ verdict }) => verdict === 'missed')) return 'damaged';
  return results.some(({ verdict }) => verdict === 'not_proven') ? 'partial' : undefined;
}

export async function printResults(
  { output }: Pick<CommandContext, 'output'>,
  records: readonly DrillRecord[],
  { whole = false } = {},
): Promise<void> {
  await output.document({
    json: { drills: whole ? records : records.map(resultOf) },
    human: (page) => describeResults(page, records),
  });
}

/** Returns what `drill` prints of a record: `drill history` has the rest. */
function resultOf(record: DrillRecord): DrillResult {
  return v.parse(drillResult, record);
}

export function describeResults(page: Page, results: readonly DrillResult[]): void {
  for (const [at, result] of results.entries()) {
    if (at > 0) page.text('');
    describeResult(page, result);
  }
  if (results.length > 1) page.text('').table(summaryColumns, results);
}

function describeResult(page: Page, result: DrillResult): void {
  const { scenario, verdict, reason, differences, differences_omitted: omitted = 0 } = result;
  page.line(`${VERDICT_TEXTS[verdict].text}: ${scenario}`, VERDICT_TEXTS[verdict].tone);
  page.fields([
    ...(reason === undefined ? [] : [{ label: 'why', text: reason, tone: verdictTone(result) }]),
    ...(result.backup === null ? [] : [{ label: 'backup', text: backupText(result) }]),
    ...recoveryFields(page, result),
    ...lossFields(page, result),
    ...(result.objects === 0 ? [] : [fidelityField(result)]),
    ...(result.check === undefined ? [] : [checkField(page, result.check)]),
    ...(result.attack === undefined ? [] : attackFields(page, result.attack)),
  ]);
  if (result.attack !== undefined) page.text('').table(attackColumns, result.attack.tried);
  if (differences.length > 0) {
    page.text('').table(differenceColumns, differences);
    if (omitted > 0) page.text(`… and ${countOf(omitted, 'further difference')}`);
  }
  if (result.kept !== undefined) {
    page.text('').text('these buckets stay; remove them when you are done:');
    for (const [name, bucket] of Object.entries(result.kept)) page.line(`  ${bucket}  (${name})`);
  }
}

function backupText({ backup, pick, newest }: DrillResult): string {
  const name = backup ?? '';
  return pick === 'random' ? `${name}, drawn; the newest is ${newest ?? 'unknown'}` : name;
}

function recoveryFields(page: Page, result: DrillResult): Field[] {
  const { people } = page;
  const { rto_seconds: rto, rto_limit_seconds: limit, steps, sample } = result;
  const range = result.rto_range_seconds;
  const amount = `${countOf(result.objects, 'object')}, ${people.bytes(result.bytes)}`;
  const share = sample === undefined ? '' : `, ${shareText(sample)} of all, as a sample`;
  const between =
    range === undefined
      ? ''
      : `, between ${people.duration(range[0])} and ${people.duration(range[1])}`;
  return [
    ...(result.objects === 0 ? [] : [{ label: 'restored', text: amount + share }]),
    ...(rto === null
      ? []
      : [
          {
            label: 'RTO',
            text: `${result.extrapolated ? '≈ ' : ''}${people.duration(rto)} of ${limitText(limit)}${result.extrapolated ? ` (extrapolated${between})` : ''}`,
          },
        ]),
    ...(steps.length === 0
      ? []
      : [
          {
            label: 'parts',
            text: steps
              .map(({ name, seconds }) => `${name} ${people.duration(seconds)}`)
              .join(', '),
            tone: 'muted' as const,
          },
        ]),
  ];
}

function lossFields(page: Page, result: DrillResult): Field[] {
  const { people } = page;
  const { rpo_seconds: rpo, rpo_limit_seconds: limit, missing_objects: missing } = result;
  if (rpo === null) return [];
  const lost =
    missing === null
      ? 'what is newer in the store is not known'
      : missing === 0
        ? 'the store has nothing newer'
        : `${countOf(missing, 'object')}, ${people.bytes(result.missing_bytes ?? 0)} newer in the store`;
  return [{ label: 'RPO', text: `${people.duration(rpo)} of ${limitText(limit)}; ${lost}` }];
}

function fidelityField({ differences, objects }: DrillResult): Field {
  if (differences.length === 0) {
    const what = objects === 1 ? 'the object is' : `all ${countOf(objects, 'object')} are`;
    return { label: 'fidelity', text: `${what} as in the backup`, tone: 'good' };
  }
  const fields = [...new Set(differences.map(({ field }) => field))];
  return { label: 'fidelity', text: `different: ${fields.join(', ')}`, tone: 'bad' };
}

function checkField(page: Page, check: NonNullable<DrillResult['check']>): Field {
  const { exit_code: code, seconds } = check;
  const how = code === null ? 'ended by a signal' : `exit status ${code}`;
  return {
    label: 'check',
    text: `${how} after ${page.people.duration(seconds)}`,
    tone: code === 0 ? 'good' : 'bad',
  };
}

/** `2h`, `1d`: a limit is a round figure. */
function limitText(seconds: number): string {
  const unit = (
    [
      ['d', 86_400],
      ['h', 3600],
      ['m', 60],
    ] as const
  ).find(([, size]) => seconds >= size && seconds % size === 0);
  return unit === undefined ? `${seconds}s` : `${seconds / unit[1]}${unit[0]}`;
}

function shareText(share: number): string {
  return `${Number((share * 100).toPrecision(2))}%`;
}

const differenceColumns: Column<DrillResult['differences'][number]>[] = [
  { title: 'bucket', name: 'bucket', value: ({ bucket }) => bucket, dispensable: 1 },
  { title: 'different', name: 'field', value: ({ field }) => field, tone: () => 'bad' },
  {
    title: 'objects',
    name: 'count',
    value: ({ count }) => count,
    show: ({ count }, people) => people.count(count),
    align: 'right',
  },
  { title: 'such as', name: 'keys', value: ({ keys }) => keys[0] ?? '', least: 16, dispensable: 2 },
  { title: 'how', name: 'reason', value: ({ reason }) => reason, wraps: true },
];

export const summaryColumns: Column<DrillResult>[] = [
  { title: 'scenario', name: 'scenario', value: ({ scenario }) => scenario, tone: () => 'strong' },
  {
    title: 'verdict',
    name: 'verdict',
    value: ({ verdict }) => verdict,
    show: verdictText,
    tone: verdictTone,
    least: Infinity,
  },
  {
    title: 'RTO',
    name: 'rto_seconds',
    value: ({ rto_seconds: seconds }) => seconds,
    show: ({ rto_seconds: seconds, extrapolated }, people) =>
      seconds === null ? '' : `${extrapolated ? '≈ ' : ''}${people.duration(seconds)}`,
    align: 'right',
  },
  {
    title: 'limit',
    name: 'rto_limit_seconds',
    value: ({ rto_limit_seconds: seconds }) => seconds,
    show: ({ rto_limit_seconds: seconds }) => limitText(seconds),
    align: 'right',
    dispensable: 2,
  },
  {
    title: 'RPO',
    name: 'rpo_seconds',
    value: ({ rpo_seconds: seconds }) => seconds,
    show: ({ rpo_seconds: seconds }, people) => (seconds === null ? '' : people.duration(seconds)),
    align: 'right',
  },
  {
    title: 'limit',
    name: 'rpo_limit_seconds',
    value: ({ rpo_limit_seconds: seconds }) => seconds,
    show: ({ rpo_limit_seconds: seconds }) => limitText(seconds),
    align: 'right',
    dispensable: 2,
  },
  {
    title: 'not in it',
    name: 'missing_objects',
    value: ({ missing_objects: missing }) => missing,
    show: ({ missing_objects: missing }, people) => (missing === null ? '' : people.count(missing)),
    align: 'right',
    dispensable: 1,
  },
];
