import { roundedMoney } from '../../billing/money.js';
import { secondsText, type Usage } from '../../billing/usage.js';
import type { UserRow } from '../../billing/user-report.js';
import { NumberText, type CellValue } from '../../csv.js';

type Cell = (row: UserRow) => CellValue;
/** The cells of a row of CSV by the names of the columns, in their order. */
type UserCells = Readonly<Record<string, Cell>>;

function usageCells(usageOf: (row: UserRow) => Usage | undefined) {
  return {
    bytes_processed: (row) => usageOf(row)?.bytes ?? '',
    compute_seconds: (row) => {
      const usage = usageOf(row);
      return usage === undefined ? '' : new NumberText(secondsText(usage.microseconds));
    },
    job_count: (row) => usageOf(row)?.jobs ?? '',
  } satisfies UserCells;
}

/** A user's lifetime in CSV. */
export const LIFETIME_CELLS = {
  user_id: ({ userId }) => userId,
  ...usageCells(({ lifetime }) => lifetime),
  estimated_cost: ({ cost }) => roundedMoney(cost),
} satisfies UserCells;

/** A user's month in CSV. Cells are empty if the counters of the month have expired. */
export const MONTH_CELLS = {
  user_id: ({ userId }) => userId,
  ...usageCells(({ month }) => month?.bill?.usage),
  gross_cost: (row) => invoiced(row, 'gross'),
  net_cost: (row) => invoiced(row, 'net'),
  discount_percent: (row) => invoiced(row, 'percent'),
} satisfies UserCells;

function invoiced({ month }: UserRow, amount: 'gross' | 'net' | 'percent'): CellValue {
  return month?.bill === undefined ? '' : roundedMoney(month.bill.invoice[amount]);
}
