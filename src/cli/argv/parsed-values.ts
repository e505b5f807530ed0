import type { Command as CommanderCommand } from 'commander';
import type { Command } from './command.js';
import type { ArgumentSpec, OptionSpecs } from './option-specs.js';
import { flagOf, takesValue } from './option-specs.js';
import type { GlobalOptions } from './global-options.js';
import { allGlobalOptions } from './global-options.js';

type Values = Readonly<Record<string, unknown>>;

/** The arguments by name. */
export function readArguments(leaf: CommanderCommand, command: Command): Values {
  const values: readonly unknown[] = leaf.processedArgs;
  return Object.fromEntries(
    Object.entries(command.arguments).map(([name, spec], index) => [
      name,
      values[index] ?? absent(spec),
    ]),
  );
}

export function readOptions(leaf: CommanderCommand, command: Command): Values {
  const dryRun = command.changes === 'dry-run' ? { dryRun: { description: '' } } : {};
  return readSpecs(leaf, { ...command.options, ...dryRun });
}

export function readGlobalOptions(root: CommanderCommand): GlobalOptions {
  // The parser was built from these very specs.
  return readSpecs(root, allGlobalOptions) as GlobalOptions;
}

function readSpecs(parsed: CommanderCommand, specs: OptionSpecs): Values {
  const values: Record<string, unknown> = parsed.opts();
  return Object.fromEntries(
    Object.entries(specs).map(([name, spec]) => {
      const option = parsed.options.find(({ long }) => long === flagOf(name));
      const value = values[option?.attributeName() ?? name];
      if (takesValue(spec)) return [name, value ?? absent(spec)];
      // Commander turns `--no-colour` into `colour: false`.
      return [name, option?.negate === true ? value === false : value === true];
    }),
  );
}

function absent(spec: Pick<ArgumentSpec, 'default' | 'repeatable'>): unknown {
  return spec.default ?? (spec.repeatable === true ? [] : undefined);
}
