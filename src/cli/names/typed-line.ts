import type { Catalog, Command } from '../argv/command.js';
import type { GlobalOptions } from '../argv/global-options.js';
import { allGlobalOptions } from '../argv/global-options.js';
import type { OptionSpecs } from '../argv/option-specs.js';
import { flagOf, takesValue } from '../argv/option-specs.js';
import { selectCommand } from '../argv/select-command.js';

/** What can be understood of a command line that is still being typed. */
export interface TypedLine {
  global: GlobalOptions;
  /** The last value of each option of the command, else its default. */
  options: ReadonlyMap<string, string>;
  arguments: readonly string[];
}

/** Reads the words before the cursor. What makes no sense is passed over. */
export async function readTypedLine(
  words: readonly string[],
  { commands }: Catalog,
): Promise<TypedLine> {
  const entry = selectCommand(words, commands);
  const command = await entry?.load();
  const globalSpecs: OptionSpecs = allGlobalOptions;
  const specs: OptionSpecs = { ...globalSpecs, ...command?.options };
  const { values, operands } = split(words, specs);
  const global = Object.fromEntries(
    Object.entries(globalSpecs).map(([name, spec]) => [
      name,
      takesValue(spec) ? (spec.repeatable === true ? [] : values.get(name)) : false,
    ]),
  );
  return {
    // Names and kinds of values are those of the specs.
    global: global as unknown as GlobalOptions,
    options: new Map([...defaultsOf(command), ...values]),
    arguments: operands.slice(entry?.path.length ?? 0),
  };
}

function split(words: readonly string[], specs: OptionSpecs) {
  const named = new Map(
    Object.entries(specs).flatMap(([name, spec]) => {
      const option = { name, hasValue: takesValue(spec) };
      const flags = [flagOf(name), ...(spec.short === undefined ? [] : [`-${spec.short}`])];
      return flags.map((flag) => [flag, option] as const);
    }),
  );
  const values = new Map<string, string>();
  const operands: string[] = [];
  for (let index = 0; index < words.length; index++) {
    const word = words[index] ?? '';
    if (word === '--') return { values, operands: [...operands, ...words.slice(index + 1)] };
    if (!word.startsWith('-')) {
      operands.push(word);
      continue;
    }
    const [, flag = '', joined] = /^(--[^=]*|-[^-])=?(.*)$/s.exec(word) ?? [];
    const option = named.get(flag);
    if (option?.hasValue !== true) continue;
    const value = joined === undefined || word === flag ? words[++index] : joined;
    if (value !== undefined) values.set(option.name, value);
  }
  return { values, operands };
}

function defaultsOf(command: Command | undefined): [string, string][] {
  return Object.entries(command?.options ?? {}).flatMap(([name, spec]): [string, string][] => {
    if (!takesValue(spec) || typeof spec.default !== 'string') return [];
    return [[name, spec.default]];
  });
}
