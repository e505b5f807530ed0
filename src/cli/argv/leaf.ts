import { Argument } from 'commander';
import type { Command as CommanderCommand } from 'commander';
import type { Command } from './command.js';
import type { ArgumentSpec } from './option-specs.js';
import { argumentLabel, flagOf } from './option-specs.js';
import { dryRunOption, usefulOptions } from './global-options.js';
import { helpEnding, helpLayout } from './help-layout.js';
import { readArguments, readGlobalOptions, readOptions } from './parsed-values.js';
import type { Invocation } from './invocation.js';
import { addOptions, describeValue, readerOf } from './program-tree.js';

/** Gives a command of the tree all that its module knows of it. */
export function describeLeaf(leaf: CommanderCommand, command: Command, helpWidth: number): void {
  leaf.description(command.description);
  for (const [name, spec] of Object.entries(command.arguments)) {
    leaf.addArgument(argumentOf(name, spec));
  }
  addOptions(leaf, command.options);
  if (command.changes === 'dry-run') addOptions(leaf, dryRunOption);
  leaf.addHelpText('after', helpEnding(command, helpWidth));
  const useful = new Set(Object.keys(usefulOptions(command)).map(flagOf));
  leaf.configureHelp({
    ...helpLayout,
    showGlobalOptions: true,
    visibleGlobalOptions: ({ parent }) => {
      let root = parent;
      while (root?.parent) root = root.parent;
      return (root?.options ?? []).filter(({ long }) => useful.has(long ?? ''));
    },
  });
}

/** What was read, after parsing. */
export function readValues(
  root: CommanderCommand,
  leaf: CommanderCommand,
  command: Command,
): Pick<Invocation, 'args' | 'options' | 'global'> {
  return {
    args: readArguments(leaf, command),
    options: readOptions(leaf, command),
    global: readGlobalOptions(root),
  };
}

function argumentOf(name: string, spec: ArgumentSpec): Argument {
  const shown = argumentLabel(name, spec);
  return new Argument(shown, describeValue(spec)).argParser(readerOf(shown, spec));
}
