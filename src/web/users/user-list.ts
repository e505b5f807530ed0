import type { AllUsersDocument } from '../data/documents.js';
import {
  compare,
  decimalOf,
  divided,
  plus,
  times,
  toNumber,
  ZERO,
  type Decimal,
} from '../text/decimal.js';

type UserDocument = AllUsersDocument['users'][number];

/** A user in a month, or since the beginning. */
export interface UserRow {
  user: string;
  /** `undefined`: the month has expired. */
  bytes: bigint | undefined;
  seconds: number | undefined;
  jobs: bigint | undefined;
  /** Of a user's whole life alone: months do not have them. */
  failed: bigint | undefined;
  /** US dollars, exact. */
  gross: Decimal | undefined;
  /** Per cent off; `undefined` since the beginning, as discounts belong to months. */
  discount: number | undefined;
  /** What is owed; since the beginning, before discounts. */
  cost: Decimal | undefined;
}

export const SORTS = ['cost', 'bytes', 'compute', 'jobs', 'user'] as const;
export type Sort = (typeof SORTS)[number];

export function sortIn(text: string | undefined): Sort {
  return SORTS.find((sort) => sort === text) ?? 'cost';
}

export function rowOf(user: UserDocument): UserRow {
  const { month } = user;
  if (month === undefined) {
    const cost = decimalOf(user.estimated_cost_exact);
    return {
      user: user.user_id,
      bytes: BigInt(user.bytes_processed),
      seconds: user.compute_seconds,
      jobs: BigInt(user.job_count),
      failed: BigInt(user.jobs_failed),
      gross: cost,
      discount: undefined,
      cost,
    };
  }
  return {
    user: user.user_id,
    ...usageOf(month),
    failed: undefined,
    discount: month.discount_percent ?? undefined,
  };
}

/** Usage and exact amounts, of which an expired month has none. */
function usageOf(month: {
  bytes_processed: number | bigint | null;
  compute_seconds: number | null;
  job_count: number | bigint | null;
  gross_cost_exact: string | null;
  net_cost_exact: string | null;
}): Pick<UserRow, 'bytes' | 'seconds' | 'jobs' | 'gross' | 'cost'> {
  return {
    bytes: month.bytes_processed === null ? undefined : BigInt(month.bytes_processed),
    seconds: month.compute_seconds ?? undefined,
    jobs: month.job_count === null ? undefined : BigInt(month.job_count),
    gross: amountOf(month.gross_cost_exact),
    cost: amountOf(month.net_cost_exact),
  };
}

function amountOf(text: string | null): Decimal | undefined {
  return text === null ? undefined : decimalOf(text);
}

/** The sums of all users, also of those that are not shown. */
export function totalsOf({ totals }: AllUsersDocument): Omit<UserRow, 'user'> {
  const { month } = totals as { month?: Parameters<typeof usageOf>[0] };
  if (month === undefined) {
    const cost = decimalOf(totals.estimated_cost_exact);
    return {
      bytes: BigInt(totals.bytes_processed),
      seconds: totals.compute_seconds,
      jobs: BigInt(totals.job_count),
      failed: BigInt(totals.jobs_failed),
      gross: cost,
      discount: undefined,
      cost,
    };
  }
  return { ...usageOf(month), failed: undefined, discount: undefined };
}

/** Largest first, names from a to z. Equal ones are in the order of their names. */
export function sorted(rows: readonly UserRow[], sort: Sort): UserRow[] {
  return [...rows].sort((a, b) => bySort(a, b, sort) || byName(a, b));
}

function bySort(a: UserRow, b: UserRow, sort: Sort): number {
  switch (sort) {
    case 'cost':
      return compare(b.cost ?? ZERO, a.cost ?? ZERO);
    case 'bytes':
      return Number((b.bytes ?? 0n) - (a.bytes ?? 0n));
    case 'compute':
      return (b.seconds ?? 0) - (a.seconds ?? 0);
    case 'jobs':
      return Number((b.jobs ?? 0n) - (a.jobs ?? 0n));
    case 'user':
      return 0;
  }
}

function byName(a: UserRow, b: UserRow): number {
  return a.user < b.user ? -1 : a.user > b.user ? 1 : 0;
}

/** Users whose names contain the text, whatever its case. */
export function found(rows: readonly UserRow[], text: string): readonly UserRow[] {
  const wanted = text.toLowerCase();
  return wanted === '' ? rows : rows.filter(({ user }) => user.toLowerCase().includes(wanted));
}

/** How many make most of the sum, at most. */
const MOST_NAMED = 3;

export interface TopUsers {
  names: string[];
  /** Of the sum, in per cent, rounded. */
  percent: string;
}

/** The most expensive users, fewer than there are; `undefined` if nobody stands out. */
export function topUsers(
  rows: readonly UserRow[],
  total: Decimal | undefined,
): TopUsers | undefined {
  if (total === undefined || total.units <= 0n) return undefined;
  const owing = rows.filter(({ cost }) => cost !== undefined && cost.units > 0n);
  const count = owing.length > MOST_NAMED ? MOST_NAMED : 1;
  if (owing.length < 2) return undefined;
  const top = sorted(owing, 'cost').slice(0, count);
  const sum = top.reduce((all, { cost }) => plus(all, cost ?? ZERO), ZERO);
  return { names: top.map(({ user }) => user), percent: wholePercent(sum, total) };
}

function wholePercent(part: Decimal, whole: Decimal): string {
  const { units } = divided(times(part, decimalOf(100)), whole, 0);
  return units === 0n ? 'less than 1' : units.toString();
}

/** In per cent, for a bar. */
export function shareOf(part: Decimal | undefined, whole: Decimal | undefined): number {
  if (part === undefined || whole === undefined || whole.units <= 0n) return 0;
  return Math.max(0, Math.min(100, (toNumber(part) / toNumber(whole)) * 100));
}
