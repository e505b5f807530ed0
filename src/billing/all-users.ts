import type { RedisReader } from '../redis/reader.js';
import { readHashes } from '../redis/reader.js';
import { scanKeys } from '../redis/scan.js';
import type { Month } from './calendar.js';
import type { CounterProblem, OnProblem } from './counters.js';
import { billedUsageIn } from './counters.js';
import { USER_KEYS, dayKey, dayKeysIn, partsOfDayKey, userKey, userOfKey } from './keys.js';
import type { MonthBill, Period } from './month-bill.js';
import { billMonth } from './month-bill.js';
import type { Decimal } from './money.js';
import { ZERO } from './money.js';
import type { Pricing } from './pricing.js';
import { costOf } from './pricing.js';
import { UsageLedger } from './usage-ledger.js';
import type { Usage } from './usage.js';
import { NO_USAGE, USAGE_FIELDS, addUsage } from './usage.js';

/** What the report of all users shows of a user. */
export interface UserRow {
  userId: string;
  lifetime: Usage;
  /** Exact US dollars of the lifetime's usage, without discounts. */
  cost: Decimal;
  /** The month's amounts, if a month was requested. */
  month: MonthBill | undefined;
}

export interface AllUsers {
  /** The first `top` users in their order. A row is built when it is reached, to save memory. */
  users: Iterable<UserRow>;
  /** The number of users in `users`. */
  shownUsers: number;
  /** The number of all users. */
  totalUsers: number;
  /** The totals of all users. */
  totals: { lifetime: Usage; cost: Decimal; month: MonthTotals | undefined };
  /** The number of users who have usage in the month, but no lifetime record. */
  withoutRecord: number;
  problems: CounterProblem[];
}

/** Sums of exact amounts; `gross` and `net` are `undefined` where the month is expired. */
interface MonthTotals {
  usage: Usage | undefined;
  gross: Decimal | undefined;
  net: Decimal | undefined;
}

export const SORT_KEYS = ['cost', 'bytes', 'compute', 'jobs', 'user'] as const;
type SortKey = (typeof SORT_KEYS)[number];

export interface AllUsersRequest extends Period {
  pricing: Pricing;
  month: Month | undefined;
  sort: SortKey;
  /** The maximum number of users; `undefined` for all. */
  top: number | undefined;
  signal: AbortSignal;
  /** Called with the number of users that have been read. */
  onProgress: (users: number) => void;
}

/** The bill of a month needs only the first fields. */
const BILLED_FIELDS = USAGE_FIELDS.slice(0, 3);

/** The table that is built while users are read. Users with a lifetime record come first. */
interface Users {
  /** The row of each user in the ledgers. */
  rows: Map<string, number>;
  lifetime: UsageLedger;
  inMonth: UsageLedger;
}

/**
 * Resolves to all users. With a month, users who have usage in it but no record any more are included.
 * Only the sums of each user are in memory, not the days.
 */
export async function summariseAllUsers(
  redis: RedisReader,
  request: AllUsersRequest,
): Promise<AllUsers> {
  const { month, signal, onProgress } = request;
  const problems: CounterProblem[] = [];
  const onProblem = (problem: CounterProblem) => problems.push(problem);
  const rows = new Map<string, number>();
  const lifetime = new UsageLedger();

  for await (const keys of scanKeys(redis, USER_KEYS, signal)) {
    const userIds = keys.map(userOfKey);
    const hashes = await readHashes(redis, keys, USAGE_FIELDS);
    for (const [index, userId] of userIds.entries()) {
      // A scan may return a key twice.
      if (rows.has(userId)) continue;
      const fields = hashes[index] ?? [];
      const usage = billedUsageIn(userKey(userId), fields, onProblem);
      if (fields === 'wrong type') continue;
      // A record without usage was removed after the scan, or has none of our fields.
      lifetime.add(rows.size, usage ?? NO_USAGE);
      rows.set(userId, rows.size);
    }
    onProgress(rows.size);
  }
  const withRecord = rows.size;
  const users = { rows, lifetime, inMonth: new UsageLedger() };
  if (month !== undefined) await addDaysOf(month, redis, users, request, onProblem);
  const withoutRecord = rows.size - withRecord;
  return { ...rankedUsers(users, request), withoutRecord, problems };
}

