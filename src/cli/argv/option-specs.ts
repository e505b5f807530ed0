/** What a command takes on its command line, as data; the types of the values follow from it. */

/** Names that only a server, a destination or a schedule knows. */
export const NAME_KINDS = [
  'bucket',
  /** A bucket in the backup that the command line names. */
  'captured-bucket',
  /** A folder or an `s3://` URL that holds backups. */
  'destination',
  /** The path or the URL of a backup. */
  'backup',
  /** A backup at the destination that the command line names. */
  'backup-id',
  'job',
  'user',
  /** An entry of the schedule. */
  'entry',
] as const;
export type NameKind = (typeof NAME_KINDS)[number];

/** What shells offer for a value: names of files or folders, or what `mangamotion __complete` knows. */
export type CompletionKind = 'file' | 'folder' | NameKind;

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
  /** Words that shells offer, where others are allowed too. */
  offers?: readonly string[];
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

/**
 * Requires each default to be a value of its spec. A default is not parsed: one that is still a text would
 * reach a command which is promised what `parse` returns.
 */
export type SoundDefaults<Specs> = {
  readonly [Name in keyof Specs]: Specs[Name] extends { default: infer Default }
    ? Default extends SingleValue<Specs[Name]>
      ? unknown
      : { default: SingleValue<Specs[Name]> }
    : unknown;
};

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

export type ArgumentValues<Specs extends ArgumentSpecs> = {
  readonly [Name in keyof Specs]: Specs[Name] extends { optional: true }
    ? Value<Specs[Name]>
    : Specs[Name] extends { repeatable: true }
      ? SingleValue<Specs[Name]>[]
      : SingleValue<Specs[Name]>;
};

export function takesValue(spec: OptionSpec): spec is ValueOptionSpec {
  return 'value' in spec;
}

/** `acceptDeletions` → `--accept-deletions`. */
export function flagOf(name: string): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** An argument in a usage line: `<backup>`, `[full|data]`, `<job...>`. */
export function argumentLabel(name: string, spec: ArgumentSpec): string {
  const label = (spec.choices?.join('|') ?? name) + (spec.repeatable === true ? '...' : '');
  return spec.optional === true || spec.default !== undefined ? `[${label}]` : `<${label}>`;
}
