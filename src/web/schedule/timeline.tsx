import { inPercent } from '../kit/chart.js';
import { Table } from '../kit/table.js';
import { Mark } from '../kit/marks.js';
import { countOf } from '../text/numbers.js';
import { minuteText, utcText } from '../text/times.js';
import { hoursOf, marksOf, type DayLane, type DayMark } from './day.js';

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
  const drawn = lanes.map((lane) => ({ ...lane, marks: marksOf(lane.items) }));
  const hasBand = drawn.some(({ marks }) => marks.some(({ count }) => count > 1));
  return (
    <>
      <div
        role="img"
        aria-label={`The day of ${countOf(lanes.length, 'entry', 'entries')}: ${countOf(items.length, 'run')}, which the table below lists`}
      >
        <div class="lanes" aria-hidden="true">
          {drawn.map(({ name, marks }) => (
            <div class="lane" key={name}>
              <span>{name}</span>
              <svg height="28">
                <line class="grid" x2="100%" y1="14" y2="14" />
                {['25%', '50%', '75%'].map((x) => (
                  <line key={x} class="grid" x1={x} x2={x} y1="0" y2="28" />
                ))}
                {failedLast(marks).map((mark) => (
                  <Shape key={`${mark.kind} ${mark.at}`} mark={mark} />
                ))}
                {nowX !== undefined && (
                  <line class="now-line" x1={inPercent(nowX)} x2={inPercent(nowX)} y1="0" y2="28" />
                )}
              </svg>
            </div>
          ))}
          <div class="lane">
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
        </div>
      </div>
      <ul class="legend" aria-label="Signs of the timeline">
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
        {hasBand && (
          <li>
            <svg width="26" height="14" aria-hidden="true">
              <rect class="band" x="1" y="1" width="24" height="12" rx="6" />
              <text x="13" y="11" text-anchor="middle" class="band-count">
                12
              </text>
            </svg>
            so many, close together
          </li>
        )}
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

/** A failure is seen over all else. */
function failedLast(marks: readonly DayMark[]): DayMark[] {
  const failed = marks.filter(({ kind }) => kind === 'failed');
  return [...marks.filter(({ kind }) => kind !== 'failed'), ...failed];
}

function Shape({ mark }: { mark: DayMark }) {
  const { kind, name, word, at, took, x, width, count } = mark;
  if (count > 1) return <Band mark={mark} />;
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
      {kind === 'failed' && <Cross x={x} />}
    </>
  );
}

/** The width of a figure on a narrow screen, in per cent. */
const FIGURE_WIDTH = 2.5;

/** Many marks as one, with their count: in it, or after it where it is too short. */
function Band({ mark: { kind, name, word, at, until, x, width, count } }: { mark: DayMark }) {
  const text = `${name}: ${word} ${count} times, ${at.slice(11, 16)} to ${until.slice(11, 16)} UTC`;
  const figures = String(count);
  const isInside = width >= (figures.length + 1) * FIGURE_WIDTH;
  const isAfter = x + width < 90;
  return (
    <>
      <rect
        class={`band ${kind}`}
        x={inPercent(x)}
        y="7"
        width={inPercent(Math.max(1, width))}
        height="14"
        rx="7"
      >
        <title>{text}</title>
      </rect>
      {isInside ? (
        <text class="band-count" x={inPercent(x + width / 2)} y="18" text-anchor="middle">
          {figures}
        </text>
      ) : (
        <svg x={inPercent(isAfter ? x + width : x)} class="wide-only">
          <text
            class="band-count"
            x={isAfter ? 8 : -8}
            y="18"
            text-anchor={isAfter ? 'start' : 'end'}
          >
            {figures}
          </text>
        </svg>
      )}
      {kind === 'failed' && <Cross x={x} />}
    </>
  );
}

function Cross({ x }: { x: number }) {
  return (
    <svg x={inPercent(x)} y="-6" class="failed">
      <use href="#m-failed" class="mark" x="-5" width="11" height="11" />
    </svg>
  );
}
