import type { Catalog, CatalogEntry } from './argv/command.js';

/** A new command is a file and an entry here. */
const commands: readonly CatalogEntry[] = [
  {
    path: ['billing', 'summary'],
    summary: 'show what a user has used and what a month costs',
    load: async () => (await import('./commands/billing/summary.js')).billingSummary,
  },
  {
    path: ['billing', 'daily'],
    summary: "list a user's usage day by day",
    load: async () => (await import('./commands/billing/daily.js')).billingDaily,
  },
  {
    path: ['billing', 'job'],
    summary: 'show what a job used and what it costs',
    load: async () => (await import('./commands/billing/job.js')).billingJob,
  },
  {
    path: ['billing', 'all-users'],
    summary: 'list all users with their usage',
    load: async () => (await import('./commands/billing/all-users.js')).billingAllUsers,
  },
  {
    path: ['billing', 'audit'],
    summary: 'find wrong and missing billing records',
    load: async () => (await import('./commands/billing/audit.js')).billingAudit,
  },
  {
    path: ['billing', 'track', 'bytes'],
    summary: 'record bytes that a job processed',
    load: async () => (await import('./commands/billing/track.js')).trackBytes,
  },
  {
    path: ['billing', 'track', 'compute'],
    summary: 'record compute seconds of a job',
    load: async () => (await import('./commands/billing/track.js')).trackCompute,
  },
  {
    path: ['billing', 'track', 'job'],
    summary: 'record the end of a job',
    load: async () => (await import('./commands/billing/track.js')).trackJob,
  },
  {
    path: ['billing', 'reset'],
    summary: "remove a user's usage records",
    load: async () => (await import('./commands/billing/reset.js')).billingReset,
  },
  {
    path: ['jobs', 'list'],
    summary: 'list jobs from the queue and the billing records',
    load: async () => (await import('./commands/jobs/list.js')).jobsList,
  },
  {
    path: ['jobs', 'show'],
    summary: 'show everything known about a job',
    load: async () => (await import('./commands/jobs/show.js')).jobsShow,
  },
  {
    path: ['jobs', 'watch'],
    summary: 'follow jobs as they change, or wait for one to end',
    load: async () => (await import('./commands/jobs/watch.js')).jobsWatch,
  },
  {
    path: ['jobs', 'download'],
    summary: 'download the results of jobs, or print URLs for them',
    load: async () => (await import('./commands/jobs/download.js')).jobsDownload,
  },
  {
    path: ['jobs', 'index'],
    summary: 'deprecated: remove the job index of an earlier version',
    load: async () => (await import('./commands/jobs/index.js')).jobsIndex,
  },
  {
    path: ['backup', 'full'],
    summary: 'back up all buckets into one archive',
    load: async () => (await import('./commands/backup/full.js')).backupFull,
  },
  {
    path: ['backup', 'incremental'],
    summary: 'back up what has changed since the last backup',
    load: async () => (await import('./commands/backup/incremental.js')).backupIncremental,
  },
  {
    path: ['backup', 'metadata'],
    summary: 'back up bucket settings, without objects',
    load: async () => (await import('./commands/backup/metadata.js')).backupMetadata,
  },
  {
    path: ['backup', 'list'],
    summary: 'list the backups at a destination',
    load: async () => (await import('./commands/backup/list.js')).backupList,
  },
  {
    path: ['backup', 'show'],
    summary: 'show the summary of a backup',
    load: async () => (await import('./commands/backup/show.js')).backupShow,
  },
  {
    path: ['backup', 'ls'],
    summary: 'list the objects in a backup',
    load: async () => (await import('./commands/backup/ls.js')).backupLs,
  },
  {
    path: ['backup', 'verify'],
    summary: 'check every byte of a backup',
    load: async () => (await import('./commands/backup/verify.js')).backupVerify,
  },
  {
    path: ['backup', 'status'],
    summary: 'check the age, integrity and size of the backups at a destination',
    load: async () => (await import('./commands/backup/status.js')).backupStatus,
  },
  {
    path: ['backup', 'prune'],
    summary: 'remove backups that the retention policy does not keep',
    load: async () => (await import('./commands/backup/prune.js')).backupPrune,
  },
  {
    path: ['backup', 'accept'],
    summary: 'accept a suspect backup: its deletions were intended',
    load: async () => (await import('./commands/backup/accept.js')).backupAccept,
  },
  {
    path: ['backup', 'retire-line'],
    summary: 'retire a line that will get no more backups',
    load: async () => (await import('./commands/backup/retire-line.js')).backupRetireLine,
  },
  {
    path: ['restore'],
    summary: 'restore objects and bucket settings from a backup',
    load: async () => (await import('./commands/restore/restore.js')).restoreCommand,
  },
  {
    path: ['schedule'],
    summary: 'run backups and other commands on a schedule, in place of cron',
    load: async () => (await import('./commands/schedule/daemon.js')).scheduleDaemon,
  },
  {
    path: ['schedule', 'init'],
    summary: 'write a starter schedule',
    load: async () => (await import('./commands/schedule/init.js')).scheduleInit,
  },
  {
    path: ['schedule', 'import'],
    summary: 'convert a crontab to a schedule',
    load: async () => (await import('./commands/schedule/import.js')).scheduleImport,
  },
  {
    path: ['schedule', 'check'],
    summary: 'check the schedule for mistakes',
    load: async () => (await import('./commands/schedule/check.js')).scheduleCheck,
  },
  {
    path: ['schedule', 'next'],
    summary: 'show what runs next, and when',
    load: async () => (await import('./commands/schedule/next.js')).scheduleNext,
  },
  {
    path: ['schedule', 'run'],
    summary: 'run an entry of the schedule now',
    load: async () => (await import('./commands/schedule/run.js')).scheduleRun,
  },
  {
    path: ['schedule', 'status'],
    summary: 'show the state of each entry and of the daemon',
    load: async () => (await import('./commands/schedule/status.js')).scheduleStatus,
  },
  {
    path: ['schedule', 'history'],
    summary: 'list past runs, failures and missed runs',
    load: async () => (await import('./commands/schedule/history.js')).scheduleHistory,
  },
  {
    path: ['schedule', 'unit'],
    summary: 'print a systemd unit or a Docker Compose service for the daemon',
    load: async () => (await import('./commands/schedule/unit.js')).scheduleUnit,
  },
  {
    path: ['completion'],
    summary: 'print a shell completion script',
    load: async () => (await import('./commands/completion.js')).completion,
  },
  {
    path: ['help'],
    summary: 'show a page of the manual, or the help of a command',
    load: async () => (await import('./commands/help.js')).help,
  },
];

