import type { Catalog, CatalogEntry } from './argv/command.js';

function command(words: string, summary: string, load: CatalogEntry['load']): CatalogEntry {
  return { path: words.split(' '), summary, load };
}

/** A new command is a file and an entry here. */
const commands: readonly CatalogEntry[] = [
  command('billing summary', 'show what a user has used and what a month costs', () =>
    import('./commands/billing/summary.js').then((module) => module.billingSummary),
  ),
  command('billing daily', "list a user's usage day by day", () =>
    import('./commands/billing/daily.js').then((module) => module.billingDaily),
  ),
  command('billing job', 'show what a job used and what it costs', () =>
    import('./commands/billing/job.js').then((module) => module.billingJob),
  ),
  command('billing all-users', 'list all users with their usage', () =>
    import('./commands/billing/all-users.js').then((module) => module.billingAllUsers),
  ),
  command('billing audit', 'find wrong and missing billing records', () =>
    import('./commands/billing/audit.js').then((module) => module.billingAudit),
  ),
  command('billing track bytes', 'record bytes that a job processed', () =>
    import('./commands/billing/track.js').then((module) => module.trackBytes),
  ),
  command('billing track compute', 'record compute seconds of a job', () =>
    import('./commands/billing/track.js').then((module) => module.trackCompute),
  ),
  command('billing track job', 'record the end of a job', () =>
    import('./commands/billing/track.js').then((module) => module.trackJob),
  ),
  command('billing reset', "remove a user's usage records", () =>
    import('./commands/billing/reset.js').then((module) => module.billingReset),
  ),
  command('jobs list', 'list jobs from the queue and the billing records', () =>
    import('./commands/jobs/list.js').then((module) => module.jobsList),
  ),
  command('jobs show', 'show everything known about a job', () =>
    import('./commands/jobs/show.js').then((module) => module.jobsShow),
  ),
  command('jobs watch', 'follow jobs as they change, or wait for one to end', () =>
    import('./commands/jobs/watch.js').then((module) => module.jobsWatch),
  ),
  command('jobs download', 'download the results of jobs, or print URLs for them', () =>
    import('./commands/jobs/download.js').then((module) => module.jobsDownload),
  ),
  command('jobs index', 'deprecated: remove the job index of an earlier version', () =>
    import('./commands/jobs/index.js').then((module) => module.jobsIndex),
  ),
  command('backup full', 'back up all buckets into one archive', () =>
    import('./commands/backup/full.js').then((module) => module.backupFull),
  ),
  command('backup incremental', 'back up what has changed since the last backup', () =>
    import('./commands/backup/incremental.js').then((module) => module.backupIncremental),
  ),
  command('backup metadata', 'back up bucket settings, without objects', () =>
    import('./commands/backup/metadata.js').then((module) => module.backupMetadata),
  ),
  command('backup list', 'list the backups at a destination', () =>
    import('./commands/backup/list.js').then((module) => module.backupList),
  ),
  command('backup show', 'show the summary of a backup', () =>
    import('./commands/backup/show.js').then((module) => module.backupShow),
  ),
  command('backup ls', 'list the objects in a backup', () =>
    import('./commands/backup/ls.js').then((module) => module.backupLs),
  ),
  command('backup diff', 'compare two backups, or a backup with the store', () =>
    import('./commands/backup/diff.js').then((module) => module.backupDiff),
  ),
  command('backup find', 'find the backups that hold an object, and its versions', () =>
    import('./commands/backup/find.js').then((module) => module.backupFind),
  ),
  command('backup verify', 'check every byte of a backup', () =>
    import('./commands/backup/verify.js').then((module) => module.backupVerify),
  ),
  command(
    'backup status',
    'check the age, integrity and size of the backups at a destination',
    () => import('./commands/backup/status.js').then((module) => module.backupStatus),
  ),
  command('backup copy', 'copy backups to another destination', () =>
    import('./commands/backup/copy.js').then((module) => module.backupCopy),
  ),
  command('backup prune', 'remove backups that the retention policy does not keep', () =>
    import('./commands/backup/prune.js').then((module) => module.backupPrune),
  ),
  command('backup accept', 'accept a suspect backup: its deletions were intended', () =>
    import('./commands/backup/accept.js').then((module) => module.backupAccept),
  ),
  command('backup retire-line', 'retire a line that will get no more backups', () =>
    import('./commands/backup/retire-line.js').then((module) => module.backupRetireLine),
  ),
  command('backup worker', 'work on shards for commands with --engine bullmq', () =>
    import('./commands/backup/worker.js').then((module) => module.backupWorker),
  ),
  command('restore', 'restore objects and bucket settings from a backup', () =>
    import('./commands/restore/restore.js').then((module) => module.restoreCommand),
  ),
  command('drill object', 'prove that a lost object can be recovered in time', () =>
    import('./commands/drill/drill.js').then((module) => module.drillObject),
  ),
  command('drill bucket', 'prove that a damaged bucket can be recovered in time', () =>
    import('./commands/drill/drill.js').then((module) => module.drillBucket),
  ),
  command('drill store', 'prove that the whole store can be recovered in time', () =>
    import('./commands/drill/drill.js').then((module) => module.drillStore),
  ),
  command('drill offsite', 'prove that the offsite copy alone is enough', () =>
    import('./commands/drill/drill.js').then((module) => module.drillOffsite),
  ),
  command('drill redis', 'prove that the meters in Redis can be recovered in time', () =>
    import('./commands/drill/drill.js').then((module) => module.drillRedis),
  ),
  command('drill ransom', 'prove that the keys of this host cannot destroy the backups', () =>
    import('./commands/drill/drill.js').then((module) => module.drillRansom),
  ),
  command('drill all', 'drill every scenario', () =>
    import('./commands/drill/drill.js').then((module) => module.drillAll),
  ),
  command('drill history', 'list past drills, and the trend of their times', () =>
    import('./commands/drill/history.js').then((module) => module.drillHistory),
  ),
  command('drill report', 'print the evidence of past drills for an auditor', () =>
    import('./commands/drill/report.js').then((module) => module.drillReport),
  ),
  command('key new', 'make a key for encrypted or signed backups', () =>
    import('./commands/key/new.js').then((module) => module.keyNew),
  ),
  command('key show', 'print the public part of the keys in a file', () =>
    import('./commands/key/show.js').then((module) => module.keyShow),
  ),
  command('schedule', 'run backups and other commands on a schedule, in place of cron', () =>
    import('./commands/schedule/daemon.js').then((module) => module.scheduleDaemon),
  ),
  command('schedule init', 'write a starter schedule', () =>
    import('./commands/schedule/init.js').then((module) => module.scheduleInit),
  ),
  command('schedule import', 'convert a crontab to a schedule', () =>
    import('./commands/schedule/import.js').then((module) => module.scheduleImport),
  ),
  command('schedule check', 'check the schedule for mistakes', () =>
    import('./commands/schedule/check.js').then((module) => module.scheduleCheck),
  ),
  command('schedule next', 'show what runs next, and when', () =>
    import('./commands/schedule/next.js').then((module) => module.scheduleNext),
  ),
  command('schedule run', 'run an entry of the schedule now', () =>
    import('./commands/schedule/run.js').then((module) => module.scheduleRun),
  ),
  command('schedule status', 'show the state of each entry and of the daemon', () =>
    import('./commands/schedule/status.js').then((module) => module.scheduleStatus),
  ),
  command('schedule history', 'list past runs, failures and missed runs', () =>
    import('./commands/schedule/history.js').then((module) => module.scheduleHistory),
  ),
  command('schedule unit', 'print a service for systemd, Docker or Kubernetes', () =>
    import('./commands/schedule/unit.js').then((module) => module.scheduleUnit),
  ),
  command('serve', 'serve the HTTP API and the dashboard', () =>
    import('./commands/serve/serve.js').then((module) => module.serveCommand),
  ),
  command('doctor', 'check settings, servers, backups and schedule, and tell what fixes them', () =>
    import('./commands/doctor/doctor.js').then((module) => module.doctorCommand),
  ),
  command('config show', 'show the settings in force, and where each comes from', () =>
    import('./commands/config/show.js').then((module) => module.configShow),
  ),
  command('config check', 'check all settings at once, without contacting a server', () =>
    import('./commands/config/check.js').then((module) => module.configCheck),
  ),
  command('completion', 'print a shell completion script', () =>
    import('./commands/completion.js').then((module) => module.completion),
  ),
  command('help', 'show a page of the manual, or the help of a command', () =>
    import('./commands/help.js').then((module) => module.help),
  ),
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
  key: {
    summary: 'make the keys of encrypted and signed backups',
    examples: {
      'mangamotion key new backup.agekey': 'make a key, and print its recipient',
      'mangamotion key show backup.agekey': 'print the recipient again',
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
  drill: {
    summary: 'prove that the backups can be restored, and in time',
    examples: {
      'mangamotion drill object /var/backups/minio':
        'restore an object beside the store, and compare',
      'mangamotion drill all /var/backups/minio --sample 5%':
        'drill every scenario with a part of the data',
    },
  },
  config: {
    summary: 'show and check the settings',
    examples: {
      'mangamotion config show': 'show what is set, and by what',
      'mangamotion config check --env-file /etc/mangamotion.env':
        'check the settings of a service before it is restarted',
    },
  },
};

/** Every command of the program. */
export const catalog: Catalog = { commands, groups };
