import { Marked } from '../kit/marks.js';
import { dollarsText, type Decimal } from '../text/decimal.js';
import { monthName, monthText } from '../text/months.js';
import { formatCount, PERCENT } from '../text/numbers.js';
import type { TopUsers } from './user-list.js';

export interface UserFigures {
  total: number;
  /** Who owes something; `undefined`: not all users are known. */
  owing: number | undefined;
  /** `undefined`: it has expired. */
  sum: Decimal | undefined;
  top: TopUsers | undefined;
  /** `undefined`: since the beginning. */
  month: string | undefined;
  isOpen: boolean;
}

/** The sum, and who makes most of it. */
export function Sentence({ figures }: { figures: UserFigures }) {
  const { total, sum, top, month } = figures;
  if (total === 0) return <>There are no users yet.</>;
  if (sum === undefined) {
    return (
      <>
        <Marked mark="unknown">{monthText(month ?? '')} has expired</Marked>: days of it are gone,
        so nobody can tell what users owed.
      </>
    );
  }
  return (
    <>
      <Who {...figures} /> <b>{dollarsText(sum, 2)}</b> {whenOf(figures)}.
      {top !== undefined && <Top top={top} verb={month === undefined ? 'used' : 'owe'} />}
    </>
  );
}

function Who({ total, owing, month }: UserFigures) {
  const verb = month === undefined ? 'used' : 'owe';
  if (owing === undefined || owing === total) {
    return (
      <>
        <b>{formatCount(total)}</b> {total === 1 ? `user ${owesOf(verb)}` : `users ${verb}`}
      </>
    );
  }
  return (
    <>
      <b>{formatCount(owing)}</b> of {formatCount(total)} users {owing === 1 ? owesOf(verb) : verb}
    </>
  );
}

function Top({ top: { names, percent }, verb }: { top: TopUsers; verb: string }) {
  const [first = '', ...others] = names;
  const last = others.pop();
  if (last === undefined) {
    return (
      <>
        {' '}
        {first} {owesOf(verb)} <b>{`${percent}${PERCENT}`}</b> of it.
      </>
    );
  }
  return (
    <>
      {' '}
      Three of them, {[first, ...others].join(', ')} and {last}, {verb}{' '}
      <b>{`${percent}${PERCENT}`}</b> of it.
    </>
  );
}

function owesOf(verb: string): string {
  return verb === 'owe' ? 'owes' : verb;
}

function whenOf({ month, isOpen }: UserFigures): string {
  if (month === undefined) return 'since the beginning, before discounts';
  return isOpen ? `for ${monthName(month)} so far` : `for ${monthText(month)}`;
}
