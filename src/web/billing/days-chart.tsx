import type { DailyDocument } from '../data/documents.js';
import { Chart, inPercent } from '../kit/chart.js';
import { decimalOf, dollarsText, toNumber } from '../text/decimal.js';
import { countOf } from '../text/numbers.js';
import { isGone, labelsOf, scaleOf, type DayRow } from './days.js';

const HEIGHT = 160;
/** Parts of the width of a day. */
const MARGIN = 0.14;
const GONE_HEIGHT = 24;

interface DaysChartProps {
  document: DailyDocument;
  /** The day that still runs. */
  running: string | undefined;
}

/** A bar for each day, as high as its cost. */
export function DaysChart({ document: { daily_usage: days, ...daily }, running }: DaysChartProps) {
  const { top, ticks } = scaleOf(Math.max(0, ...days.map(heightOf)));
  const label =
    `Cost of each day from ${daily.start_date} to ${daily.end_date}, ` +
    `${dollarsText(decimalOf(daily.totals.cost_exact))} in all; the table below has the same figures`;
  const unit = 100 / Math.max(1, days.length);
  return (
    <Chart label={label} ticks={ticks} labels={labelsOf(days.map(({ date }) => date))}>
      {days.map((day, index) => {
        const gone = isGone(day, daily.expired_until);
        const height = gone ? GONE_HEIGHT : Math.max(0, (heightOf(day) / top) * HEIGHT);
        const kind = gone ? 'gone' : day.date === running ? 'part' : '';
        if (height === 0) return null;
        return (
          <rect
            key={day.date}
            class={`b ${kind}`.trim()}
            x={inPercent((index + MARGIN) * unit)}
            y={HEIGHT - height}
            width={inPercent((1 - 2 * MARGIN) * unit)}
            height={height}
            rx="1.5"
          >
            <title>
              {gone
                ? `${day.date}: expired`
                : `${day.date}: ${dollarsText(decimalOf(day.cost_exact))}, ${countOf(day.job_count, 'job')}`}
            </title>
          </rect>
        );
      })}
    </Chart>
  );
}

function heightOf(day: DayRow): number {
  return toNumber(decimalOf(day.cost_exact));
}
