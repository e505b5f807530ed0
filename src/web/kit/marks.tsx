import type { ComponentChildren } from 'preact';

/** Drawn, not typed: many fonts lack two of the signs. On a field of 14 by 14. */
const SHAPES = {
  completed: 'M2.5 7.5 5.6 10.6 11.5 3.6',
  failed: 'M3.2 3.2 10.8 10.8M10.8 3.2 3.2 10.8',
  processing: 'M11.9 5.2A5.2 5.2 0 1 0 12.2 7.6M12.3 1.9V5.3H8.9',
  pending: 'M3 1.8H11M3 12.2H11M4 1.8C4 5.2 10 8.8 10 12.2M10 1.8C10 5.2 4 8.8 4 12.2',
  skipped: 'M3 7H11',
  unknown: 'M4.4 4.5C4.4 2.6 5.6 1.9 7 1.9S9.7 2.7 9.7 4.3C9.7 6.3 7 6.3 7 8.6M7 11.9V12',
  warn: 'M7 2V8.4M7 11.9V12',
} as const;
export type MarkName = keyof typeof SHAPES;

/** The shapes that every `Mark` uses; once in the page. */
export function Sprite() {
  return (
    <svg width="0" height="0" class="vh" aria-hidden="true">
      <defs>
        {Object.entries(SHAPES).map(([name, d]) => (
          <symbol id={`m-${name}`} key={name} viewBox="0 0 14 14">
            <path d={d} />
          </symbol>
        ))}
      </defs>
    </svg>
  );
}

export function Mark({ name }: { name: MarkName }) {
  return (
    <svg class="mark" aria-hidden="true">
      <use href={`#m-${name}`} />
    </svg>
  );
}

/** A mark with its word. The kind is a class of page.css: it colours the mark, or both. */
export function Marked({
  mark,
  kind = '',
  children,
}: {
  mark: MarkName;
  kind?: string;
  children: ComponentChildren;
}) {
  return (
    <span class={`st ${kind}`}>
      <Mark name={mark} />
      {children}
    </span>
  );
}

const STATUS_MARKS = new Set<string>(['completed', 'failed', 'processing', 'pending', 'skipped']);

/** The status of a job with the mark that the commands give it. */
export function Status({ status, children }: { status: string; children?: ComponentChildren }) {
  const mark = STATUS_MARKS.has(status) ? (status as MarkName) : 'unknown';
  return (
    <Marked mark={mark} kind={mark}>
      {children ?? status}
    </Marked>
  );
}
