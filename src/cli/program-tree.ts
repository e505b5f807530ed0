import { Argument, Command as CommanderCommand, Option } from 'commander';
import { isMangamotionError, MangamotionError } from '../errors.js';
import type { CatalogEntry } from './catalog.js';
import { groupSummaries } from './catalog.js';
import type { ArgumentSpec, Command, OptionSpec, ValueOptionSpec } from './command.js';
import { flagOf, takesValue } from './command.js';
import { connectionOptions, globalOptions } from './global-options.js';
import { helpEnding } from './help-ending.js';
import { readVersion } from './version.js';

export interface ProgramTree {
  root: CommanderCommand;
  leaves: ReadonlyMap<CatalogEntry, CommanderCommand>;
}

/** The tree of all commands, each with no more than its summary. What it prints goes into `printed`. */
export function buildProgram(
  catalog: readonly CatalogEntry[],
  printed: { out: string; err: string },
  helpWidth: number,
): ProgramTree {
  const root = new CommanderCommand('mangamotion')
    .description('Back up, restore and verify the object store of a MangaMotion deployment.')
    .version(readVersion())
    .helpCommand(false)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => (printed.out += text),
      writeErr: (text) => (printed.err += text),
      outputError: () => undefined,
      getOutHelpWidth: () => helpWidth,
      getErrHelpWidth: () => helpWidth,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .configureHelp({ showGlobalOptions: true })
    .addHelpText(
      'after',
      '\nRun `mangamotion <command> --help` for its options, exit codes and examples.',
    );
  addOptions(root, globalOptions);
  for (const [name, spec] of Object.entries(connectionOptions)) {
    root.addOption(optionOf(name, spec).helpGroup('Connection:'));
  }
  const leaves = new Map(catalog.map((entry) => [entry, addLeaf(root, entry)]));
  return { root, leaves };
}

/** Gives a command of the tree all that its module knows of it. */
export function describeLeaf(leaf: CommanderCommand, command: Command): void {
  leaf.description(command.description);
  for (const [name, spec] of Object.entries(command.arguments)) {
    leaf.addArgument(argumentOf(name, spec));
  }
  addOptions(leaf, command.options);
  if (command.changes === 'dry-run') {
    leaf.option('--dry-run', 'print what would be done, and change nothing (also: DRY_RUN=true)');
  }
  leaf.addHelpText('after', helpEnding(command));
  const hidden = new Set(
    [
      ...(command.usesStore ? [] : Object.keys(connectionOptions)),
      ...(command.printsRows ? [] : ['csv', 'rawCsv']),
    ].map(flagOf),
  );
  leaf.configureHelp({
    showGlobalOptions: true,
    visibleGlobalOptions: ({ parent }) => {
      let root = parent;
      while (root?.parent) root = root.parent;
      return (root?.options ?? []).filter(
        ({ long }) => long !== '--version' && !hidden.has(long ?? ''),
      );
    },
  });
}

function addLeaf(root: CommanderCommand, entry: CatalogEntry): CommanderCommand {
  let parent = root;
  for (const word of entry.path.slice(0, -1)) {
    parent =
      parent.commands.find((command) => command.name() === word) ??
      parent
        .command(word)
        .description(groupSummaries[word] ?? '')
        .helpCommand(false);
  }
  return parent.command(entry.path.at(-1) ?? '').summary(entry.summary);
}

function addOptions(target: CommanderCommand, specs: Readonly<Record<string, OptionSpec>>): void {
  for (const [name, spec] of Object.entries(specs)) target.addOption(optionOf(name, spec));
}

function optionOf(name: string, spec: OptionSpec): Option {
  const flags = spec.short === undefined ? flagOf(name) : `-${spec.short}, ${flagOf(name)}`;
  if (!takesValue(spec)) return new Option(flags, spec.description);
  const option = new Option(`${flags} <${spec.value}>`, describe(spec));
  if (spec.choices !== undefined) option.argChoices = [...spec.choices];
  return option.argParser(readerOf(flagOf(name), spec));
}

function argumentOf(name: string, spec: ArgumentSpec): Argument {
  const label = (spec.choices?.join('|') ?? name) + (spec.repeatable === true ? '...' : '');
  const optional = spec.optional === true || spec.default !== undefined;
  const shown = optional ? `[${label}]` : `<${label}>`;
  return new Argument(shown, describe(spec)).argParser(readerOf(shown, spec));
}

function describe(spec: ArgumentSpec | ValueOptionSpec): string {
  const notes = [
    ...(spec.repeatable === true && takesValue(spec) ? ['repeatable'] : []),
    ...(spec.default === undefined ? [] : [`default: ${String(spec.default)}`]),
  ];
  return notes.length === 0 ? spec.description : `${spec.description} (${notes.join(', ')})`;
}

type Reader = (text: string, previous: unknown) => unknown;

/** How the text of a value is read. Throws `usage` with what is wrong, without a hint. */
function readerOf(place: string, spec: ArgumentSpec | ValueOptionSpec): Reader {
  return (text, previous) => {
    if (spec.choices !== undefined && !spec.choices.includes(text)) {
      throw invalid(place, text, `must be one of ${spec.choices.join(', ')}`);
    }
    const value = spec.parse === undefined ? text : parseWith(spec.parse, place, text);
    if (spec.repeatable !== true) return value;
    return [...(Array.isArray(previous) ? (previous as unknown[]) : []), value];
  };
}

function parseWith(parse: (text: string) => unknown, place: string, text: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    throw isMangamotionError(error, 'usage') ? invalid(place, text, error.message) : error;
  }
}

function invalid(place: string, text: string, what: string): MangamotionError {
  return new MangamotionError('usage', `${place} ${what}, not '${text}'`);
}
