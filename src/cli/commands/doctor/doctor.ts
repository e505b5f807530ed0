import path from 'node:path';
import process from 'node:process';
import { defaultStateFolder, processEnvironment } from '../../../config/environment.js';
import { MangamotionError } from '../../../errors.js';
import { secretsOf } from '../../../config/redact.js';
import type { DoctorParts, Servers } from '../../../doctor/doctor.js';
import type { DoctorReport } from '../../../doctor/report.js';
import { readVersion } from '../../argv/version.js';
import type { CheckResult } from '../../../doctor/run-checks.js';
import { SYSTEM_STATE_FOLDER } from '../../../schedule/unit.js';
import { defineCommand, type CommandContext } from '../../argv/command.js';
import { csvRows } from '../../output/answers.js';
import type { Column } from '../../output/columns.js';
import { parseDuration } from '../../values/duration.js';
import { destinationArguments } from '../backup/backup-options.js';
import { QUEUE_OPTIONS } from '../jobs/shared-options.js';
import { DEFAULT_FILE, FILE_OPTION, readSchedule } from '../schedule/file.js';
import { scheduledDestinations } from '../schedule/destinations.js';
import { STATE_OPTION, stateFolderOf } from '../schedule/state-folder.js';
import { describeAll, describeReport } from './describe.js';

export const doctorCommand = defineCommand({
  description:
    'Check all that goes wrong at night: settings, clocks, Redis, the queue, billing, the object store, ' +
    'the destinations that are named, and the schedule. Each warning and each failure names the command ' +
    'or setting that fixes it. Without --probe and --bundle nothing is written. The exit status is 3 with warnings, and 5 with ' +
    'failures.',
  arguments: {
    destination: {
      ...destinationArguments.destination,
      description:
        'the folders and s3://bucket/prefix to check (default: those of the schedule); of two, also ' +
        'whether the one offsite is behind',
      optional: true,
      repeatable: true,
    },
  },
  options: {
    maxAge: {
      value: 'duration',
      description:
        'the maximum age of the newest complete backup, such as 26h (default: warn from 8d)',
      parse: parseDuration,
    },
    all: { description: 'show each check, not only what is wrong' },
    queue: QUEUE_OPTIONS.queue,
    file: FILE_OPTION,
    stateDir: STATE_OPTION,
    probe: {
      description:
        'also find out what the server does with listings, locks, metadata and keys, in buckets of its ' +
        'own, which it removes',
    },
    bundle: {
      value: 'file',
      description:
        'also write a tar.gz for a bug report: the checks, settings without secrets, versions, the ' +
        'history and the ends of logs',
      complete: 'file',
    },
  },
  changes: 'nothing',
  usesStore: true,
  printsRows: true,
  endsWith: ['partial', 'damaged', 'refused'],
  examples: {
    'mangamotion doctor /var/backups/minio s3://offsite/minio --max-age 26h':
      'check the backups too, near and offsite',
    'mangamotion doctor --bundle doctor.tar.gz': 'write what a bug report needs',
    'mangamotion doctor /var/backups/minio --json | jq \'.checks[] | select(.status == "failure")\'':
      'select failures in a script',
  },
  async run(context, { destination }, { bundle, all, ...chosen }) {
    const { examine } = await import('../../../doctor/doctor.js');
    const { reportOf } = await import('../../../doctor/report.js');
    if (chosen.probe) await refuseDryRun(context);
    const target = bundle === undefined ? undefined : path.resolve(context.cwd, bundle);
    if (target !== undefined) await refuseBundle(target);
    const parts = await partsOf(context, { destination, ...chosen });
    context.progress.start('checking');
    const { checks, servers } = await examine(parts);
    const report = reportOf(checks);
    if (target !== undefined) await writeReport(context, target, { parts, report, servers });
    context.progress.done();
    await context.output.document({
      json: report,
      human: (page) => (all ? describeAll : describeReport)(page, checks),
      csv: csvRows(columns, checks),
    });
    if (report.status === 'failures') return 'damaged';
    return report.status === 'warnings' ? 'partial' : undefined;
  },
});

