import { inPercent } from '../kit/chart.js';
import { Table } from '../kit/table.js';
import { Mark } from '../kit/marks.js';
import { minuteText, utcText } from '../text/times.js';
import { hoursOf, type DayItem, type DayLane } from './day.js';

const SHAPES = { done: 'b c min', failed: 'b f min', running: 'b r', unrun: 'b gone' } as const;

/** The day of each entry: left of the line is done, right of it is due. The table has the same. */
export function Timeline({
  lanes,
  nowX,
  now,
}: {
  lanes: readonly DayLane[];
  nowX: number | undefined;
  now: Date;
}) {
  const items = lanes.flatMap((lane) => lane.items);
  return (
    <>
      {lanes.map(({ name, items: own }) => (
        <div class="lane" key={name}>
          <span>{name}</span>
          <svg height="28" aria-hidden="true">
            <line class="grid" x2="100%" y1="14" y2="14" />
            {['25%', '50%', '75%'].map((x) => (
              <line key={x} class="grid" x1={x} x2={x} y1="0" y2="28" />
            ))}
            {own.map((item) => (
              <Shape key={`${item.kind} ${item.at}`} item={item} />
            ))}
            {nowX !== undefined && (
              <line class="now-line" x1={inPercent(nowX)} x2={inPercent(nowX)} y1="0" y2="28" />
            )}
          </svg>
        </div>
      ))}
      <div class="lane" aria-hidden="true">
        <span />
        <svg height="18">
          {hoursOf(nowX).map(({ hour, wide }) => (
            <text
              key={hour}
              class={wide ? 'wide-only' : undefined}
              x={inPercent((hour / 24) * 100)}
              y="12"
              text-anchor={hour === 0 ? 'start' : hour === 24 ? 'end' : 'middle'}
            >
              {String(hour).padStart(2, '0')}:00
            </text>
          ))}
          {nowX !== undefined && (
            <text
              class="now-text"
              x={inPercent(nowX)}
              y="12"
              text-anchor={nowX < 5 ? 'start' : nowX > 95 ? 'end' : 'middle'}
            >
              {minuteText(now)}
            </text>
          )}
        </svg>
      </div>
      <ul class="legend">
        <li>
          <svg width="8" height="12" aria-hidden="true">
            <rect class="b c" width="8" height="12" rx="1.5" />
          </svg>
          ran, width is the time it took
        </li>
        <li class="failed">
          <Mark name="failed" />
          failed
        </li>
        <li>
          <svg width="10" height="12" aria-hidden="true">
            <rect class="b r" width="10" height="12" rx="1.5" />
          </svg>
          runs
        </li>
        <li>
          <svg width="10" height="12" aria-hidden="true">
            <rect class="b gone" x="1" width="8" height="12" />
          </svg>
          missed or skipped
        </li>
        <li>
          <svg width="10" height="12" aria-hidden="true">
            <circle class="b next" cx="5" cy="6" r="3.5" />
          </svg>
          due
        </li>
      </ul>
      <details class="under">
        <summary>The same as a table</summary>
        <Table
          label="Runs of the day"
          class="snug"
          rows={items}
          keyOf={({ name, kind, at }) => `${name} ${kind} ${at}`}
          columns={[
            {
              ...{ id: 'at', title: 'Time (UTC)', isRowHead: true },
              cell: ({ at }) => (
                <time dateTime={at} title={utcText(new Date(at))}>
                  {at.slice(11, 19)}
                </time>
              ),
            },
            { id: 'name', title: 'Entry', class: 'lead-cell', cell: ({ name }) => name },
            { id: 'word', title: 'Result', class: 'key', cell: ({ word }) => word },
            { id: 'took', title: 'Took', class: 'n', label: 'took', cell: ({ took }) => took },
          ]}
        />
      </details>
    </>
  );
}

function Shape({ item }: { item: DayItem }) {
  const { kind, name, word, at, took, x, width } = item;
  const text = `${name}: ${word}, ${utcText(new Date(at))}${took === undefined ? '' : `, took ${took}`}`;
  if (kind === 'due') {
    return (
      <svg x={inPercent(x)}>
        <circle class="b next" cy="14" r="3.5">
          <title>{text}</title>
        </circle>
      </svg>
    );
  }
  return (
    <>
      <rect
        class={SHAPES[kind]}
        x={inPercent(x)}
        y="8"
        width={inPercent(Math.max(0.35, width))}
        height="12"
        rx="1.5"
      >
        <title>{text}</title>
      </rect>
      {kind === 'failed' && (
        <svg x={inPercent(x)} y="-6" class="failed">
          <use href="#m-failed" class="mark" x="-5" width="11" height="11" />
        </svg>
      )}
    </>
  );
}
