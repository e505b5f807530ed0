import type { CommandContext } from '../context.js';
import type { ExitStatus } from './exit-codes.js';

/** A command is data: the parser, the help and the shell completion are all made from it. */
interface CommandData {
  /** One to three sentences at the top of `--help`; the one-line summary is in the catalog. */
  description: string;
  /**
   * What the command changes. `dry-run`: something, and it has a `--dry-run` (added by the parser,
   * and also meant by DRY_RUN=true), given to it as `context.dryRun`. `always`: something, and it
   * has none, so that DRY_RUN=true is an error.
   */
  changes: 'nothing' | 'dry-run' | 'always';
  /** Whether it talks to the object store: its help then shows the connection options. */
  usesStore: boolean;
  /** Whether its answer is rows, which `--csv` can print. */
  printsRows: boolean;
  /** Runs until it is told to end: SIGHUP does not end it, see `CommandContext.onHangup`. */
  staysOnHangup?: boolean;
  /** Besides 0, 1 and 2, which any command can give. */
  exitCodes: readonly ExitStatus[];
  examples: readonly CommandExample[];
}

/** A command as its module writes it: `run` receives the values with the types of the specs. */
export interface CommandSpec<
  Arguments extends ArgumentSpecs,
  Options extends OptionSpecs,
> extends CommandData {
  /** In their order on the command line. */
  arguments: Arguments;
  /** By name in camel case: `acceptDeletions` is the flag `--accept-deletions`. */
  options: Options;
  /**
   * Does the work and reports through `context.output`. Resolves to the exit status where that is
   * not 0 although the whole answer was printed (3, 5); any other failure is a MangamotionError.
   */
  run(
    context: CommandContext,
    args: ArgumentValues<Arguments>,
    options: OptionValues<Options>,
  ): Promise<ExitStatus | undefined>;
}

/** Any command, as the parser and the help see it. */
export interface Command extends CommandData {
  arguments: ArgumentSpecs;
  options: OptionSpecs;
  run(
    context: CommandContext,
    args: Readonly<Record<string, unknown>>,
    options: Readonly<Record<string, unknown>>,
  ): Promise<ExitStatus | undefined>;
}

interface CommandExample {
  command: string;
  /** What it does, in a few words. */
  meaning: string;
}

/** What shells offer for a value: names of files, names of folders, or nothing. */
export type CompletionKind = 'file' | 'folder';

interface ValueReader {
  description: string;
  /** The only values allowed. */
  choices?: readonly string[];
  /** Reads the text; throws a MangamotionError `usage` (`must be …`) for one that makes no sense. */
  parse?: (text: string) => unknown;
  /** What the value is where none is given, as it leaves `parse`. */
  default?: string | number | boolean;
  /** Given more than once; the value is then a list, empty where none is given. */
  repeatable?: boolean;
  complete?: CompletionKind;
}

export interface ArgumentSpec extends ValueReader {
  /** May be left out. Implied by a default. */
  optional?: boolean;
}

interface FlagSpec {
  short?: string;
  description: string;
}

export interface ValueOptionSpec extends ValueReader {
  short?: string;
  /** The placeholder in the help: `--bucket <name>`. Its presence is what makes the option take a value. */
  value: string;
}

export type OptionSpec = FlagSpec | ValueOptionSpec;
export type ArgumentSpecs = Readonly<Record<string, ArgumentSpec>>;
export type OptionSpecs = Readonly<Record<string, OptionSpec>>;

type SingleValue<Spec> = Spec extends { parse: (text: string) => infer Value }
  ? Value
  : Spec extends { choices: readonly (infer Choice)[] }
    ? Choice
    : string;

type Value<Spec> = Spec extends { repeatable: true }
  ? SingleValue<Spec>[]
  : Spec extends { default: string | number | boolean }
    ? SingleValue<Spec>
    : SingleValue<Spec> | undefined;

export type OptionValues<Specs extends OptionSpecs> = {
  readonly [Name in keyof Specs]: Specs[Name] extends { value: string }
    ? Value<Specs[Name]>
    : boolean;
};

type ArgumentValues<Specs extends ArgumentSpecs> = {
  readonly [Name in keyof Specs]: Specs[Name] extends { optional: true }
    ? Value<Specs[Name]>
    : Specs[Name] extends { repeatable: true }
      ? SingleValue<Specs[Name]>[]
      : SingleValue<Specs[Name]>;
};

/** Checks a command's types, then lets go of them: what calls `run` has made the values from the specs. */
export function defineCommand<
  const Arguments extends ArgumentSpecs,
  const Options extends OptionSpecs,
>(spec: CommandSpec<Arguments, Options>): Command {
  return spec;
}

export function takesValue(spec: OptionSpec): spec is ValueOptionSpec {
  return 'value' in spec;
}

/** `acceptDeletions` → `--accept-deletions`. */
export function flagOf(name: string): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}