/** A probe writes, and cannot run dry. */
async function refuseDryRun({ configRequest }: CommandContext): Promise<void> {
  const { checkSettings } = await import('../../../config/inspect.js');
  const { config } = await checkSettings(configRequest);
  if (config?.dryRun !== true) return;
  throw new MangamotionError('usage', 'DRY_RUN is set, but --probe has no dry run', {
    hint: 'unset DRY_RUN or set it to false to run the command',
  });
}

async function refuseBundle(target: string): Promise<void> {
  const { refuseExisting } = await import('../../../doctor/bundle/write-bundle.js');
  await refuseExisting(target);
}

async function writeReport(
  context: CommandContext,
  target: string,
  { parts, report, servers }: { parts: DoctorParts; report: DoctorReport; servers: Servers },
): Promise<void> {
  const [{ checkSettings, showSettings }, { bundleFiles }, { scrubOf }, { writeBundle }] =
    await Promise.all([
      import('../../../config/inspect.js'),
      import('../../../doctor/bundle/contents.js'),
      import('../../../doctor/bundle/scrub.js'),
      import('../../../doctor/bundle/write-bundle.js'),
    ]);
  const { findings, secrets } = await checkSettings(context.configRequest);
  // A file of settings that cannot be read is a finding of its own.
  const { settings } = await showSettings(context.configRequest).catch(() => ({ settings: [] }));
  const scrub = scrubOf([...secrets, ...secretsOf(context.configRequest.environment)]);
  const now = context.now();
  const { nodeVersion, stateFolder } = parts;
  const version = readVersion();
  const all = { settings, findings };
  const files = await bundleFiles({
    ...{ report, settings: all, version, nodeVersion, servers, stateFolder, now, scrub },
  });
  await writeBundle(target, files, now);
  context.progress.note(`mangamotion: wrote ${target}: look through it before you send it`);
}

interface Chosen {
  destination: readonly string[];
  probe: boolean;
  maxAge: number | undefined;
  queue: string;
  file: string;
  stateDir: string | undefined;
}

/** What the checks need of this program: connections, the schedule file, and how to tell of progress. */
async function partsOf(context: CommandContext, chosen: Chosen): Promise<DoctorParts> {
  const { destination, probe, maxAge, queue, file, stateDir } = chosen;
  const [{ openBackupStore, openServedStore }, { openRedis }] = await Promise.all([
    import('../../run/open-store.js'),
    import('../../run/open-redis.js'),
  ]);
  const stateFolder = stateFolderOf(context, stateDir);
  const destinations =
    destination.length > 0 ? destination : await scheduledDestinations(context, file);
  return {
    destinations: [...new Set(destinations)],
    probes: probe,
    maxAgeMs: maxAge,
    configRequest: context.configRequest,
    nodeVersion: process.version,
    ...{ queue, stateFolder, file },
    isNamed: file !== DEFAULT_FILE,
    otherFolders: [defaultStateFolder(processEnvironment()), SYSTEM_STATE_FOLDER],
    readSchedule: async () => {
      const read = await readSchedule(context, file);
      const { zoneProblem, remarks } = read;
      const matters = remarks.some(({ message }) => message === zoneProblem);
      return { ...read, zoneProblem: matters ? zoneProblem : undefined };
    },
    openRedis,
    openStore: openServedStore,
    openBackupStore: (config) =>
      openBackupStore(config, { onRetry: () => undefined, limits: undefined, patience: HASTY }),
    cwd: context.cwd,
    now: context.now,
    signal: context.signal,
    onProgress: (ended, total) => context.progress.phase(`${ended} of ${total} checks`),
  };
}

/** A check has no time for more. */
const HASTY = { attempts: 2, maxDelayMs: 500 };

const columns: Column<CheckResult>[] = [
  { title: 'name', name: 'name', value: ({ name }) => name },
  { title: 'subject', name: 'subject', value: ({ subject }) => subject ?? '' },
  { title: 'status', name: 'status', value: ({ status }) => status },
  { title: 'message', name: 'message', value: ({ message }) => message },
  { title: 'hint', name: 'hint', value: ({ hint }) => hint ?? '' },
  { title: 'seconds', name: 'seconds', value: ({ seconds }) => seconds },
];
