import { countOf, formatCount } from '../count-of.js';
import { formatBytes } from '../format-bytes.js';
import { SCENARIOS, type Scenario } from './objectives.js';
import type { DrillRecord } from './records.js';

/** The evidence of drills in a period, for those who ask for it. Pure. */

export interface DrillReport {
  since: string;
  until: string;
  scenarios: ScenarioReport[];
  /** The latest first. */
  drills: DrillRecord[];
  /** Lines of the records that could not be read. */
  damaged: number;
  /** Destinations whose records could not be read. */
  unread: string[];
}

interface ScenarioReport {
  scenario: Scenario;
  drills: number;
  met: number;
  missed: number;
  not_proven: number;
  /** The longest of all drills that were not extrapolated; `null` without one. */
  worst_rto_seconds: number | null;
  rto_limit_seconds: number | null;
  worst_rpo_seconds: number | null;
  rpo_limit_seconds: number | null;
  last_met_at: string | null;
}

export function reportOf(
  records: readonly DrillRecord[],
  {
    since,
    until,
    damaged,
    unread = [],
  }: { since: Date; until: Date; damaged: number; unread?: string[] },
): DrillReport {
  const drills = records.filter(({ at }) => {
    const atMs = Date.parse(at);
    return atMs >= since.getTime() && atMs <= until.getTime();
  });
  return {
    since: since.toISOString(),
    until: until.toISOString(),
    scenarios: SCENARIOS.map((scenario) =>
      scenarioReport(
        scenario,
        drills.filter((drill) => drill.scenario === scenario),
      ),
    ),
    drills,
    damaged,
    unread,
  };
}

function scenarioReport(scenario: Scenario, drills: readonly DrillRecord[]): ScenarioReport {
  const count = (verdict: DrillRecord['verdict']) =>
    drills.filter((drill) => drill.verdict === verdict).length;
  const [latest] = drills;
  return {
    scenario,
    drills: drills.length,
    met: count('met'),
    missed: count('missed'),
    not_proven: count('not_proven'),
    worst_rto_seconds: worst(
      drills.map(({ rto_seconds, extrapolated }) => (extrapolated ? null : rto_seconds)),
    ),
    rto_limit_seconds: latest?.rto_limit_seconds ?? null,
    worst_rpo_seconds: worst(drills.map(({ rpo_seconds }) => rpo_seconds)),
    rpo_limit_seconds: latest?.rpo_limit_seconds ?? null,
    last_met_at: drills.find(({ verdict }) => verdict === 'met')?.at ?? null,
  };
}

function worst(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : Math.max(...known);
}

/** Returns the report as Markdown. */
export function reportMarkdown(report: DrillReport): string {
  const { since, until, scenarios, drills, damaged, unread } = report;
  const parts = [
    '# Recovery drills',
    `From ${since} to ${until}: ${countOf(drills.length, 'drill')}.`,
    ...(damaged === 0
      ? []
      : [
          `${countOf(damaged, 'line')} of the records could not be read and ${damaged === 1 ? 'is' : 'are'} not counted.`,
        ]),
    ...unread.map(
      (place) => `The records at ${inline(place)} could not be read and are not counted.`,
    ),
    '## By scenario',
    table(
      [
        'scenario',
        'drills',
        'met',
        'missed',
        'not proven',
        'longest RTO',
        'limit',
        'largest RPO',
        'limit',
        'last met',
      ],
      scenarios.map((one) => [
        one.scenario,
        formatCount(one.drills),
        formatCount(one.met),
        formatCount(one.missed),
        formatCount(one.not_proven),
        duration(one.worst_rto_seconds),
        duration(one.rto_limit_seconds),
        duration(one.worst_rpo_seconds),
        duration(one.rpo_limit_seconds),
        one.last_met_at ?? 'never',
      ]),
    ),
    '## Each drill',
    ...(drills.length === 0 ? ['There was none.'] : drills.map(drillSection)),
  ];
  return `${parts.join('\n\n')}\n`;
}

function drillSection(drill: DrillRecord): string {
  const { at, scenario, verdict, reason, backup, destination, steps, differences, check } = drill;
  const rto = `${duration(drill.rto_seconds)}${drill.extrapolated ? ' (extrapolated from a sample)' : ''}`;
  const missing =
    drill.missing_objects === null
      ? 'not counted'
      : `${countOf(drill.missing_objects, 'object')}, ${formatBytes(drill.missing_bytes ?? 0)}`;
  const lines = [
    `- Verdict: ${verdict.replace('_', ' ')}${reason === undefined ? '' : `: ${inline(reason)}`}`,
    `- Backup: ${inline(backup ?? 'none')} in ${inline(destination)}${drill.cold ? ', with nothing of the host' : ''}`,
    `- Restored and read back: ${countOf(drill.objects, 'object')}, ${formatBytes(drill.bytes)}`,
    `- Time to recover: ${rto}, limit ${duration(drill.rto_limit_seconds)}`,
    `- Parts: ${steps.length === 0 ? 'none' : steps.map(({ name, seconds }) => `${name} ${duration(seconds)}`).join(', ')}`,
    `- Age of the newest backup: ${duration(drill.rpo_seconds)}, limit ${duration(drill.rpo_limit_seconds)}`,
    `- In the store and not in it: ${missing}`,
    `- Differences: ${differences.length === 0 ? 'none' : differences.map(({ bucket, field, count }) => `${inline(field)} of ${countOf(count, 'object')} of ${inline(bucket)}`).join(', ')}`,
    ...(drill.attack === undefined ? [] : [attackLine(drill.attack)]),
    ...(check === undefined ? [] : [`- Own test: exit status ${check.exit_code ?? 'none'}`]),
  ];
  return [`### ${at} ${scenario}`, lines.join('\n')].join('\n\n');
}

function attackLine({
  files,
  locked,
  mode,
  tried,
  spared,
}: NonNullable<DrillRecord['attack']>): string {
  const sum = (of: 'refused' | 'succeeded' | 'unclear') =>
    formatCount(tried.reduce((total, one) => total + one[of], 0));
  const locks = mode === null ? 'not locked' : `${formatCount(locked)} locked (${mode})`;
  return `- Attacked: a copy of ${countOf(files, 'file')}, ${locks}. Attempts: refused ${sum('refused')}, carried out ${sum('succeeded')}, unclear ${sum('unclear')}. Spared: ${spared}`;
}

function table(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map(inline).join(' | ')} |`;
  return [line(titles), line(titles.map(() => '---')), ...rows.map(line)].join('\n');
}

/** Text of others must not become markup, or another line. */
function inline(text: string): string {
  return text
    .replace(/[\r\n]+/g, ' ')
    .replace(/[|`*<>[\]\\#]|\b_\B|\B_\b|\B_\B/g, (sign) => `\\${sign}`);
}

const UNITS = [
  ['d', 86_400],
  ['h', 3600],
  ['min', 60],
] as const;

/** A round figure in its own unit, and another one in the largest that makes at least two. */
function duration(seconds: number | null): string {
  if (seconds === null) return '–';
  const unit =
    UNITS.find(([, size]) => seconds >= size && seconds % size === 0) ??
    UNITS.find(([, size]) => seconds >= 2 * size);
  if (unit === undefined) return `${Number(seconds.toFixed(1))} s`;
  return `${Number((seconds / unit[1]).toFixed(1))} ${unit[0]}`;
}
