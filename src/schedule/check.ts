import type { Crontab, ParseOptions } from './crontab/crontab.js';
import { parseCrontab } from './crontab/crontab.js';
import type { Problem } from './crontab/entry.js';

/** What is wrong with the words of a command, for people; `undefined` where nothing is. */
export type Validate = (argv: readonly string[]) => Promise<string | undefined>;

/** Reads a file of the schedule, its commands too. All mistakes are told, in the order of the file. */
export async function checkCrontab(
  text: string,
  { validate, ...options }: ParseOptions & { validate: Validate },
): Promise<Crontab> {
  const { entries, problems } = parseCrontab(text, options);
  const wrong: Problem[] = [];
  for (const { argv, line, commandColumn: column } of entries) {
    const message = argv.length === 0 ? undefined : await validate(argv);
    if (message !== undefined) wrong.push({ line, column, message });
  }
  const all = [...problems, ...wrong];
  all.sort((a, b) => a.line - b.line || a.column - b.column);
  if (all.length === 0 && entries.length === 0) {
    all.push({ line: 1, column: 1, message: 'there is no entry in this file' });
  }
  return { entries, problems: all };
}
