import type { DestinationDocument } from '../data/backup-documents.js';
import { Chart, inPercent } from '../kit/chart.js';
import { Table } from '../kit/table.js';
import { formatBytes } from '../text/numbers.js';
import { utcText } from '../text/times.js';
import { growthOf, ticksOf, unitOf, type ChainItem } from './chain.js';

const HEIGHT = 96;

/** The sizes of fulls. Its axis does not begin at zero, so it has points and a line, not bars. */
export function Growth({
  items,
  status,
}: {
  items: readonly ChainItem[];
  status: NonNullable<DestinationDocument['status']>;
}) {
  const chart = growthOf(items);
  const { growth } = status;
  return (
    <section class="sec" aria-labelledby="growth-h">
      <header>
        <h2 id="growth-h">Growth of the full{chart !== undefined && `, ${unitOf(chart.high)}`}</h2>
        <span class="quiet">
          {growth === null
            ? 'growth is known after a day'
            : `${formatBytes(growth.bytes_per_day)} of archives a day`}
        </span>
      </header>
      {chart === undefined ? (
        <p class="note">It takes two fulls within 30 days to show growth.</p>
      ) : (
        <>
          <Chart
            label={`Size of ${chart.points.length} fulls; the axis begins at ${formatBytes(Math.round(chart.low))}`}
            height={HEIGHT}
            ticks={ticksOf(chart)}
            labels={[
              { x: 0, text: chart.points[0]?.at.slice(0, 10) ?? '', anchor: 'start' },
              {
                x: 100,
                text: chart.points.at(-1)?.at.slice(0, 16).replace('T', ' ') ?? '',
                anchor: 'end',
              },
            ]}
          >
            {chart.points.map(({ at, x, y, bytes }, index) => {
              const before = chart.points[index - 1];
              return (
                <g key={at}>
                  {before !== undefined && (
                    <line
                      class="thread"
                      x1={inPercent(before.x)}
                      x2={inPercent(x)}
                      y1={(before.y * HEIGHT) / 100}
                      y2={(y * HEIGHT) / 100}
                    />
                  )}
                  <circle class="b" cx={inPercent(x)} cy={(y * HEIGHT) / 100} r="3.5">
                    <title>{`${utcText(new Date(at))}: ${formatBytes(bytes)}`}</title>
                  </circle>
                </g>
              );
            })}
          </Chart>
          <p class="note">
            The fulls of the last 30 days.{chart.low > 0 && ' The axis does not begin at zero.'}
          </p>
          <details class="under">
            <summary>The same as a table</summary>
            <Table
              label="Sizes of fulls"
              class="snug"
              rows={[...chart.points].reverse()}
              keyOf={({ at }) => at}
              columns={[
                {
                  id: 'at',
                  title: 'Created',
                  isRowHead: true,
                  cell: ({ at }) => utcText(new Date(at)),
                },
                {
                  id: 'bytes',
                  title: 'Full',
                  class: 'key',
                  cell: ({ bytes }) => formatBytes(bytes),
                },
              ]}
            />
          </details>
        </>
      )}
    </section>
  );
}
