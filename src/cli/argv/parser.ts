import { CommanderError } from 'commander';
import type { Command as CommanderCommand } from 'commander';
import { isMangamotionError, MangamotionError } from '../../errors.js';
import type { Catalog } from './command.js';
import type { Invocation } from './invocation.js';
import { buildProgram } from './program-tree.js';
import { selectCommand } from './select-command.js';

export type ParsedCommandLine =
  | { kind: 'run'; invocation: Invocation }
  /** `--help` or `--version`. */
  | { kind: 'print'; text: string }
  /** No command was named: the help, for stderr. */
  | { kind: 'incomplete'; text: string };

/**
 * Understands a command line (without `node` and the script). Of all commands it loads only the one
 * that is named. Rejects with `usage` for a command line that makes no sense.
 */
export async function parseCommandLine(
  argv: readonly string[],
  catalog: Catalog,
  helpWidth: number,
): Promise<ParsedCommandLine> {
  const printed = { out: '', err: '' };
  const { root, leaves } = buildProgram(catalog, printed, helpWidth);
  const entry = selectCommand(argv, catalog.commands);
  let invocation: Invocation | undefined;
  const leaf = entry && leaves.get(entry);
  if (entry !== undefined && leaf !== undefined) {
    const [command, { describeLeaf, readValues }] = await Promise.all([
      entry.load(),
      import('./leaf.js'),
    ]);
    describeLeaf(leaf, command, helpWidth);
    leaf.action(() => {
      const name = entry.path.join(' ');
      invocation = { command, name, ...readValues(root, leaf, command) };
    });
  }
  try {
    root.parse([...argv], { from: 'user' });
  } catch (error) {
    const known = entry?.path ?? groupOf(argv, catalog);
    if (isMangamotionError(error, 'usage')) throw withHint(error, known);
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return { kind: 'print', text: printed.out };
    if (error.code === 'commander.help') return { kind: 'incomplete', text: printed.err };
    if (isUnknownCommand(error, leaf)) throw unknownCommand(leaf, known);
    throw usageError(error, known);
  }
  if (invocation === undefined) throw new MangamotionError('usage', 'no command given');
  return { kind: 'run', invocation };
}

/** A word behind a command that has commands below it, and takes no arguments: `schedule histroy`. */
function isUnknownCommand(
  error: CommanderError,
  leaf: CommanderCommand | undefined,
): leaf is CommanderCommand {
  return error.code === 'commander.excessArguments' && (leaf?.commands.length ?? 0) > 0;
}

function unknownCommand(leaf: CommanderCommand, known: Path) {
  const names = leaf.commands.map((command) => command.name()).join(', ');
  return new MangamotionError('usage', `unknown command '${leaf.args[0] ?? ''}'`, {
    hint: `\`${leaf.name()}\` has ${names}; ${helpHint(known)}`,
  });
}

/** `error: unknown option '--x'\n(Did you mean --y?)` becomes a message and a hint. */
function usageError(error: CommanderError, known: Path): MangamotionError {
  const [first = '', second = ''] = error.message.split('\n');
  const guess = /^\(Did you mean (.*)\?\)$/.exec(second)?.[1];
  const help = helpHint(known);
  return new MangamotionError('usage', first.replace(/^error: /, '').replace(/\.$/, ''), {
    hint: guess === undefined ? help : `did you mean ${guess}? Otherwise ${help}`,
    cause: error,
  });
}

function withHint(error: MangamotionError, known: Path): MangamotionError {
  const hint = error.hint ?? helpHint(known);
  return new MangamotionError(error.code, error.message, { hint, cause: error });
}

/** The words of a command, or of the group of commands that it was looked for in. */
type Path = readonly string[];

function helpHint(known: Path): string {
  return `run \`${['mangamotion', ...known, '--help'].join(' ')}\``;
}

/** `backup` of `backup ful /x`: that group's help lists what there is. */
function groupOf(argv: readonly string[], { commands }: Catalog): Path {
  const group = argv.find((word) => !word.startsWith('-')) ?? '';
  return commands.some(({ path }) => path.length > 1 && path[0] === group) ? [group] : [];
}

/** For errors that come before or outside of parsing: whether the command line has this flag. */
export function hasFlag(argv: readonly string[], flag: string): boolean {
  const end = argv.indexOf('--');
  return argv.slice(0, end === -1 ? undefined : end).includes(flag);
}
