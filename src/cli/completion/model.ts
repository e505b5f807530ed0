import type { Catalog, Command } from '../argv/command.js';
import type { CompletionKind, OptionSpec, OptionSpecs } from '../argv/option-specs.js';
import { flagOf, takesValue } from '../argv/option-specs.js';
import { allGlobalOptions, globalOptions, usefulOptions } from '../argv/global-options.js';

/** What a shell offers in one place: fixed words, names of some kind, or nothing. */
export interface Offer {
  words: readonly string[];
  names: CompletionKind | undefined;
}

export interface CompletedOption {
  long: string;
  short: string | undefined;
  description: string;
  /** Of its value; `undefined` for a flag. */
  value: (Offer & { placeholder: string }) | undefined;
  repeatable: boolean;
}

interface CompletedArgument extends Offer {
  name: string;
  repeatable: boolean;
}

/** A word on the command line, or the program itself: with commands below it, or arguments. */
export interface CompletedNode {
  path: readonly string[];
  summary: string;
  children: CompletedNode[];
  options: readonly CompletedOption[];
  arguments: readonly CompletedArgument[];
}

const help: OptionSpecs = { help: { short: 'h', description: 'show help' } };

/** All commands as a tree, for the writers of scripts. Imports every command's module. */
export async function completionTree({ commands, groups }: Catalog): Promise<CompletedNode> {
  const root = node([], '', {
    ...allGlobalOptions,
    ...help,
    version: { short: 'V', description: 'show the version' },
  });
  for (const entry of commands) {
    const command = await entry.load();
    const leaf = node(entry.path, entry.summary, {
      ...command.options,
      ...(command.changes === 'dry-run' ? { dryRun: { description: 'change nothing' } } : {}),
      ...usefulOptions(command),
      ...help,
    });
    leaf.arguments = argumentsOf(command);
    parentOf(root, groups, entry.path).children.push(leaf);
  }
  return root;
}

/** Kinds that are paths: where the program knows none, the shell offers folders. */
export function isPath(kind: CompletionKind): boolean {
  return kind === 'destination' || kind === 'backup';
}

/** A node and all below it, from the top. */
export function allNodes(top: CompletedNode): CompletedNode[] {
  return [top, ...top.children.flatMap(allNodes)];
}

function parentOf(
  root: CompletedNode,
  groups: Catalog['groups'],
  path: readonly string[],
): CompletedNode {
  let parent = root;
  for (const [index, word] of path.slice(0, -1).entries()) {
    let child = parent.children.find((candidate) => candidate.path[index] === word);
    if (child === undefined) {
      child = node(path.slice(0, index + 1), groups[word]?.summary ?? '', {
        ...globalOptions,
        ...help,
      });
      parent.children.push(child);
    }
    parent = child;
  }
  return parent;
}

function node(path: readonly string[], summary: string, options: OptionSpecs): CompletedNode {
  const completed = Object.entries(options).map(([name, spec]) => optionOf(name, spec));
  return { path, summary, children: [], options: completed, arguments: [] };
}

function optionOf(name: string, spec: OptionSpec): CompletedOption {
  const option = {
    long: flagOf(name),
    short: spec.short && `-${spec.short}`,
    description: spec.description,
  };
  if (!takesValue(spec)) return { ...option, value: undefined, repeatable: false };
  const value = { placeholder: spec.value, words: spec.choices ?? [], names: spec.complete };
  return { ...option, value, repeatable: spec.repeatable === true };
}

function argumentsOf(command: Command): CompletedArgument[] {
  return Object.entries(command.arguments).map(([name, spec]) => ({
    name,
    words: spec.choices ?? spec.offers ?? [],
    names: spec.complete,
    repeatable: spec.repeatable === true,
  }));
}
