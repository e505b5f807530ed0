import type { PricesDocument, SummaryDocument } from '../data/documents.js';
import { SumTable } from '../kit/sum-table.js';
import { decimalOf, dollarsText, priceText } from '../text/decimal.js';
import { monthName } from '../text/months.js';
import { countOf, formatBytes, PERCENT } from '../text/numbers.js';
import { hoursText } from '../text/hours.js';
import { estimateOf, sumRows, type Parts } from './bill.js';
import { Tiers } from './tiers.js';

interface RailProps {
  summary: SummaryDocument;
  prices: PricesDocument;
  parts: Parts | undefined;
  asOf: Date;
}

/** What stands beside the days: tiers, arithmetic, estimate, prices. */
export function Rail({ summary, prices, parts, asOf }: RailProps) {
  const { month } = summary;
  const name = monthName(month.month);
  const estimate = estimateOf(prices, month, asOf);
  return (
    <>
      {month.gross_cost_exact !== null && (
        <Tiers
          prices={prices}
          gross={decimalOf(month.gross_cost_exact)}
          isOpen={month.state === 'open'}
        />
      )}
      {parts !== undefined && (
        <section class="sec" aria-labelledby="sum-h">
          <h2 id="sum-h">How {name} adds up</h2>
          <SumTable
            lines={sumRows(prices, month, parts)}
            sum={{
              ...{ name: 'Net', price: 'rounded half up' },
              amount: dollarsText(decimalOf(month.net_cost_exact ?? '0')),
            }}
          />
        </section>
      )}
      {estimate !== undefined && (
        <section class="sec" aria-labelledby="est-h">
          <h2 id="est-h">Estimate for the whole month</h2>
          <p class="note">
            About <b>{estimate.net}</b> net, if the rest of {name} is used as the first{' '}
            {estimate.days} days were. An estimate, not a bill.
          </p>
        </section>
      )}
      <section class="sec" aria-labelledby="price-h">
        <h2 id="price-h">Prices</h2>
        <dl class="facts">
          <dt>Data</dt>
          <dd>{priceText(prices.rate_per_gib)} for 1 GiB (1024³ bytes)</dd>
          <dt>Compute</dt>
          <dd>{priceText(prices.rate_per_second)} for 1 s</dd>
          <dt>Discount</dt>
          <dd>{tiersText(prices)}</dd>
        </dl>
      </section>
      <section class="sec" aria-labelledby="life-h">
        <h2 id="life-h">Since the beginning</h2>
        <dl class="facts">
          <dt>Data</dt>
          <dd>{formatBytes(summary.bytes_processed)}</dd>
          <dt>Compute</dt>
          <dd>{hoursText(summary.compute_seconds)} h</dd>
          <dt>Jobs</dt>
          <dd>{countOf(summary.job_count, 'job')}</dd>
          <dt>Cost</dt>
          <dd>
            {dollarsText(decimalOf(summary.estimated_cost_exact))} before discounts, which belong to
            months
          </dd>
        </dl>
      </section>
    </>
  );
}

function tiersText({ tiers, discount_mode: mode }: PricesDocument): string {
  if (tiers.length === 0) return 'none';
  const steps = tiers
    .map(({ threshold, percent }) => `${percent}${PERCENT} from ${priceText(threshold)}`)
    .join(', ');
  return mode === 'volume'
    ? `${steps} of a month’s gross`
    : `${steps} of a month’s gross, each for what is above it`;
}
