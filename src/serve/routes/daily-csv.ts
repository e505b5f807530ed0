import type { DayAnswer } from '../../billing/answers.js';
import { csvLine, NumberText } from '../../csv.js';

const COLUMNS = [
  'date',
  'bytes_processed',
  'compute_seconds',
  'job_count',
  'jobs_completed',
  'jobs_failed',
  'jobs_skipped',
  'cost_exact',
] as const satisfies (keyof DayAnswer)[];

/** Whether the header Accept names CSV, and does not prefer JSON. */
export function prefersCsv(accept: string | undefined): boolean {
  const quality = (type: string): number => {
    const range = (accept ?? '').split(',').find((part) => part.trim().startsWith(type));
    if (range === undefined) return 0;
    return Number(/;\s*q=([\d.]+)/.exec(range)?.[1] ?? 1);
  };
  return quality('text/csv') > quality('application/json');
}

/** One row a day, as `billing daily --csv` prints it. */
export function dailyCsv(days: readonly DayAnswer[]): Response {
  const lines = [
    csvLine([...COLUMNS.slice(0, -1), 'cost'], { raw: false }),
    ...days.map((day) =>
      csvLine(
        COLUMNS.map((name) => (name === 'cost_exact' ? new NumberText(day[name]) : day[name])),
        { raw: false },
      ),
    ),
  ];
  return new Response(lines.join(''), {
    headers: {
      'content-type': 'text/csv; charset=utf-8',
      'content-disposition': 'attachment; filename="daily-usage.csv"',
      'cache-control': 'no-store',
    },
  });
}
