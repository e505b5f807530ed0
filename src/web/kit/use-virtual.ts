import { useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { drawnRows, offsetsOf, scrollNeeded, type DrawnRows } from './virtual.js';

const OVERSCAN = 10;

export interface VirtualRows extends DrawnRows {
  /** The heights of the rows that are not drawn, in px. */
  before: number;
  after: number;
  /** Scrolls the page as little as is needed to show the row. */
  show: (index: number) => void;
}

interface VirtualOptions {
  keys: readonly (string | undefined)[];
  /** Until a row was seen. */
  estimate: number;
  /** Of what lies over the rows at the top of the window, in px. */
  covered: () => number;
}

/**
 * Draws the rows of a `<tbody>` that the window shows. Each drawn row has `data-row`, and is measured: a
 * folded row is as high as its content. The page scrolls, not the table, so that a phone's bars move.
 */
export function useVirtual(
  body: { readonly current: HTMLElement | null },
  { keys, estimate, covered }: VirtualOptions,
): VirtualRows {
  const [version, setVersion] = useState(0);
  const redraw = (): void => setVersion((count) => count + 1);
  const heights = useRef(new Map<string, number>());
  const usual = useRef(estimate);
  const drawn = useRef<DrawnRows>({ first: 0, end: 0 });

  const offsets = useMemo(
    () =>
      offsetsOf(keys.length, (index) => {
        const key = keys[index];
        return (key === undefined ? undefined : heights.current.get(key)) ?? usual.current;
      }),
    [keys, version],
  );
  const rows = windowOf(body.current, offsets);
  drawn.current = rows;

  useLayoutEffect(() => {
    const element = body.current;
    if (element !== null && measure(element, heights.current, usual)) redraw();
  });

  const last = useRef(offsets);
  last.current = offsets;
  useLayoutEffect(() => {
    const look = (): void => {
      const { first, end } = windowOf(body.current, last.current);
      if (first !== drawn.current.first || end !== drawn.current.end) redraw();
    };
    let width = 0;
    const observer = new ResizeObserver(([entry]) => {
      const newWidth = entry?.contentRect.width ?? 0;
      // Rows of another width may fold.
      if (newWidth !== width) heights.current.clear();
      width = newWidth;
      look();
    });
    const table = body.current?.parentElement ?? undefined;
    if (table !== undefined) observer.observe(table);
    addEventListener('scroll', look, { passive: true });
    addEventListener('resize', look);
    look();
    return () => {
      observer.disconnect();
      removeEventListener('scroll', look);
      removeEventListener('resize', look);
    };
  }, []);

  return {
    ...rows,
    before: offsets[rows.first] ?? 0,
    after: (offsets[keys.length] ?? 0) - (offsets[rows.end] ?? 0),
    show: (index) => {
      const element = body.current;
      if (element === null) return;
      const top = element.getBoundingClientRect().top;
      const by = scrollNeeded(
        { top: top + (last.current[index] ?? 0), bottom: top + (last.current[index + 1] ?? 0) },
        { top: covered(), bottom: innerHeight },
      );
      if (by !== 0) scrollBy(0, by);
    },
  };
}

function windowOf(element: HTMLElement | null, offsets: Float64Array): DrawnRows {
  const top = element?.getBoundingClientRect().top ?? 0;
  return drawnRows(offsets, -top, innerHeight - top, OVERSCAN);
}

/** Returns whether a height is another one than was known. */
function measure(
  element: HTMLElement,
  heights: Map<string, number>,
  usual: { current: number },
): boolean {
  let isNew = false;
  for (const row of element.querySelectorAll<HTMLElement>('[data-row]')) {
    const key = row.dataset.row ?? '';
    const { height } = row.getBoundingClientRect();
    const known = heights.get(key);
    if (known !== undefined && Math.abs(known - height) < 0.5) continue;
    heights.set(key, height);
    isNew ||= Math.abs((known ?? usual.current) - height) >= 0.5;
    if (known === undefined) usual.current = height;
  }
  return isNew;
}
