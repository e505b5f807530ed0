import { isUtf8 } from 'node:buffer';
import type { RedisReader } from '../redis/reader.js';
import { readHashes } from '../redis/reader.js';
import { readAhead, scanKeys } from '../redis/scan.js';
import type { Month } from './calendar.js';
import type { CounterProblem, OnProblem } from './counters.js';
import { billedUsageIn } from './counters.js';
import { USER_KEYS, dayKey, dayKeysIn, partsOfDayKey, userKey, userOfKey } from './keys.js';
import type { MonthBill, Period } from './month-bill.js';
import { billMonth } from './month-bill.js';
import type { Decimal, Money } from './money.js';
import { Amount, ZERO } from './money.js';
import type { Pricing } from './pricing.js';
import { amountOf } from './pricing.js';
import { UsageLedger } from './usage-ledger.js';
import type { Usage } from './usage.js';
import { NO_USAGE, USAGE_FIELDS, addUsage } from './usage.js';

/** What the report of all users shows of a user. */
export interface UserRow {
  userId: string;
  lifetime: Usage;
  /** Exact US dollars of the lifetime's usage, without discounts. */
  cost: Money;
  /** The month's amounts, if a month was requested. */
  month: MonthBill | undefined;
}

/** With `sort: 'none'` everything but `users` is complete only when `users` has been read to its end. */
export interface AllUsers {
  /** The first `top` users in their order. A row is built when it is reached, to save memory. */
  users: Iterable<UserRow> | AsyncIterable<UserRow>;
  /** The number of users in `users`. */
  shownUsers: number;
  /** The number of all users. */
  totalUsers: number;
  /** The totals of all users. */
  totals: { lifetime: Usage; cost: Money; month: MonthTotals | undefined };
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

/** `none`: users come as they are read, so that nothing but the sums of a month is in memory. */
export const SORT_KEYS = ['cost', 'bytes', 'compute', 'jobs', 'user', 'none'] as const;
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

function noUsers(): Users {
  return { rows: new Map(), lifetime: new UsageLedger(), inMonth: new UsageLedger() };
}

/**
 * Resolves to all users. With a month, users who have usage in it but no record any more are included.
 * Only the sums of each user are in memory, not the days.
 */
export async function summariseAllUsers(
  redis: RedisReader,
  request: AllUsersRequest,
): Promise<AllUsers> {
  if (request.sort === 'none') return await streamAllUsers(redis, request);
  const problems: CounterProblem[] = [];
  const onProblem = (problem: CounterProblem) => problems.push(problem);
  const users = noUsers();
  const { rows, lifetime } = users;
  for await (const page of readLifetimes(redis, request, onProblem)) {
    for (const { userId, usage } of page) {
      // A scan may return a key twice.
      if (rows.has(userId)) continue;
      lifetime.add(rows.size, usage);
      rows.set(userId, rows.size);
    }
    request.onProgress(rows.size);
  }
  const withRecord = rows.size;
  if (request.month !== undefined) {
    await addDaysOf(request.month, redis, users, request, onProblem);
  }
  return { ...rankedUsers(users, request), withoutRecord: rows.size - withRecord, problems };
}

/** As `summariseAllUsers`, with users in the order in which Redis names them, those without a record last. */
async function streamAllUsers(redis: RedisReader, request: AllUsersRequest): Promise<AllUsers> {
  const { month, top = Infinity } = request;
  const problems: CounterProblem[] = [];
  const onProblem = (problem: CounterProblem) => problems.push(problem);
  const users = noUsers();
  if (month !== undefined) await addDaysOf(month, redis, users, request, onProblem);
  const totals = new Totals(request);
  const report = {
    ...{ shownUsers: 0, totalUsers: 0, withoutRecord: 0, problems },
    totals: totals.sums,
  };
  const counted = (row: UserRow): UserRow[] => {
    totals.add(row);
    report.totalUsers += 1;
    if (report.shownUsers >= top) return [];
    report.shownUsers += 1;
    return [row];
  };
  const rowWith = (userId: string, usage: Usage): UserRow => {
    const row = users.rows.get(userId);
    const inMonth = row === undefined ? NO_USAGE : users.inMonth.get(row);
    return userRow(userId, usage, inMonth, request);
  };
  async function* rows(): AsyncGenerator<UserRow> {
    const seen = new Set<string>();
    for await (const page of readLifetimes(redis, request, onProblem)) {
      for (const { userId, usage } of page) {
        if (seen.has(userId)) continue;
        seen.add(userId);
        yield* counted(rowWith(userId, usage));
      }
      request.onProgress(seen.size);
    }
    for (const userId of users.rows.keys()) {
      if (seen.has(userId)) continue;
      report.withoutRecord += 1;
      yield* counted(rowWith(userId, NO_USAGE));
    }
    report.totals = totals.sums;
  }
  return Object.assign(report, { users: rows() });
}

interface Lifetime {
  userId: string;
  usage: Usage;
}

/** Yields the lifetime totals of all users, a page at a time; a user may come twice. */
function readLifetimes(
  redis: RedisReader,
  { signal }: AllUsersRequest,
  onProblem: OnProblem,
): AsyncGenerator<Lifetime[]> {
  return readAhead(scanKeys(redis, USER_KEYS, signal), async (keys) => {
    const userIds = keys.map(userOfKey);
    // A pipeline of texts is built in a third of the time.
    const sent = keys.map((key, at) => (isUtf8(key) ? userKey(userIds[at] ?? '') : key));
    const hashes = await readHashes(redis, sent, USAGE_FIELDS);
    const page: Lifetime[] = [];
    for (const [index, userId] of userIds.entries()) {
      const fields = hashes[index] ?? [];
      const usage = billedUsageIn(userKey(userId), fields, onProblem);
      // A record without usage was removed after the scan, or has none of our fields.
      if (fields !== 'wrong type') page.push({ userId, usage: usage ?? NO_USAGE });
    }
    return page;
  });
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
  const { sort, top } = request;
  const totals = new Totals(request);
  const ranking = new Ranking();
  for (const [userId, index] of users.rows) {
    const row = rowOf(userId, users, index, request);
    totals.add(row);
    ranking.add(userId, rankOf(row, sort));
  }
  const ranked = ranking.highestFirst();
  const shown = top === undefined ? ranked : ranked.slice(0, top);
  return {
    users: rowsOf(shown, ranking, users, request),
    shownUsers: shown.length,
    totalUsers: ranked.length,
    totals: totals.sums,
  };
}

function* rowsOf(
  ranked: readonly number[],
  { userIds }: Ranking,
  users: Users,
  request: AllUsersRequest,
): Generator<UserRow> {
  for (const index of ranked) yield rowOf(userIds[index] ?? '', users, index, request);
}

function rowOf(
  userId: string,
  { lifetime, inMonth }: Users,
  index: number,
  request: AllUsersRequest,
): UserRow {
  return userRow(userId, lifetime.get(index), inMonth.get(index), request);
}

function userRow(
  userId: string,
  lifetime: Usage,
  inMonth: Usage,
  request: AllUsersRequest,
): UserRow {
  const { pricing, month } = request;
  const monthBill = month === undefined ? undefined : billMonth(pricing, month, inMonth, request);
  return { userId, lifetime, cost: amountOf(pricing, lifetime), month: monthBill };
}

class Totals {
  readonly #request: AllUsersRequest;
  readonly #month: MonthTotals | undefined;
  #lifetime = NO_USAGE;

