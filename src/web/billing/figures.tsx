import type { DailyDocument, SummaryDocument } from '../data/documents.js';
import { Bar, Delayed } from '../kit/delayed.js';
import { decimalOf, decimalText, dollarsText, minus, type Decimal } from '../text/decimal.js';
import { countOf, formatBytes, formatCount } from '../text/numbers.js';
import { hoursText } from '../text/hours.js';
import type { Parts } from './bill.js';

interface FiguresProps {
  month: SummaryDocument['month'];
  parts: Parts | undefined;
  /** Of the days of the month. */
  totals: DailyDocument['totals'] | undefined;
}

/** The four figures of a month. */
export function Figures({ month, parts, totals }: FiguresProps) {
  const { bytes_processed: bytes, compute_seconds: seconds, job_count: jobs } = month;
  if (bytes === null || seconds === null || jobs === null) return <Unknown />;
  const [size = '', unit = ''] = formatBytes(bytes).split(' ');
  return (
    <dl class="figures">
      <div>
        <dt>Cost, net</dt>
        <dd class="fig">{dollarsText(decimalOf(month.net_cost_exact ?? '0'))}</dd>
        <dd>{grossText(month)}</dd>
      </div>
      <div>
        <dt>Compute</dt>
        <dd class="fig">
          {hoursText(seconds)} <small>h</small>
        </dd>
        <dd>
          {secondsText(seconds)} s{costText(parts?.compute)}
        </dd>
      </div>
      <div>
        <dt>Data</dt>
        <dd class="fig">
          {size} <small>{unit}</small>
        </dd>
        <dd>
          {countOf(bytes, 'byte')}
          {costText(parts?.data)}
        </dd>
      </div>
      <div>
        <dt>Jobs</dt>
        <dd class="fig">{formatCount(jobs)}</dd>
        <dd>{totals === undefined ? '\u00a0' : outcomes(totals)}</dd>
      </div>
    </dl>
  );
}

function grossText(month: FiguresProps['month']): string {
  const gross = decimalOf(month.gross_cost_exact ?? '0');
  const discount = minus(gross, decimalOf(month.net_cost_exact ?? '0'));
  if (discount.units === 0n) return `${dollarsText(gross)} gross, no discount`;
  return `${dollarsText(gross)} gross, −${dollarsText(discount)} (${month.discount_percent} %)`;
}

function costText(cost: Decimal | undefined): string {
  return cost === undefined ? '' : `, ${dollarsText(cost)}`;
}

/** `1,587,539.34` */
export function secondsText(seconds: number): string {
  return decimalText(decimalOf(seconds.toFixed(2)));
}

function outcomes(totals: NonNullable<FiguresProps['totals']>): string {
  return [
    `${formatCount(totals.jobs_completed)} completed`,
    `${formatCount(totals.jobs_failed)} failed`,
    `${formatCount(totals.jobs_skipped)} skipped`,
  ].join(', ');
}

const NAMES = ['Cost, net', 'Compute', 'Data', 'Jobs'];

function Unknown() {
  return (
    <dl class="figures">
      {NAMES.map((name) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd class="fig">?</dd>
          <dd>not known any more</dd>
        </div>
      ))}
    </dl>
  );
}

/** Keeps the place of the figures until they are known. */
export function NoFigures({ isLoading }: { isLoading: boolean }) {
  return (
    <dl class="figures" aria-busy={isLoading}>
      {NAMES.map((name) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd class="fig">
            {isLoading ? (
              <Delayed>
                <Bar />
              </Delayed>
            ) : (
              '–'
            )}
            {'\u00a0'}
          </dd>
          <dd>{'\u00a0'}</dd>
        </div>
      ))}
    </dl>
  );
}
