import type { Command } from './command.js';

/**
 * All commands, without their code: `mangamotion --help` reads nothing but this. A command's module
 * is imported when that command is run, helped or completed. A new command is a file and an entry.
 */
export interface CatalogEntry {
  path: readonly string[];
  /** One line, lower case, no full stop. */
  summary: string;
  load(): Promise<Command>;
}

export const catalog: readonly CatalogEntry[] = [
  {
    path: ['completion'],
    summary: 'print the completion script of a shell',
    load: async () => (await import('./commands/completion.js')).completion,
  },
];

/** Summaries of the words that come before a command's own; shown where a command uses them. */
export const groupSummaries: Readonly<Record<string, string>> = {
  backup: 'back up the object store, and look at backups',
};