  constructor(request: AllUsersRequest) {
    this.#request = request;
    this.#month = request.month === undefined ? undefined : noTotals(request.month, request);
  }

  add({ lifetime, month }: UserRow): void {
    this.#lifetime = addUsage(this.#lifetime, lifetime);
    addMonth(this.#month, month);
  }

  /** The cost is linear: that of all usage is the sum of the costs. */
  get sums(): AllUsers['totals'] {
    const cost = amountOf(this.#request.pricing, this.#lifetime);
    return { lifetime: this.#lifetime, cost, month: this.#month };
  }
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

/** The figure that users are sorted by; `undefined` where they are sorted by name. */
type Rank = Decimal | bigint | undefined;

/** Returns the figure of the month where it can be billed, else that of the lifetime. */
function rankOf({ lifetime, cost, month }: UserRow, sort: SortKey): Rank {
  const usage = month?.bill?.usage ?? lifetime;
  switch (sort) {
    case 'cost':
      if (month?.bill !== undefined) return month.bill.invoice.net;
      return cost instanceof Amount ? cost.units : cost;
    case 'bytes':
      return usage.bytes;
    case 'compute':
      return usage.microseconds;
    case 'jobs':
      return usage.jobs;
    case 'user':
    case 'none':
      return undefined;
  }
}

/** Sorts users by a figure, equal ones by name. All figures are of one type. */
class Ranking {
  readonly userIds: string[] = [];
  readonly #ranks: Rank[] = [];
  /** The doubles next to the figures. Where they differ, the figures differ in the same direction. */
  readonly #near: number[] = [];

  add(userId: string, rank: Rank): void {
    this.userIds.push(userId);
    this.#ranks.push(rank);
    this.#near.push(rank === undefined ? 0 : Number(rank));
  }

  /** Returns the positions at which the users were added. */
  highestFirst(): number[] {
    const near = Float64Array.from(this.#near);
    return Array.from(near.keys()).sort((a, b) => {
      const [nearA = 0, nearB = 0] = [near[a], near[b]];
      if (nearA !== nearB) return nearA > nearB ? -1 : 1;
      return compareRanks(this.#ranks[b], this.#ranks[a]) || this.#byName(a, b);
    });
  }

  #byName(a: number, b: number): number {
    const [nameA = '', nameB = ''] = [this.userIds[a], this.userIds[b]];
    return nameA < nameB ? -1 : nameA > nameB ? 1 : 0;
  }
}

function compareRanks(a: Rank, b: Rank): number {
  if (typeof a === 'object' && typeof b === 'object') return a.cmp(b);
  if (typeof a === 'bigint' && typeof b === 'bigint') return a > b ? 1 : a < b ? -1 : 0;
  return 0;
}
