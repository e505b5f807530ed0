const MONTHS = [
  ...['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September'],
  ...['October', 'November', 'December'],
];
const WEEKDAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];

/** Returns the month if it is one of the calendar, such as `2026-11`. */
export function monthIn(text: string | undefined): string | undefined {
  return text !== undefined && /^\d{4}-(0[1-9]|1[0-2])$/.test(text) ? text : undefined;
}

/** `November` */
export function monthName(month: string): string {
  return MONTHS[Number(month.slice(5, 7)) - 1] ?? month;
}

/** `November 2026` */
export function monthText(month: string): string {
  return `${monthName(month)} ${month.slice(0, 4)}`;
}

/** `Nov 4` */
export function shortDay(day: string): string {
  return `${monthName(day).slice(0, 3)} ${Number(day.slice(8))}`;
}

/** `Tue` */
export function weekday(day: string): string {
  return WEEKDAYS[new Date(`${day}T00:00:00Z`).getUTCDay()] ?? '';
}

/** `YYYY-MM-DD`, so many days later. */
export function addDays(day: string, days: number): string {
  const time = new Date(`${day}T00:00:00Z`);
  time.setUTCDate(time.getUTCDate() + days);
  return time.toISOString().slice(0, 10);
}

/** The month's first day, and the first after it. */
export function boundsOf(month: string): { first: string; end: string } {
  return { first: `${month}-01`, end: `${monthsBefore(month, -1)}-01` };
}

/** The month so many months earlier. */
function monthsBefore(month: string, count: number): string {
  const time = Date.UTC(Number(month.slice(0, 4)), Number(month.slice(5, 7)) - 1 - count, 1);
  return new Date(time).toISOString().slice(0, 7);
}

/** Months to choose from, the newest first, with the chosen one. */
export function monthChoices(current: string, chosen: string, count: number): string[] {
  const months = Array.from({ length: count }, (_, index) => monthsBefore(current, index));
  return [...new Set([...months, chosen])].sort().reverse();
}
