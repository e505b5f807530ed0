import type { RedisReader } from '../redis/reader.js';
import { readHashes } from '../redis/reader.js';
import { scanKeys } from '../redis/scan.js';
import type { Month } from './calendar.js';
import { usageIn } from './counters.js';
import { USER_KEYS, dayKeysIn, idText, partsOfDayKey, userOfKey } from './keys.js';
import type { MonthBill, Period } from './month-bill.js';
import { billMonth } from './month-bill.js';
import type { Decimal } from './money.js';
import { ZERO } from './money.js';
import type { Pricing } from './pricing.js';
import { costOf } from './pricing.js';
import type { CounterProblem } from './problems.js';
import type { Usage } from './usage.js';
import { NO_USAGE, USAGE_FIELDS, addUsage } from './usage.js';

/** A user among all of them. */
export interface UserRow {
  userId: string;
  lifetime: Usage;
  /** Exact US dollars of the lifetime's usage, without discounts. */
  cost: Decimal;
  /** Where a month was asked for. */
  month: MonthBill | undefined;
}

export interface AllUsers {
  /** Sorted; the first `top` of them. */
  users: UserRow[];
  /** How many there are. */
  totalUsers: number;
  /** Of all users. */
  totals: { lifetime: Usage; cost: Decimal; month: MonthTotals | undefined };
  /** Users with usage in the month, but without a lifetime record. */
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
  /** All where undefined. */
  top: number | undefined;
  signal: AbortSignal;
  /** How many users have been read. */
  onProgress: (users: number) => void;
}

/** What is kept of a user while the others are read. */
interface Entry {
  lifetime: Usage | undefined;
  inMonth: Usage;
  /** The days of the month that were added, a bit each: a scan may name a key twice. */
  days: number;
}

/**
 * All users, each read once. With a month also those that have usage in it but no record any more.
 * In memory are the counters of each user, not the days.
 */
export async function summariseAllUsers(
  redis: RedisReader,
  request: AllUsersRequest,
): Promise<AllUsers> {
  const { month, signal, onProgress } = request;
  const problems: CounterProblem[] = [];
  const entries = new Map<string, Entry>();
  const onProblem = (problem: CounterProblem) => problems.push(problem);

  for await (const keys of scanKeys(redis, USER_KEYS, signal)) {
    const fresh = keys.filter((key) => !entries.has(userOfKey(key)));
    const hashes = await readHashes(redis, fresh, USAGE_FIELDS);
    for (const [index, key] of fresh.entries()) {
      const fields = hashes[index] ?? [];
      const lifetime = usageIn(idText(key), fields, onProblem);
      if (fields === 'wrong type') continue;
      // It has been removed since the scan, or has none of our fields.
      entries.set(userOfKey(key), { lifetime: lifetime ?? NO_USAGE, inMonth: NO_USAGE, days: 0 });
    }
    onProgress(entries.size);
  }
  if (month !== undefined) await addDaysOf(month, redis, entries, request, onProblem);
  return report(entries, request, problems);
}

async function addDaysOf(
  month: Month,
  redis: RedisReader,
  entries: Map<string, Entry>,
  { signal, onProgress }: AllUsersRequest,
  onProblem: (problem: CounterProblem) => void,
): Promise<void> {
  for await (const keys of scanKeys(redis, dayKeysIn(month), signal)) {
    const hashes = await readHashes(redis, keys, USAGE_FIELDS);
    for (const [index, key] of keys.entries()) {
      const parts = partsOfDayKey(key);
      if (parts === undefined) continue;
      const entry = entries.get(parts.userId) ?? {
        lifetime: undefined,
        inMonth: NO_USAGE,
        days: 0,
      };
      const bit = 1 << (Number(parts.day.slice(-2)) - 1);
      if ((entry.days & bit) !== 0) continue;
      const usage = usageIn(idText(key), hashes[index] ?? [], onProblem);
      if (usage === undefined) continue;
      entry.days |= bit;
      entry.inMonth = addUsage(entry.inMonth, usage);
      entries.set(parts.userId, entry);
    }
    onProgress(entries.size);
  }
}

function report(
  entries: ReadonlyMap<string, Entry>,
  request: AllUsersRequest,
  problems: CounterProblem[],
): AllUsers {
  const { pricing, month, sort, top } = request;
  const totals: AllUsers['totals'] = {
    lifetime: NO_USAGE,
    cost: ZERO,
    month: month === undefined ? undefined : noTotals(month, request),
  };
  let withoutRecord = 0;
  const rows: UserRow[] = [];
  for (const [userId, { lifetime, inMonth }] of entries) {
    if (lifetime === undefined) withoutRecord += 1;
    const row: UserRow = {
      userId,
      lifetime: lifetime ?? NO_USAGE,
      cost: costOf(pricing, lifetime ?? NO_USAGE),
      month: month === undefined ? undefined : billMonth(pricing, month, inMonth, request),
    };
    totals.lifetime = addUsage(totals.lifetime, row.lifetime);
    totals.cost = totals.cost.plus(row.cost);
    addMonth(totals.month, row.month);
    rows.push(row);
  }
  rows.sort(inOrderOf(sort));
  return {
    users: top === undefined ? rows : rows.slice(0, top),
    totalUsers: rows.length,
    totals,
    withoutRecord,
    problems,
  };
}

/** Zeros, or nothing at all of a month that is expired. */
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

/** The largest first, of the month where there is one; users by name. Equal ones by name too. */
function inOrderOf(sort: SortKey): (a: UserRow, b: UserRow) => number {
  const byName = (a: UserRow, b: UserRow) =>
    a.userId < b.userId ? -1 : a.userId > b.userId ? 1 : 0;
  if (sort === 'user') return byName;
  const usageOf = (row: UserRow) =>
    row.month === undefined ? row.lifetime : (row.month.bill?.usage ?? row.lifetime);
  const costIn = (row: UserRow) =>
    row.month === undefined ? row.cost : (row.month.bill?.invoice.net ?? row.cost);
  const compare: Record<Exclude<SortKey, 'user'>, (a: UserRow, b: UserRow) => number> = {
    cost: (a, b) => costIn(b).cmp(costIn(a)),
    bytes: (a, b) => descending(usageOf(a).bytes, usageOf(b).bytes),
    compute: (a, b) => descending(usageOf(a).microseconds, usageOf(b).microseconds),
    jobs: (a, b) => descending(usageOf(a).jobs, usageOf(b).jobs),
  };
  return (a, b) => compare[sort](a, b) || byName(a, b);
}

function descending(a: bigint, b: bigint): number {
  return a > b ? -1 : a < b ? 1 : 0;
}
