import { useState } from 'preact/hooks';
import { inPercent } from '../kit/chart.js';
import { Mark, Marked, type MarkName } from '../kit/marks.js';
import { Table } from '../kit/table.js';
import { Ago } from '../kit/time.js';
import { countOf, formatBytes, formatCount } from '../text/numbers.js';
import { utcText } from '../text/times.js';
import { shortId, type ChainItem } from './chain.js';

const FLOOR = 72;
const FULL_HEIGHT = 60;
const SMALL_HEIGHT = 26;
/** The width of a missing one, in px. */
const HOLE = 8;

/** The backups of a destination on a timeline that ends now. The table under it lists them. */
export function Timeline({
  items,
  days,
  now,
  label,
}: {
  items: readonly ChainItem[];
  days: number;
  now: Date;
  label: string;
}) {
  const most = Math.max(1, ...items.map(({ bytes = 0, type }) => (type === 'full' ? 0 : bytes)));
  const step = days > 7 ? 7 : 1;
  const marks = Array.from({ length: Math.floor(days / step) + 1 }, (_, index) => {
    const midnight = new Date(now);
    midnight.setUTCHours(0, 0, 0, 0);
    midnight.setUTCDate(midnight.getUTCDate() - index * step);
    const x = 100 - ((now.getTime() - midnight.getTime()) / (days * 24 * 3600_000)) * 100;
    return { x, text: midnight.toISOString().slice(5, 10), wide: index % 2 === 1 };
  }).filter(({ x }) => x >= 0);
  return (
    <>
      <svg width="100%" height="116" role="img" aria-label={label}>
        <g aria-hidden="true">
          {marks.map(({ x, text, wide }) => (
            <>
              <line class="grid" x1={inPercent(x)} x2={inPercent(x)} y1="0" y2="92" />
              {x < 85 && (
                <text
                  class={wide ? 'wide-only' : undefined}
                  x={inPercent(x)}
                  y="110"
                  text-anchor={x < 4 ? 'start' : 'middle'}
                >
                  {text}
                </text>
              )}
            </>
          ))}
          {items.map((item) => (
            <Bar key={item.id} item={item} most={most} width={barWidthOf(items.length)} />
          ))}
          <line class="now-line" x1="100%" x2="100%" y1="0" y2="92" />
          <text class="now-text" x="100%" y="110" text-anchor="end">
            now
          </text>
          <line class="axis" x2="100%" y1="92" y2="92" />
        </g>
      </svg>
      <ul class="legend" aria-label="Signs of the timeline">
        <li>
          <svg width="8" height="12" aria-hidden="true">
            <rect class="b" width="8" height="12" rx="1.5" />
          </svg>
          full
        </li>
        <li>
          <svg width="5" height="12" aria-hidden="true">
            <rect class="b g" y="4" width="5" height="8" rx="1" />
          </svg>
          incremental, height by size
        </li>
        <li class="suspect">
          <Mark name="warn" />
          suspect
        </li>
        <li class="failed">
          <Mark name="failed" />
          missing
        </li>
      </ul>
    </>
  );
}

/** In px: also on a narrow screen a bar is seen, and the bars of 30 days leave gaps on a wide one. */
function barWidthOf(count: number): number {
  if (count <= 40) return 6;
  return count <= 200 ? 3 : 1.5;
}

/** A bar ends at its time. */
function Bar({
  item: { type, state, at, x, bytes = 0 },
  most,
  width,
}: {
  item: ChainItem;
  most: number;
  width: number;
}) {
  const title = (
    <title>{`${state === 'complete' ? type : `${type}, ${state}`}, ${utcText(new Date(at))}`}</title>
  );
  const end = inPercent(x);
  if (state === 'missing' || state === 'damaged') {
    return (
      <svg x={end} class="failed">
        <rect class="hole" x={-HOLE} y={FLOOR - 14} width={HOLE} height="14">
          {title}
        </rect>
        <use href="#m-failed" class="mark" x={-HOLE / 2 - 7} y="34" width="14" height="14" />
      </svg>
    );
  }
  const height = type === 'full' ? FULL_HEIGHT : Math.max(4, (bytes / most) * SMALL_HEIGHT);
  const kind = state === 'suspect' ? 'b w' : type === 'full' ? 'b' : 'b g';
  return (
    <svg x={end} class={state === 'suspect' ? 'suspect' : undefined}>
      <rect
        class={kind}
        x={-width}
        y={FLOOR - height}
        width={width}
        height={height}
        rx={Math.min(1, width / 3)}
      >
        {title}
      </rect>
      {state === 'suspect' && (
        <use href="#m-warn" class="mark" x={-width / 2 - 7} width="14" height="14" />
      )}
    </svg>
  );
}

