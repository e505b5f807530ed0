import type { EntryDocument, RunDocument, ScheduleDocument } from '../data/documents.js';
import { resultOf, timeOf, tookText } from './runs.js';

const DAY_MS = 24 * 60 * 60 * 1000;

/** Something on the timeline of a day. Places and widths are in per cent of the day. */
export interface DayItem {
  kind: 'done' | 'failed' | 'unrun' | 'running' | 'due';
  name: string;
  word: string;
  at: string;
  took: string | undefined;
  x: number;
  width: number;
}

export interface DayLane {
  name: string;
  items: readonly DayItem[];
}

export interface DaySource {
  entries: readonly EntryDocument[];
  upcoming: ScheduleDocument['next']['runs'];
  runs: readonly RunDocument[];
  now: Date;
}

/** Returns the day that a query names, as YYYY-MM-DD in UTC; today if it names none. */
export function dayOf(text: string | undefined, now: Date): string {
  const today = now.toISOString().slice(0, 10);
  if (text === undefined || !/^\d{4}-\d{2}-\d{2}$/.test(text)) return today;
  const time = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(time.getTime()) && time.toISOString().startsWith(text) ? text : today;
}

/** Returns the day so many days later. */
export function dayAfter(day: string, days: number): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + days * DAY_MS).toISOString().slice(0, 10);
}

/** Returns what the entries did and will do on a day. Entries that the schedule no longer has come last. */
export function lanesOf(day: string, source: DaySource): DayLane[] {
  const items = itemsOf(day, source);
  const names = new Set([
    ...source.entries.map(({ name }) => name),
    ...items.map(({ name }) => name),
  ]);
  return [...names].map((name) => ({ name, items: items.filter((item) => item.name === name) }));
}

function itemsOf(day: string, { entries, upcoming, runs, now }: DaySource): DayItem[] {
  const start = Date.parse(`${day}T00:00:00Z`);
  const percent = (time: number): number => ((time - start) / DAY_MS) * 100;
  const add = (
    item: Pick<DayItem, 'kind' | 'name' | 'word' | 'at' | 'took'>,
    end: number,
  ): DayItem[] => {
    const at = Date.parse(item.at);
    if (at >= start + DAY_MS || end < start) return [];
    const x = Math.max(0, percent(at));
    return [{ ...item, x, width: Math.max(0, Math.min(100, percent(end)) - x) }];
  };
  return [
    ...runs.flatMap((run) => {
      const { word } = resultOf(run);
      const kind = run.started_at === null ? 'unrun' : word === 'failed' ? 'failed' : 'done';
      const at = timeOf(run);
      const item = { kind, name: run.name, word, at, took: tookText(run) } as const;
      return add(item, Date.parse(run.finished_at ?? at));
    }),
    ...entries.flatMap(({ name, running_since: at }) =>
      at === null
        ? []
        : add({ kind: 'running', name, word: 'runs', at, took: undefined }, now.getTime()),
    ),
    ...upcoming.flatMap(({ name, at }) =>
      add({ kind: 'due', name, word: 'due', at, took: undefined }, Date.parse(at)),
    ),
  ].sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
}

/** What is drawn as one: a run alone, or many that lie too near to each other to be told apart. */
export interface DayMark extends DayItem {
  count: number;
  /** When the last of them began, or is due. */
  until: string;
}

const MINUTE_MS = 60_000;
/** Nearer than this, marks of a kind touch each other on a narrow screen. Circles and crosses are wide. */
const NEAR_MS: Readonly<Record<DayItem['kind'], number>> = {
  ...{ due: 45 * MINUTE_MS, failed: 45 * MINUTE_MS },
  ...{ done: 10 * MINUTE_MS, unrun: 10 * MINUTE_MS, running: 0 },
};
/** Fewer than this are drawn one by one. */
const LEAST_IN_BAND = 4;

/** Returns the marks of a lane. Takes its items by time. */
export function marksOf(items: readonly DayItem[]): DayMark[] {
  const groups: DayItem[][] = [];
  for (const item of items) {
    const group = groups.at(-1);
    const last = group?.at(-1);
    const isNear =
      last?.kind === item.kind && Date.parse(item.at) - Date.parse(last.at) <= NEAR_MS[item.kind];
    if (isNear) group?.push(item);
    else groups.push([item]);
  }
  return groups.flatMap((group) => {
    const [first] = group;
    const last = group.at(-1);
    if (first === undefined || last === undefined || group.length < LEAST_IN_BAND)
      return group.map((item) => ({ ...item, count: 1, until: item.at }));
    const width = last.x + last.width - first.x;
    return [{ ...first, width, took: undefined, count: group.length, until: last.at }];
  });
}

/** Returns the place of now in the day, in per cent; `undefined` on another day. */
export function nowIn(day: string, now: Date): number | undefined {
  const x = ((now.getTime() - Date.parse(`${day}T00:00:00Z`)) / DAY_MS) * 100;
  return x >= 0 && x < 100 ? x : undefined;
}

/** Returns the hours that the axis names: none nearer than 3 hours to now, whose time is told there. */
export function hoursOf(nowX: number | undefined): { hour: number; wide: boolean }[] {
  return [0, 3, 6, 9, 12, 15, 18, 21, 24]
    .filter((hour) => nowX === undefined || Math.abs(hour - nowX * 0.24) >= 3)
    .map((hour) => ({ hour, wide: hour % 6 !== 0 }));
}

const DAY_TEXT = new Intl.DateTimeFormat('en-GB', {
  ...{ weekday: 'long', day: 'numeric', month: 'long', timeZone: 'UTC' },
});

/** `Tuesday 24 November` */
export function dayText(day: string): string {
  return DAY_TEXT.format(new Date(`${day}T00:00:00Z`));
}