async function addDaysOf(
  month: Month,
  redis: RedisReader,
  { rows, inMonth }: Users,
  { signal, onProgress }: AllUsersRequest,
  onProblem: OnProblem,
): Promise<void> {
  // A bit for each day that was added, by row: a scan may return a key twice.
  const added: number[] = [];
  for await (const keys of scanKeys(redis, dayKeysIn(month), signal)) {
    const hashes = await readHashes(redis, keys, BILLED_FIELDS);
    for (const [index, key] of keys.entries()) {
      const parts = partsOfDayKey(key);
      if (parts === undefined) continue;
      const row = rows.get(parts.userId) ?? rows.size;
      const before = added[row] ?? 0;
      const bit = 1 << (Number(parts.day.slice(-2)) - 1);
      if ((before & bit) !== 0) continue;
      const usage = billedUsageIn(dayKey(parts.userId, parts.day), hashes[index] ?? [], onProblem);
      if (usage === undefined) continue;
      rows.set(parts.userId, row);
      added[row] = before | bit;
      inMonth.add(row, usage);
    }
    onProgress(rows.size);
  }
}

function rankedUsers(
  users: Users,
  request: AllUsersRequest,
): Omit<AllUsers, 'withoutRecord' | 'problems'> {
  const { month, sort, top } = request;
  const totals: AllUsers['totals'] = {
    lifetime: NO_USAGE,
    cost: ZERO,
    month: month === undefined ? undefined : noTotals(month, request),
  };
  const ranked: Ranked[] = [];
  for (const [userId, index] of users.rows) {
    const row = rowOf(userId, users, index, request);
    totals.lifetime = addUsage(totals.lifetime, row.lifetime);
    totals.cost = totals.cost.plus(row.cost);
    addMonth(totals.month, row.month);
    ranked.push({ userId, index, rank: rankOf(row, sort) });
  }
  ranked.sort(highestFirst);
  const shown = top === undefined ? ranked : ranked.slice(0, top);
  return {
    users: rowsOf(shown, users, request),
    shownUsers: shown.length,
    totalUsers: ranked.length,
    totals,
  };
}

function* rowsOf(
  ranked: readonly Ranked[],
  users: Users,
  request: AllUsersRequest,
): Generator<UserRow> {
  for (const { userId, index } of ranked) yield rowOf(userId, users, index, request);
}

function rowOf(
  userId: string,
  users: Users,
  index: number,
  { pricing, month, ...period }: AllUsersRequest,
): UserRow {
  const lifetime = users.lifetime.get(index);
  const monthBill =
    month === undefined ? undefined : billMonth(pricing, month, users.inMonth.get(index), period);
  return { userId, lifetime, cost: costOf(pricing, lifetime), month: monthBill };
}

/** Returns zeros; for an expired month no figures at all. */
function noTotals(month: Month, request: AllUsersRequest): MonthTotals {
  const { bill } = billMonth(request.pricing, month, NO_USAGE, request);
  return { usage: bill?.usage, gross: bill?.invoice.gross, net: bill?.invoice.net };
}

function addMonth(totals: MonthTotals | undefined, month: MonthBill | undefined): void {
  if (totals === undefined || month?.bill === undefined) return;
  const { usage, invoice } = month.bill;
  totals.usage = addUsage(totals.usage ?? NO_USAGE, usage);
  totals.gross = (totals.gross ?? ZERO).plus(invoice.gross);
  totals.net = (totals.net ?? ZERO).plus(invoice.net);
}

/** A user in the order of the answer. */
interface Ranked {
  userId: string;
  /** The index of the user's row. */
  index: number;
  /** The figure that users are sorted by; `undefined` where they are sorted by name. */
  rank: Decimal | bigint | undefined;
}

/** Returns the figure of the month where it can be billed, else that of the lifetime. */
function rankOf({ lifetime, cost, month }: UserRow, sort: SortKey): Ranked['rank'] {
  const usage = month?.bill?.usage ?? lifetime;
  switch (sort) {
    case 'cost':
      return month?.bill?.invoice.net ?? cost;
    case 'bytes':
      return usage.bytes;
    case 'compute':
      return usage.microseconds;
    case 'jobs':
      return usage.jobs;
    case 'user':
      return undefined;
  }
}

/** Sorts users of equal rank by name. */
function highestFirst(a: Ranked, b: Ranked): number {
  return compareRanks(b.rank, a.rank) || (a.userId < b.userId ? -1 : a.userId > b.userId ? 1 : 0);
}

function compareRanks(a: Ranked['rank'], b: Ranked['rank']): number {
  if (typeof a === 'object' && typeof b === 'object') return a.cmp(b);
  if (typeof a === 'bigint' && typeof b === 'bigint') return a > b ? 1 : a < b ? -1 : 0;
  return 0;
}
