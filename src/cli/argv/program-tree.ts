import { Command as CommanderCommand, Option } from 'commander';
import { isMangamotionError, MangamotionError } from '../../errors.js';
import type { Catalog, CatalogEntry, CommandExamples } from './command.js';
import { groupEnding, helpLayout } from './help-layout.js';
import type { ArgumentSpec, OptionSpec, ValueOptionSpec } from './option-specs.js';
import { flagOf, takesValue } from './option-specs.js';
import { visible } from '../output/terminal-text.js';
import {
  connectionOptions,
  globalOptions,
  keyOptions,
  recipientOptions,
  signerOptions,
  signingOptions,
} from './global-options.js';
import { readVersion } from './version.js';

export interface ProgramTree {
  root: CommanderCommand;
  leaves: ReadonlyMap<CatalogEntry, CommanderCommand>;
}

/** The tree of all commands, each with no more than its summary. What it prints goes into `printed`. */
export function buildProgram(
  { commands, groups }: Catalog,
  printed: { out: string; err: string },
  helpWidth: number,
): ProgramTree {
  const root = new CommanderCommand('mangamotion')
    .description(
      'Back up, verify and restore the object store of a MangaMotion deployment, bill its users ' +
        'and manage their jobs.',
    )
    .version(readVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
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
    .configureHelp(helpLayout)
    .addHelpText('after', groupEnding(['mangamotion'], PROGRAM_EXAMPLES, helpWidth));
  addOptions(root, globalOptions);
  for (const [name, spec] of Object.entries(connectionOptions)) {
    root.addOption(optionOf(name, spec).helpGroup('Connection:'));
  }
  for (const [name, spec] of Object.entries({ ...keyOptions, ...recipientOptions })) {
    root.addOption(optionOf(name, spec).helpGroup('Encryption:'));
  }
  for (const [name, spec] of Object.entries({ ...signingOptions, ...signerOptions })) {
    root.addOption(optionOf(name, spec).helpGroup('Signatures:'));
  }
  const leaves = new Map(
    commands.map((entry) => [entry, addLeaf(root, groups, entry, helpWidth)] as const),
  );
  return { root, leaves };
}

const PROGRAM_EXAMPLES: CommandExamples = {
  'mangamotion backup full /var/backups/minio': 'back up all buckets into one archive',
  'mangamotion restore /var/backups/minio --latest --dry-run': 'show what a restore would change',
  'mangamotion help recovery': 'what to do when objects are lost',
};

function addLeaf(
  root: CommanderCommand,
  groups: Catalog['groups'],
  entry: CatalogEntry,
  helpWidth: number,
): CommanderCommand {
  let parent = root;
  for (const [index, word] of entry.path.slice(0, -1).entries()) {
    let child = parent.commands.find((command) => command.name() === word);
    if (child === undefined) {
      const { summary, examples } = groups[word] ?? { summary: '', examples: {} };
      const path = ['mangamotion', ...entry.path.slice(0, index + 1)];
      child = parent
        .command(word)
        .summary(summary)
        .description(summary && `${capitalized(summary)}.`)
        .helpCommand(false)
        .addHelpText('after', groupEnding(path, examples, helpWidth));
    }
    parent = child;
  }
  return parent.command(entry.path.at(-1) ?? '').summary(entry.summary);
}

export function addOptions(
  target: CommanderCommand,
  specs: Readonly<Record<string, OptionSpec>>,
): void {
  for (const [name, spec] of Object.entries(specs)) target.addOption(optionOf(name, spec));
}

function optionOf(name: string, spec: OptionSpec): Option {
  const flags = spec.short === undefined ? flagOf(name) : `-${spec.short}, ${flagOf(name)}`;
  if (!takesValue(spec)) return new Option(flags, spec.description);
  const option = new Option(`${flags} <${spec.value}>`, describeValue(spec));
  return option.argParser(readerOf(flagOf(name), spec));
}

/** The description in the help, with what else is to know. The choices of an argument are its label. */
export function describeValue(spec: ArgumentSpec | ValueOptionSpec): string {
  const isOption = takesValue(spec);
  const notes = [
    ...(isOption && spec.choices !== undefined ? [spec.choices.join(', ')] : []),
    ...(isOption && spec.repeatable === true ? ['repeatable'] : []),
    ...(spec.default === undefined ? [] : [`default: ${String(spec.default)}`]),
  ];
  return notes.length === 0 ? spec.description : `${spec.description} (${notes.join('; ')})`;
}

/** The first letter as a capital, for what is elsewhere a part of a line. */
export function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

type Reader = (text: string, previous: unknown) => unknown;

/** How the text of a value is read. Throws `usage` with what is wrong, without a hint. */
export function readerOf(place: string, spec: ArgumentSpec | ValueOptionSpec): Reader {
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
  return new MangamotionError('usage', `${place} ${what}, not '${visible(text)}'`);
}
