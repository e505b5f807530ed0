import type { ComponentChildren } from 'preact';
import { inPercent } from '../kit/chart.js';
import { Marked, type MarkName } from '../kit/marks.js';
import type { Gauge } from './standing.js';

const SIGNS: Readonly<Record<Gauge['state'], { mark: MarkName; kind: string; bar: string }>> = {
  ok: { mark: 'completed', kind: 'ok', bar: 'b c' },
  near: { mark: 'warn', kind: 'near', bar: 'b w' },
  over: { mark: 'failed', kind: 'overdue', bar: 'b f' },
  unknown: { mark: 'unknown', kind: '', bar: 'b g' },
};

/** What is known of a destination, against its limit. */
export function Fact({
  state,
  isOld = false,
  gauge,
  text,
  children,
}: {
  state: Gauge['state'];
  /** The destination could not be read since: what was good may not be so any more. */
  isOld?: boolean;
  gauge: Gauge | undefined;
  /** The limit, and what is beyond the fact. */
  text: ComponentChildren;
  children: ComponentChildren;
}) {
  const { mark, kind, bar } = SIGNS[isOld && state !== 'over' ? 'unknown' : state];
  return (
    <>
      <Marked mark={mark} kind={kind}>
        {children}
      </Marked>
      {gauge !== undefined && (
        <svg class="gauge" aria-hidden="true">
          <rect class="track" width="100%" height="4" rx="2" />
          <rect class={bar} width={inPercent(gauge.percent)} height="4" rx="2" />
        </svg>
      )}
      <Limit>{text}</Limit>
    </>
  );
}

export function Limit({ children }: { children: ComponentChildren }) {
  return <span class="quiet lim">{children}</span>;
}

export function Unknown({ children }: { children: ComponentChildren }) {
  return (
    <>
      <Marked mark="unknown">unknown</Marked>
      <Limit>{children}</Limit>
    </>
  );
}
