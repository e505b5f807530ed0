import type { PricesDocument, SummaryDocument } from '../data/documents.js';
import { Marked } from '../kit/marks.js';
import { decimalOf, dollarsText } from '../text/decimal.js';
import { monthName, monthText } from '../text/months.js';
import { PERCENT } from '../text/numbers.js';
import { standingOf } from './bill.js';

interface SentenceProps {
  month: SummaryDocument['month'];
  /** `undefined`: the visitor. */
  user: string | undefined;
  prices: PricesDocument | undefined;
}

/** What is owed, and how far the next tier is. */
export function Sentence({ month, user, prices }: SentenceProps) {
  const owes = user === undefined ? 'You owe' : `${user} owes`;
  const name = monthText(month.month);
  if (month.net_cost_exact === null || month.gross_cost_exact === null) {
    return (
      <>
        <Marked mark="unknown">{name} has expired</Marked>: days of it are gone, so nobody can tell
        what {user ?? 'you'} owed.
      </>
    );
  }
  const isOpen = month.state === 'open';
  const when = isOpen ? `${monthName(month.month)} so far` : name;
  const gross = decimalOf(month.gross_cost_exact);
  if (gross.units === 0n && month.job_count === 0) {
    return (
      <>
        {owes} <b>nothing</b> for {when}: there was no usage.
      </>
    );
  }
  const percent = month.discount_percent ?? 0;
  const next = prices === undefined || !isOpen ? undefined : standingOf(prices, gross).next;
  return (
    <>
      {owes} <b>{dollarsText(decimalOf(month.net_cost_exact))}</b> for {when}
      {percent > 0 && `, ${percent}${PERCENT} off`}.
      {next !== undefined && (
        <>
          {' '}
          <b>{dollarsText(next.missing)}</b> more reaches {`${next.percent}${PERCENT}`}.
        </>
      )}
    </>
  );
}
