import type { Crontab, ParseOptions } from './crontab.js';
import { parseCrontab } from './crontab.js';
import type { Entry, Problem, Remark } from './entry.js';

/** Resolves to all that is wrong with the words of a command, for people. */
export type Validate = (argv: readonly string[]) => Promise<readonly string[]>;

/** Resolves to a warning about an entry whose command is right; `undefined` where there is none. */
export type Inspect = (entry: Entry) => Promise<string | undefined>;

/** Parses a crontab and checks its commands. Reports all mistakes, in the order of the file. */
export async function checkCrontab(
  text: string,
  { validate, inspect, ...options }: ParseOptions & { validate: Validate; inspect: Inspect },
): Promise<Crontab> {
  const { entries, problems, remarks, commands } = parseCrontab(text, options);
  const all = [...problems];
  const wrongLines = new Set<number>();
  for (const { argv, line, column } of commands) {
    const messages = await validate(argv);
    all.push(...messages.map((message) => ({ line, column, message })));
    if (messages.length > 0) wrongLines.add(line);
  }
  const warnings: Remark[] = [];
  for (const entry of entries) {
    const { line, commandColumn: column } = entry;
    const message = wrongLines.has(line) ? undefined : await inspect(entry);
    if (message !== undefined) warnings.push({ line, column, message, severity: 'warning' });
  }
  if (all.length === 0 && entries.length === 0) {
    all.push({ line: 1, column: 1, message: 'there is no entry in this file' });
  }
  return {
    entries,
    problems: all.sort(byPlace),
    remarks: [...remarks, ...warnings].sort(byPlace),
  };
}

function byPlace(a: Problem, b: Problem): number {
  return a.line - b.line || a.column - b.column;
}
