import type { PricesDocument } from '../data/documents.js';
import { inPercent } from '../kit/chart.js';
import { Mark } from '../kit/marks.js';
import { dollarsText, priceText, type Decimal } from '../text/decimal.js';
import { PERCENT } from '../text/numbers.js';
import { netOf, standingOf } from './bill.js';

interface TiersProps {
  prices: PricesDocument;
  gross: Decimal;
  /** Usage can still be added. */
  isOpen: boolean;
}

/** Where the month's gross stands, on steps of equal length. */
export function Tiers({ prices, gross, isOpen }: TiersProps) {
  if (prices.tiers.length === 0) return null;
  const standing = standingOf(prices, gross);
  const { percent, position } = standing;
  const steps = prices.tiers.map(({ threshold }) => priceText(threshold)).join(', ');
  const label = `Gross ${dollarsText(gross)}: in the tier of ${percent} per cent; the steps are at ${steps}`;
  const title = prices.discount_mode === 'volume' ? 'Volume discount' : 'Graduated discount';
  return (
    <section class="sec tiers" aria-labelledby="tier-h">
      <header>
        <h2 id="tier-h">{title}</h2>
        <span class="quiet">steps drawn at equal length</span>
      </header>
      <svg height="54" role="img" aria-label={label}>
        <g aria-hidden="true">
          <rect class="track" width="100%" height="8" y="8" rx="4" />
          <rect class="b" width={inPercent(position)} height="8" y="8" rx="4" />
          <Steps tiers={prices.tiers} />
          <text class="here" x={inPercent(position)} y="-1" text-anchor={anchorOf(position)}>
            {dollarsText(gross)}
          </text>
        </g>
      </svg>
      <p class="note">
        <Standing prices={prices} gross={gross} isOpen={isOpen} />
      </p>
    </section>
  );
}

function Steps({ tiers }: { tiers: PricesDocument['tiers'] }) {
  const steps = [{ threshold: '0', percent: '0' }, ...tiers];
  return (
    <>
      {steps.map(({ threshold, percent }, index) => {
        const isLast = index === tiers.length;
        const x = inPercent((index / tiers.length) * 100);
        const anchor = index === 0 ? 'start' : isLast ? 'end' : 'middle';
        return (
          <g key={threshold}>
            {index > 0 && !isLast && <line class="hair" x1={x} x2={x} y1="8" y2="16" />}
            <text x={x} y="36" text-anchor={anchor}>
              {priceText(threshold)}
            </text>
            <text x={x} y="52" text-anchor={anchor}>
              {percent} %
            </text>
          </g>
        );
      })}
    </>
  );
}

function Standing({ prices, gross, isOpen }: TiersProps) {
  const { percent, next, cheaper } = standingOf(prices, gross);
  const place = percent === '0' ? 'below the first step' : `in the ${percent}${PERCENT} tier`;
  const tier = `${dollarsText(gross)} gross is ${place}.`;
  if (!isOpen) return <>{tier}</>;
  if (next === undefined) return <>{`${percent}${PERCENT} is the last step.`}</>;
  if (cheaper !== undefined) {
    return (
      <>
        <span class="near">
          <Mark name="warn" />
        </span>{' '}
        {dollarsText(cheaper.missing)} more would make the bill <b>smaller</b>:{' '}
        {dollarsText(cheaper.net)} net instead of {dollarsText(netOf(prices, gross))}.
      </>
    );
  }
  const holds =
    prices.discount_mode === 'volume'
      ? 'which then holds for the whole month'
      : `for what is above ${next.threshold}`;
  return (
    <>
      {tier} {dollarsText(next.missing)} more reaches {`${next.percent}${PERCENT}`}, {holds}.
    </>
  );
}

function anchorOf(position: number): 'start' | 'middle' | 'end' {
  return position < 15 ? 'start' : position > 85 ? 'end' : 'middle';
}
