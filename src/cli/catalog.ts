import type { Catalog, CatalogEntry } from './argv/command.js';

/** A new command is a file and an entry here. */
const commands: readonly CatalogEntry[] = [
  {
    path: ['billing', 'summary'],
    summary: 'tell what a user has used, and what a month costs',
    load: async () => (await import('./commands/billing/summary.js')).billingSummary,
  },
  {
    path: ['billing', 'daily'],
    summary: 'list the usage of a user day by day',
    load: async () => (await import('./commands/billing/daily.js')).billingDaily,
  },
  {
    path: ['billing', 'job'],
    summary: 'tell what a job has used and costs',
    load: async () => (await import('./commands/billing/job.js')).billingJob,
  },
  {
    path: ['billing', 'all-users'],
    summary: 'list all users with what they have used',
    load: async () => (await import('./commands/billing/all-users.js')).billingAllUsers,
  },
  {
    path: ['billing', 'audit'],
    summary: 'find what was billed wrong or never',
    load: async () => (await import('./commands/billing/audit.js')).billingAudit,
  },
  {
    path: ['billing', 'track', 'bytes'],
    summary: 'count bytes that a job has processed',
    load: async () => (await import('./commands/billing/track.js')).trackBytes,
  },
  {
    path: ['billing', 'track', 'compute'],
    summary: 'count seconds that a job has computed',
    load: async () => (await import('./commands/billing/track.js')).trackCompute,
  },
  {
    path: ['billing', 'track', 'job'],
    summary: 'count a job that has ended',
    load: async () => (await import('./commands/billing/track.js')).trackJob,
  },
  {
    path: ['billing', 'reset'],
    summary: 'remove what a user has used',
    load: async () => (await import('./commands/billing/reset.js')).billingReset,
  },
  {
    path: ['jobs', 'list'],
    summary: 'list the jobs of the queue and of the billing records',
    load: async () => (await import('./commands/jobs/list.js')).jobsList,
  },
  {
    path: ['jobs', 'show'],
    summary: 'tell all that is known of a job',
    load: async () => (await import('./commands/jobs/show.js')).jobsShow,
  },
  {
    path: ['jobs', 'watch'],
    summary: 'show jobs as they change, or wait for one',
    load: async () => (await import('./commands/jobs/watch.js')).jobsWatch,
  },
  {
    path: ['jobs', 'download'],
    summary: 'save the results of jobs, or make URLs of them',
    load: async () => (await import('./commands/jobs/download.js')).jobsDownload,
  },
  {
    path: ['jobs', 'index'],
    summary: 'warn that there is no index of jobs any more, or remove an old one',
    load: async () => (await import('./commands/jobs/index.js')).jobsIndex,
  },
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
    path: ['backup', 'accept'],
    summary: 'accept a suspect backup: what vanished was meant',
    load: async () => (await import('./commands/backup/accept.js')).backupAccept,
  },
  {
    path: ['backup', 'retire-line'],
    summary: 'end a line of backups, to which no more will be added',
    load: async () => (await import('./commands/backup/retire-line.js')).backupRetireLine,
  },
  {
    path: ['restore'],
    summary: 'bring objects of a backup back into the store',
    load: async () => (await import('./commands/restore/restore.js')).restoreCommand,
  },
  {
    path: ['schedule'],
    summary: 'run what is due, in place of crontab; plan it, and look at what has run',
    load: async () => (await import('./commands/schedule/daemon.js')).scheduleDaemon,
  },
  {
    path: ['schedule', 'init'],
    summary: 'write a schedule to begin with',
    load: async () => (await import('./commands/schedule/init.js')).scheduleInit,
  },
  {
    path: ['schedule', 'import'],
    summary: 'make a schedule of an existing crontab',
    load: async () => (await import('./commands/schedule/import.js')).scheduleImport,
  },
  {
    path: ['schedule', 'check'],
    summary: 'look for mistakes in the schedule',
    load: async () => (await import('./commands/schedule/check.js')).scheduleCheck,
  },
  {
    path: ['schedule', 'next'],
    summary: 'tell what runs next, and when',
    load: async () => (await import('./commands/schedule/next.js')).scheduleNext,
  },
  {
    path: ['schedule', 'run'],
    summary: 'run an entry of the schedule now',
    load: async () => (await import('./commands/schedule/run.js')).scheduleRun,
  },
  {
    path: ['schedule', 'status'],
    summary: 'tell what runs, what ran last, and whether a daemon is there',
    load: async () => (await import('./commands/schedule/status.js')).scheduleStatus,
  },
  {
    path: ['schedule', 'history'],
    summary: 'list what ran, what failed and what was missed',
    load: async () => (await import('./commands/schedule/history.js')).scheduleHistory,
  },
  {
    path: ['schedule', 'unit'],
    summary: 'print a service of systemd or Docker that runs the daemon',
    load: async () => (await import('./commands/schedule/unit.js')).scheduleUnit,
  },
  {
    path: ['completion'],
    summary: 'print the completion script of a shell',
    load: async () => (await import('./commands/completion.js')).completion,
  },
  {
    path: ['help'],
    summary: 'show a page of the manual, or the help of a command',
    load: async () => (await import('./commands/help.js')).help,
  },
];

const groups: Readonly<Record<string, string>> = {
  billing: 'tell what was used and what it costs, and check it',
  jobs: 'look after jobs and their files',
  track: 'count what a job has used, for scripts',
  backup: 'back up the object store, and look at backups',
};

/** Every command of the program. */
export const catalog: Catalog = { commands, groups };