const SIGNS: Readonly<Record<ChainItem['state'], { mark: MarkName; kind: string }>> = {
  complete: { mark: 'completed', kind: 'completed' },
  partial: { mark: 'warn', kind: 'near' },
  suspect: { mark: 'warn', kind: 'suspect' },
  missing: { mark: 'failed', kind: 'missed' },
  damaged: { mark: 'failed', kind: 'failed' },
  legacy: { mark: 'skipped', kind: '' },
  unknown: { mark: 'unknown', kind: '' },
};

const SHOWN = 30;

export function BackupsTable({
  items,
  label,
  chosen,
  expiring,
  hrefOf,
}: {
  items: readonly ChainItem[];
  label: string;
  /** The id of the backup that is open. */
  chosen: string | undefined;
  /** What expires next in each line: of the others, the time is not known. */
  expiring: readonly { next_expiry: { at: string; ids: readonly string[] } | null }[];
  hrefOf: (id: string) => string;
}) {
  const [shown, setShown] = useState(SHOWN);
  return (
    <>
      <Table
        label={label}
        rows={items.slice(0, shown)}
        keyOf={({ id }) => id}
        columns={[
          {
            ...{ id: 'id', title: 'Backup', isRowHead: true },
            cell: ({ id, backup }) =>
              backup === undefined ? (
                <span class="mono">{shortId(id)}</span>
              ) : (
                <a
                  class="mono"
                  href={hrefOf(id)}
                  data-opens={id}
                  aria-current={id === chosen ? 'true' : undefined}
                >
                  {shortId(id)}
                </a>
              ),
          },
          {
            ...{ id: 'state', title: 'State', class: 'lead-cell' },
            cell: ({ state }) => <Marked {...SIGNS[state]}>{state}</Marked>,
          },
          {
            ...{ id: 'created', title: 'Created', class: 'n', label: 'created' },
            cell: ({ at }) => <Ago time={at} />,
          },
          ...(['captured', 'unchanged', 'vanished'] as const).map((name) => ({
            id: name,
            title: name.charAt(0).toUpperCase() + name.slice(1),
            class: name === 'captured' ? 'n' : 'n p3',
            label: name,
            cell: ({ backup }: ChainItem) =>
              backup !== undefined && 'objects' in backup ? formatCount(backup.objects[name]) : '–',
          })),
          {
            ...{ id: 'archive', title: 'Archive', class: 'key' },
            cell: ({ bytes }) => (bytes === undefined ? '?' : formatBytes(bytes)),
          },
          {
            ...{ id: 'note', title: 'Remark', class: 'p3 wide' },
            cell: (item) => <span class="soft">{remarkOf(item)}</span>,
          },
          {
            ...{ id: 'expires', title: 'Expires', class: 'n', label: 'expires' },
            cell: ({ id }) => {
              const at = expiring.find(({ next_expiry: next }) => next?.ids.includes(id))
                ?.next_expiry?.at;
              return at === undefined ? <span class="dim">–</span> : <Ago time={at} />;
            },
          },
        ]}
      />
      {items.length > shown && (
        <p class="note">
          {formatCount(shown)} of {countOf(items.length, 'backup')}.{' '}
          <button type="button" onClick={() => setShown(shown * 4)}>
            Show more
          </button>
        </p>
      )}
    </>
  );
}

function remarkOf({ backup }: ChainItem): string {
  if (backup === undefined) return 'others refer to it';
  if (backup.status === 'legacy') return 'made by backup-minio.sh';
  const { problem, untrusted_because: untrusted, kept_because: kept = [], expired } = backup;
  const texts = [
    problem,
    untrusted,
    expired === true ? `expired, kept for ${countOf(kept.length, 'other')}` : undefined,
    backup.cold === true ? 'in cold storage' : undefined,
    backup.accepted === true ? 'accepted' : undefined,
  ];
  return texts.filter((text) => text !== undefined).join('; ');
}
