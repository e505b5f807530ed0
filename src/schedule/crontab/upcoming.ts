import type { Entry } from './entry.js';
import { firingsAfter } from './firings.js';
import { quoteWord } from './words.js';

/** A coming firing of an entry. */
export interface Upcoming {
  name: string;
  at: Date;
  /** The command line, quoted for a shell. */
  command: string;
  zone: string;
}

/** Returns the next `count` firings, the earliest first; those of the same time in the order of the file. */
export function upcoming(entries: readonly Entry[], after: Date, count: number): Upcoming[] {
  const sources = entries.map((entry) => {
    const firings = firingsAfter(entry.timing, after);
    return { entry, firings, next: nextOf(firings) };
  });
  const runs: Upcoming[] = [];
  while (runs.length < count) {
    const [earliest] = sources
      .filter(({ next }) => next !== undefined)
      .sort((a, b) => (a.next?.getTime() ?? 0) - (b.next?.getTime() ?? 0));
    if (earliest?.next === undefined) break;
    const { entry, firings, next } = earliest;
    const command = entry.argv.map(quoteWord).join(' ');
    runs.push({ name: entry.name, at: next, command, zone: entry.timing.zone });
    earliest.next = nextOf(firings);
  }
  return runs;
}

function nextOf(firings: Generator<Date, undefined>): Date | undefined {
  return firings.next().value;
}
