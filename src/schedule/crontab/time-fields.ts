/** The time of a crontab line, by the rules of Debian's cron (crontab(5)). */

export interface TimeFields {
  seconds: ReadonlySet<number>;
  minutes: ReadonlySet<number>;
  hours: ReadonlySet<number>;
  daysOfMonth: ReadonlySet<number>;
  /** 1 to 12. */
  months: ReadonlySet<number>;
  /** 0 is Sunday. */
  daysOfWeek: ReadonlySet<number>;
  /** Neither day field begins with a star: a day that matches one of them is enough. */
  eitherDay: boolean;
  /**
   * Neither minute nor hour begins with a star: such a time fires once a day, also on a day on which
   * clocks change.
   */
  isFixed: boolean;
}

export interface FieldProblem {
  /** The index of the field, from 0. */
  field: number;
  message: string;
}

interface FieldKind {
  name: string;
  min: number;
  max: number;
  names?: readonly string[];
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

const KINDS: readonly FieldKind[] = [
  { name: 'second', min: 0, max: 59 },
  { name: 'minute', min: 0, max: 59 },
  { name: 'hour', min: 0, max: 23 },
  { name: 'day of month', min: 1, max: 31 },
  { name: 'month', min: 1, max: 12, names: MONTHS },
  // 7 is Sunday too.
  { name: 'day of week', min: 0, max: 7, names: DAYS },
];
/** The number of fields without the seconds. */
export const FIELDS = KINDS.length - 1;

/** The five fields that each shorthand stands for. */
export const SHORTHANDS: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
};

type Six<T> = [T, T, T, T, T, T];

/** Parses five fields, or six with the seconds first. */
export function parseTimeFields(words: readonly string[]): TimeFields | FieldProblem[] {
  const hasSeconds = words.length > FIELDS;
  const all = hasSeconds ? words : ['0', ...words];
  const read = KINDS.map((kind, index) => parseField(all[index] ?? '', kind));
  const problems = read.flatMap((field, index) =>
    Array.isArray(field)
      ? field.map((message) => ({ field: hasSeconds ? index : index - 1, message }))
      : [],
  );
  if (problems.length > 0) return problems;
  const [seconds, minutes, hours, daysOfMonth, months, weekdays] = read as Six<Set<number>>;
  const [, minute = '', hour = '', day = '', , weekday = ''] = all;
  return {
    ...{ seconds, minutes, hours, daysOfMonth, months },
    daysOfWeek: new Set([...weekdays].map((one) => one % 7)),
    eitherDay: !isStar(day) && !isStar(weekday),
    isFixed: !isStar(minute) && !isStar(hour),
  };
}

function isStar(word: string): boolean {
  return word.startsWith('*');
}

/** Whether a word can be a time field rather than the start of a command. */
export function looksLikeField(word: string): boolean {
  return (
    /^[\d*]/.test(word) || new RegExp(`^(${[...DAYS, ...MONTHS].join('|')})\\b`, 'i').test(word)
  );
}

/** Returns the values, or all that is wrong with the field. */
function parseField(text: string, kind: FieldKind): Set<number> | string[] {
  const values = new Set<number>();
  const problems: string[] = [];
  for (const item of text.split(',')) {
    const range = parseRange(item, kind);
    if (typeof range === 'string') problems.push(range);
    else for (let value = range.from; value <= range.to; value += range.step) values.add(value);
  }
  return problems.length > 0 ? problems : values;
}

interface Range {
  from: number;
  to: number;
  step: number;
}

function parseRange(text: string, kind: FieldKind): Range | string {
  const shown = `the ${kind.name} ${JSON.stringify(text)}`;
  const parts = /^(?:(\*)|([^-/*]+)(?:-([^-/*]+))?)(?:\/(.+))?$/.exec(text);
  if (parts === null) return `${shown} is not a number, range or star`;
  const [, star, first = '', last, step] = parts;
  const isRange = star !== undefined || last !== undefined;
  if (step !== undefined && !isRange) return `${shown}: only a range or a star can have a step`;
  if (step !== undefined && !/^[1-9]\d{0,3}$/.test(step))
    return `${shown}: its step is not a number`;
  const stepBy = Number(step ?? 1);
  if (star !== undefined) return { from: kind.min, to: kind.max, step: stepBy };
  const from = valueOf(first, kind);
  const to = last === undefined ? from : valueOf(last, kind);
  if (from === undefined || to === undefined) {
    return `${shown} must be ${kind.min} to ${kind.max}${kind.names === undefined ? '' : ' or a name'}`;
  }
  if (from > to) return `${shown}: its end is before its start`;
  return { from, to, step: stepBy };
}

function valueOf(text: string, { min, max, names }: FieldKind): number | undefined {
  const named = names?.indexOf(text.toLowerCase()) ?? -1;
  if (named !== -1) return named + (names === MONTHS ? 1 : 0);
  if (!/^\d{1,2}$/.test(text)) return undefined;
  const value = Number(text);
  return value >= min && value <= max ? value : undefined;
}