const groups: Catalog['groups'] = {
  billing: {
    summary: 'report usage and costs, and audit the records',
    examples: {
      'mangamotion billing summary alice --month 2026-10': 'show what a month of a user costs',
      'mangamotion billing all-users --month 2026-10 --csv > october.csv':
        'export the invoices of a month',
      'mangamotion billing audit': 'look for usage that was billed wrongly',
    },
  },
  track: {
    summary: 'record the usage of a job, for scripts',
    examples: {
      'mangamotion billing track bytes alice 1073741824 4711 --event-id 4711-pages-1':
        'count a step of a job, once even if it is repeated',
      'mangamotion billing track job alice 4711 completed': 'record the end of a job',
    },
  },
  jobs: {
    summary: 'list, watch and download jobs',
    examples: {
      'mangamotion jobs list --status failed --since 24h': 'list recent failures',
      'mangamotion jobs watch 4711 && mangamotion jobs download 4711':
        'wait for a job, then download its result',
    },
  },
  backup: {
    summary: 'make, check and prune backups of the object store',
    examples: {
      'mangamotion backup full /var/backups/minio': 'back up all buckets',
      'mangamotion backup verify /var/backups/minio --latest': 'check the newest backup',
      'mangamotion backup status /var/backups/minio --max-age 26h':
        'for monitoring: the exit status shows whether a backup is overdue',
    },
  },
};

/** Every command of the program. */
export const catalog: Catalog = { commands, groups };
