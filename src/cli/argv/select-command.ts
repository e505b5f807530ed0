import type { CatalogEntry } from './command.js';
import { flagOf, takesValue } from './option-specs.js';
import { allGlobalOptions } from './global-options.js';

const globalFlags = new Set(
  Object.entries(allGlobalOptions).flatMap(([name, spec]) => [
    flagOf(name),
    ...('short' in spec ? [`-${spec.short}`] : []),
  ]),
);
const flagsWithValue = new Set(
  Object.entries(allGlobalOptions)
    .filter(([, spec]) => takesValue(spec))
    .map(([name]) => flagOf(name)),
);

/**
 * The command that a command line names, found without parsing it, so that only that one is loaded.
 * A command may have others below it: `schedule`, `schedule next`.
 * `undefined` where it names none; saying what is wrong is left to the parser.
 */
export function selectCommand(
  argv: readonly string[],
  commands: readonly CatalogEntry[],
): CatalogEntry | undefined {
  let candidates = commands;
  let found: CatalogEntry | undefined;
  let depth = 0;
  for (let index = 0; index < argv.length; index++) {
    const word = argv[index] ?? '';
    if (word.startsWith('-')) {
      if (flagsWithValue.has(word)) index++;
      // A flag of the command itself: what comes behind may be its value.
      else if (found !== undefined && !globalFlags.has(word)) return found;
      continue;
    }
    const position = depth++;
    candidates = candidates.filter((entry) => entry.path[position] === word);
    if (candidates.length === 0) return found;
    found = candidates.find((entry) => entry.path.length === depth);
  }
  return found;
}
