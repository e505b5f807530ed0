import { cutInTheMiddle, cutToWidth, widthOf } from '../output/cut.js';
import type { Paint } from '../output/paint.js';
import { countOf, formatBytes, formatDuration } from '../output/units.js';

/** What a worker that captures a shard has done, with the speed at which it does it. */
export interface DrawnWorker {
  worker: string;
  shard: number;
  objects: number;
  bytes: number;
  bytesPerSecond: number;
  elapsedMs: number;
  silentMs: number;
}

export interface RowsStyle {
  width: number;
  /** Lines for all of it, the last line too. */
  height: number;
  paint: Paint;
}

/** A worker that reports every 2 s is late when it has said nothing for so long. */
const SILENT_MS = 10_000;
/** The speed of a shard that has just begun says little. */
const SETTLED_MS = 10_000;

type Column = 'worker' | 'shard' | 'objects' | 'bytes' | 'rate' | 'elapsed' | 'remark';

const COLUMNS: readonly Column[] = [
  ...(['worker', 'shard', 'objects', 'bytes', 'rate', 'elapsed', 'remark'] as const),
];
const LEAST_IMPORTANT_FIRST: readonly Column[] = ['objects', 'shard', 'bytes', 'elapsed', 'rate'];
const LEFT: ReadonlySet<Column> = new Set(['worker', 'shard', 'remark']);
const GAP = '  ';
/** A name is not cut further than this before columns go. */
const LEAST_NAME = 12;

/**
 * A line for each worker, those that have worked longest first, so that a line stays where it is. None is
 * wider than the screen; where there are too many, the last line says how many are left out.
 */
export function workerLines(workers: readonly DrawnWorker[], style: RowsStyle): string[] {
  const { width, height, paint } = style;
  if (workers.length === 0 || height < 1 || width < 1) return [];
  const sorted = [...workers].sort(
    (a, b) => b.elapsedMs - a.elapsedMs || a.shard - b.shard || (a.worker < b.worker ? -1 : 1),
  );
  const slowest = slowestOf(workers);
  const fits = sorted.length <= height;
  const shown = sorted.slice(0, fits ? sorted.length : height - 1);
  const cells = shown.map((one) => cellsOf(one, one === slowest));
  const lines = layOut(cells, style);
  if (fits) return lines;
  const rest = sorted.length - shown.length;
  return [...lines, paint('muted', cutToWidth(`and ${rest} more`, width))];
}

/**
 * Returns the worker whose shard moves at less than half of the median speed, the slowest of them;
 * `undefined` if none does, which is as it should be.
 */
function slowestOf(workers: readonly DrawnWorker[]): DrawnWorker | undefined {
  const settled = workers
    .filter(({ elapsedMs }) => elapsedMs >= SETTLED_MS)
    .sort((a, b) => a.bytesPerSecond - b.bytesPerSecond);
  const [first] = settled;
  const median = settled[Math.floor(settled.length / 2)];
  if (first === undefined || median === undefined || settled.length < 2) return undefined;
  return first.bytesPerSecond < median.bytesPerSecond / 2 ? first : undefined;
}

type Cells = Record<Column, string>;

function cellsOf(worker: DrawnWorker, isSlowest: boolean): Cells {
  const { shard, objects, bytes, bytesPerSecond, elapsedMs, silentMs } = worker;
  const isSilent = silentMs >= SILENT_MS;
  return {
    worker: worker.worker,
    shard: `shard ${shard}`,
    objects: countOf(objects, 'object'),
    bytes: formatBytes(bytes),
    rate: `${formatBytes(bytesPerSecond)}/s`,
    elapsed: formatDuration(Math.floor(elapsedMs / 1000)).replace('.0s', 's'),
    remark: isSilent
      ? `silent ${formatDuration(Math.floor(silentMs / 1000))}`
      : isSlowest
        ? 'slowest'
        : '',
  };
}

function layOut(rows: readonly Cells[], { width, paint }: RowsStyle): string[] {
  const widths = new Map(
    COLUMNS.map((column) => [column, Math.max(...rows.map((row) => widthOf(row[column])))]),
  );
  const widthFor = (column: Column) => widths.get(column) ?? 0;
  const kept = new Set(COLUMNS.filter((column) => widthFor(column) > 0));
  const total = () =>
    [...kept].reduce((sum, column) => sum + widthFor(column), (kept.size - 1) * GAP.length);
  const nameOf = () => widthFor('worker') - Math.max(0, total() - width);
  for (const column of LEAST_IMPORTANT_FIRST) {
    if (nameOf() >= Math.min(LEAST_NAME, widthFor('worker'))) break;
    kept.delete(column);
  }
  widths.set('worker', Math.max(1, Math.min(widthFor('worker'), nameOf())));
  return rows.map((row) => {
    const cells = COLUMNS.filter((column) => kept.has(column)).map((column) => {
      const text = column === 'worker' ? cutInTheMiddle(row.worker, widthFor(column)) : row[column];
      const space = ' '.repeat(Math.max(0, widthFor(column) - widthOf(text)));
      return LEFT.has(column) ? text + space : space + text;
    });
    const line = cutToWidth(cells.join(GAP).trimEnd(), width);
    const { remark } = row;
    if (remark === '' || !line.endsWith(remark)) return line;
    return line.slice(0, line.length - remark.length) + paint('waiting', remark);
  });
}
