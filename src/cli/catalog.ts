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
    path: ['backup', 'full'],
    summary: 'back up all buckets into one archive',
    load: async () => (await import('./commands/backup/full.js')).backupFull,
  },
  {
    path: ['backup', 'incremental'],
    summary: 'back up what changed since the last backup',
    load: async () => (await import('./commands/backup/incremental.js')).backupIncremental,
  },
  {
    path: ['backup', 'metadata'],
    summary: 'back up the settings of buckets, without objects',
    load: async () => (await import('./commands/backup/metadata.js')).backupMetadata,
  },
  {
    path: ['backup', 'list'],
    summary: 'list the backups of a folder',
    load: async () => (await import('./commands/backup/list.js')).backupList,
  },
  {
    path: ['backup', 'show'],
    summary: 'show what a backup is',
    load: async () => (await import('./commands/backup/show.js')).backupShow,
  },
  {
    path: ['backup', 'ls'],
    summary: 'list the objects of a backup',
    load: async () => (await import('./commands/backup/ls.js')).backupLs,
  },
  {
    path: ['backup', 'verify'],
    summary: 'check every byte of a backup',
    load: async () => (await import('./commands/backup/verify.js')).backupVerify,
  },
  {
    path: ['backup', 'status'],
    summary: 'tell how old, whole and large the backups of a folder are',
    load: async () => (await import('./commands/backup/status.js')).backupStatus,
  },
  {
    path: ['backup', 'prune'],
    summary: 'remove the backups that a policy does not keep',
    load: async () => (await import('./commands/backup/prune.js')).backupPrune,
  },
  {
    path: ['restore'],
    summary: 'bring objects of a backup back into the store',
    load: async () => (await import('./commands/restore.js')).restoreCommand,
  },
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
