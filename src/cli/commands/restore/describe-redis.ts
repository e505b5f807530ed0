import { type RedisRestoreReport, isPartialRedis } from '../../../restore/redis/report.js';
import type { Column } from '../../output/columns.js';
import type { Page } from '../../output/page.js';
import { countOf } from '../../output/units.js';

/** Keys that people are shown; the JSON has the first 1,000. */
const MOST_SHOWN = 20;

export function describeRedisRestore(
  page: Page,
  report: RedisRestoreReport,
  strangers: readonly string[],
): void {
  const { people } = page;
  const { keys, lost, failures } = report;
  if (report.dry_run) {
    page
      .text(`plan for the keys of Redis in ${report.backup} (dry run: nothing is changed)`)
      .text('');
  }
  page.fields([
    { label: 'create', text: people.count(keys.create) },
    { label: 'same', text: people.count(keys.same) },
    { label: 'lower', text: `${people.count(keys.lower)} in Redis than in the backup` },
    { label: 'higher', text: `${people.count(keys.higher)} in Redis than in the backup` },
    { label: 'other', text: `${people.count(keys.other)} that differ and cannot be ordered` },
    ...(keys.expired === 0
      ? []
      : [{ label: 'expired', text: `${people.count(keys.expired)} since the backup` }]),
  ]);
  page.text('');
  if (!report.dry_run) {
    const isDone = failures.length === 0;
    const text = `restored ${countOf(report.restored, 'key')} of Redis`;
    page.text(`${isDone ? '✓' : '✕'} ${text}`, isDone ? 'good' : 'bad');
  }
  if (lost.length > 0) {
    const all = lost.length + report.lost_omitted;
    page.text(
      `${countOf(all, 'counter')} of Redis ${all === 1 ? 'is' : 'are'} lower than in the backup: what was counted since ${report.dry_run ? 'would be' : 'is'} lost.`,
      'bad',
    );
    page.table(lostColumns, lost.slice(0, MOST_SHOWN));
    if (all > MOST_SHOWN) page.text(`… and ${people.count(all - MOST_SHOWN)} more: see --json`);
    page.text('Run "mangamotion billing audit", and amend the bills of these users.');
  }
  for (const { key, reason } of failures.slice(0, MOST_SHOWN))
    page.line(`${key}: ${reason}`, 'bad');
  const more = failures.length + report.failures_omitted - MOST_SHOWN;
  if (more > 0) page.text(`… and ${people.count(more)} more: see --json`);
  for (const problem of report.problems) page.line(problem, 'bad');
  if (strangers.length > 0) {
    page.line(
      `the database holds keys that match no pattern of the backup: ${strangers.join(', ')}, …: a restore asks first`,
      'bad',
    );
  }
  if (!report.dry_run || !isPartialRedis(report)) return;
  page.text('a restore ends with status 3');
}

const lostColumns: Column<RedisRestoreReport['lost'][number]>[] = [
  { title: 'key', name: 'key', value: ({ key }) => key, least: 20 },
  { title: 'counter', name: 'field', value: ({ field }) => field ?? '' },
  { title: 'in redis', name: 'target', value: ({ target }) => target, align: 'right' },
  { title: 'in the backup', name: 'backup', value: ({ backup }) => backup, align: 'right' },
];
