import type { CatalogEntry } from './catalog.js';
import { flagOf, takesValue } from './command.js';
import { connectionOptions, globalOptions } from './global-options.js';

const flagsWithValue = new Set(
  Object.entries({ ...globalOptions, ...connectionOptions })
    .filter(([, spec]) => takesValue(spec))
    .map(([name]) => flagOf(name)),
);

/**
 * The command that a command line names, found without parsing it, so that only that one is loaded.
 * `undefined` where it names none; saying what is wrong is left to the parser.
 */
export function selectCommand(
  argv: readonly string[],
  catalog: readonly CatalogEntry[],
): CatalogEntry | undefined {
  let candidates = catalog;
  let depth = 0;
  for (let index = 0; index < argv.length; index++) {
    const word = argv[index] ?? '';
    if (word.startsWith('-')) {
      if (flagsWithValue.has(word)) index++;
      continue;
    }
    candidates = candidates.filter((entry) => entry.path[depth] === word);
    depth++;
    const found = candidates.find((entry) => entry.path.length === depth);
    if (found !== undefined) return found;
    if (candidates.length === 0) return undefined;
  }
  return undefined;
}
