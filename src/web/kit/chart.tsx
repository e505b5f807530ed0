import type { ComponentChildren } from 'preact';

interface ChartProps {
  /** What the chart shows; the table under it has the same figures. */
  label: string;
  /** Labels of the axis, from the top down, at equal distances. */
  ticks: readonly string[];
  /** Of the plot in px, without the labels below it. */
  height?: number;
  /** Labels below, at x in per cent. Those that are `wide` leave a narrow screen. */
  labels: readonly {
    x: number;
    text: string;
    wide?: boolean;
    anchor?: 'start' | 'middle' | 'end';
  }[];
  /** Shapes, with x and widths in per cent and y in px from the top of the plot. */
  children: ComponentChildren;
}

const LABEL_HEIGHT = 24;

/** A chart without viewBox: it stretches, its text does not. */
export function Chart({ label, ticks, height = 160, labels, children }: ChartProps) {
  const step = height / Math.max(1, ticks.length - 1);
  return (
    <div class={height < 120 ? 'chart low' : 'chart'}>
      <ol aria-hidden="true">
        {ticks.map((tick) => (
          <li key={tick}>{tick}</li>
        ))}
      </ol>
      <svg height={height + LABEL_HEIGHT} role="img" aria-label={label}>
        {/* The label says it: the shapes would be read one after the other. */}
        <g aria-hidden="true">
          {ticks.map((tick, index) => (
            <line
              key={tick}
              class={index === ticks.length - 1 ? 'axis' : 'grid'}
              x2="100%"
              y1={index * step}
              y2={index * step}
            />
          ))}
          {children}
          {labels.map(({ x, text, wide = false, anchor = 'middle' }) => (
            <text
              key={text}
              x={inPercent(x)}
              y={height + 18}
              text-anchor={anchor}
              class={wide ? 'wide-only' : undefined}
            >
              {text}
            </text>
          ))}
        </g>
      </svg>
    </div>
  );
}

/** `12.5%` */
export function inPercent(value: number): string {
  return `${Math.round(value * 100) / 100}%`;
}
