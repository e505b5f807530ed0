import type { Scenario } from '../../../drill/objectives.js';
import type { Command } from '../../argv/command.js';
import { defineCommand } from '../../argv/command.js';
import { MangamotionError } from '../../../errors.js';
import { isS3Url } from '../../../repository/s3/s3-location.js';
import { amountOptions, attackOptions, drillOptions, newestOptions } from './options.js';
import { runDrillCommand } from './run.js';

/** The commands `drill object` to `drill all`. */

const destinationArgument = {
  destination: {
    description: 'the destination that holds the backups: a folder or s3://bucket/prefix',
    complete: 'destination',
  },
} as const;

/** A drill makes and removes buckets: DRY_RUN=true is an error. */
const common = {
  arguments: destinationArgument,
  changes: 'always',
  usesStore: true,
  opensBackups: true,
  checksSignatures: true,
  printsRows: false,
  endsWith: [
    'partial',
    'not_found',
    'damaged',
    'unreachable',
    'access_denied',
    'interrupted',
    'terminated',
  ],
} as const;

const EVERYWHERE =
  'It restores into buckets of its own, which it removes afterwards, and measures the time to recover, ' +
  'the data that would be lost, and what came back different. The exit status is 5 if an objective is ' +
  'missed or the recovery fails, and 3 if it is not proven.';

export const drillObject = defineCommand({
  ...common,
  description: `Drill the recovery of one object, drawn at random from a backup. ${EVERYWHERE}`,
  options: drillOptions,
  examples: {
    'mangamotion drill object /var/backups/minio': 'restore an object, and compare it',
    "mangamotion drill object s3://offsite/minio --json | jq -r '.drills[0].verdict'":
      'print the verdict',
  },
  run: (context, { destination }, options) =>
    runDrillCommand(context, destination, ['object'], options),
});

export const drillBucket = defineCommand({
  ...common,
  description: `Drill the recovery of the bucket whose restore takes longest. ${EVERYWHERE}`,
  options: { ...drillOptions, ...amountOptions },
  examples: {
    'mangamotion drill bucket /var/backups/minio': 'restore a bucket beside the others',
    'mangamotion drill bucket /var/backups/minio --sample 5%':
      'restore a twentieth, and extrapolate the time',
  },
  run: (context, { destination }, options) =>
    runDrillCommand(context, destination, ['bucket'], options),
});

export const drillStore = defineCommand({
  ...common,
  description:
    `Drill the recovery of the whole store. ${EVERYWHERE} On the server that is in use it needs ` +
    '--max-bytes; DRILL_S3_ENDPOINT names another one.',
  options: { ...drillOptions, ...amountOptions },
  examples: {
    'DRILL_S3_ENDPOINT=https://drill.example.com mangamotion drill store /var/backups/minio':
      'restore everything into another server',
    'mangamotion drill store /var/backups/minio --max-bytes 50G':
      'restore up to 50 GiB into the store itself',
  },
  run: (context, { destination }, options) =>
    runDrillCommand(context, destination, ['store'], options),
});

export const drillOffsite = defineCommand({
  ...common,
  description: `Drill the recovery of the whole store from an offsite copy. ${EVERYWHERE}`,
  options: {
    ...drillOptions,
    ...amountOptions,
    cold: {
      description:
        'use nothing of this host but the settings of the destination and of DRILL_S3_*, as on the day ' +
        'after a fire: no other setting, no state folder, an empty HOME',
    },
  },
  examples: {
    'mangamotion drill offsite s3://offsite/minio --cold': 'restore as on the day after a fire',
    'mangamotion drill offsite s3://offsite/minio --sample 1%': 'restore a hundredth of it',
  },
  run: async (context, { destination }, options) => {
    if (!options.cold) return await runDrillCommand(context, destination, ['offsite'], options);
    const { runCold } = await import('./cold.js');
    return await runCold(context, destination, options);
  },
});

export const drillRedis = defineCommand({
  ...common,
  description:
    'Drill the recovery of Redis from a backup, into a Redis of the drill’s own (DRILL_REDIS_URL, or a ' +
    'throw-away redis-server). The reports of all users must be the same afterwards. The exit status is ' +
    '5 if an objective is missed or the recovery fails, and 3 if it is not proven.',
  options: drillOptions,
  examples: {
    'mangamotion drill redis /var/backups/minio': 'restore the meters into another Redis',
    'DRILL_REDIS_URL=redis://127.0.0.1:6400 mangamotion drill redis /var/backups/minio':
      'restore them into this one',
  },
  run: (context, { destination }, options) =>
    runDrillCommand(context, destination, ['redis'], options),
});

export const drillRansom = defineCommand({
  ...common,
  description:
    'Drill what is left when somebody has the keys of this host. A copy of the newest backup, beside the ' +
    'backups in the same bucket and locked as they are, is overwritten, deleted and unlocked with these keys. ' +
    'What is left is restored as it was stored before, into buckets of its own, and compared. The backups ' +
    'themselves are only read. Locked copies stay until their locks end (see --lock-for), and the next drill ' +
    'at this destination removes them. The exit status is 5 if the keys could destroy the backup or an ' +
    'objective is missed, and 3 if it is not proven.',
  arguments: {
    destination: {
      ...destinationArgument.destination,
      description: 'the destination that holds the backups: s3://bucket/prefix',
    },
  },
  options: { ...newestOptions, ...attackOptions },
  examples: {
    'mangamotion drill ransom s3://locked/minio': 'attack a copy of the newest backup',
    "mangamotion drill ransom s3://locked/minio --json | jq '.drills[0].attack.tried'":
      'see what the keys could do',
    'DRILL_S3_ENDPOINT=https://drill.example.com mangamotion drill ransom s3://locked/minio --max-bytes 50G':
      'copy up to 50 GiB, and restore what is left into another server',
  },
  run: (context, { destination }, options) => {
    if (!isS3Url(destination)) {
      throw new MangamotionError('usage', `${destination} is a folder, and has no locks`, {
        hint: 'Name a destination in a bucket: s3://bucket/prefix.',
      });
    }
    return runDrillCommand(context, destination, ['ransom'], { ...options, pick: undefined });
  },
});

const ALL: readonly Scenario[] = ['object', 'bucket', 'store', 'offsite', 'redis', 'ransom'];

export const drillAll: Command = defineCommand({
  ...common,
  description:
    `Drill every scenario, one after the other, and go on after a failure. ${EVERYWHERE} ` +
    '"drill ransom" is left out unless the newest backup is locked in a bucket.',
  options: { ...drillOptions, ...amountOptions },
  examples: {
    'mangamotion drill all /var/backups/minio': 'drill every scenario',
    'mangamotion drill all s3://offsite/minio --sample 5% --into https://drill.example.com':
      'restore a twentieth each time, into another server',
  },
  run: (context, { destination }, options) =>
    runDrillCommand(context, destination, ALL, options, { onlyFitting: true }),
});
