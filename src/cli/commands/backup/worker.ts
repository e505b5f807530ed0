import { QUEUE_RULE, isBackupQueue } from '../../../config/backup-values.js';
import { durationMs } from '../../../duration.js';
import { MangamotionError } from '../../../errors.js';
import { parseListen } from '../../../schedule/notify/listen.js';
import type { OptionSpecs } from '../../argv/option-specs.js';
import { defineCommand } from '../../argv/command.js';
import { wholeNumberTo } from '../../values/count.js';
import { destinationArguments } from './backup-options.js';
import { workerOption } from './workers.js';

const DEFAULT_CONCURRENCY = 2;
const MOST_AT_ONCE = 16;
const DEFAULT_GRACE_MS = 60_000;

export const queueOption = {
  queue: {
    value: 'name',
    description:
      'the queue of shards, the same for a head and its workers (default: mangamotion-backup; BACKUP_QUEUE)',
    parse: readQueue,
  },
} as const satisfies OptionSpecs;

export const backupWorker = defineCommand({
  description:
    'Work on the shards that commands with --engine bullmq hand out: capture them for a backup, read them ' +
    'for a verify, or, with --restore, restore them. A process of its own works on each. The store, the destination and ' +
    'the recipients must be those of the head. SIGTERM lets current shards end.',
  arguments: destinationArguments,
  options: {
    concurrency: {
      value: 'n',
      description: `work on n shards at once, at most ${MOST_AT_ONCE}`,
      parse: wholeNumberTo(MOST_AT_ONCE),
      default: DEFAULT_CONCURRENCY,
    },
    ...queueOption,
    ...workerOption,
    restore: {
      description:
        'also restore shares, for "restore --engine bullmq"; without it, nothing that is in the queue makes ' +
        'this worker write to the store',
    },
    grace: {
      value: 'time',
      description:
        'how long current shards may go on at shutdown, before others get them (default: 60s)',
      parse: readTime,
    },
    listen: {
      value: 'address',
      description: 'serve /healthz, /readyz and /metrics at this address, such as 127.0.0.1:9466',
      parse: parseListen,
    },
  },
  changes: 'always',
  usesStore: true,
  opensBackups: true,
  makesBackups: true,
  checksSignatures: true,
  printsRows: false,
  endsInItsOwnTime: true,
  endsWith: ['not_found', 'unreachable'],
  examples: {
    'mangamotion backup worker s3://offsite/minio': 'work on two shards at once',
    'mangamotion backup worker s3://offsite/minio --concurrency 8 --grace 10m':
      'work on eight, and give them time to end',
  },
  async run(context, { destination }, options) {
    const { runWorker } = await import('./run-worker.js');
    const { grace = DEFAULT_GRACE_MS, queue, ...others } = options;
    const { backup } = await context.config();
    await runWorker(context, destination, {
      ...others,
      queue: queue ?? backup.queue,
      graceMs: grace,
    });
    return undefined;
  },
});

function readQueue(text: string): string {
  if (isBackupQueue(text)) return text;
  throw new MangamotionError('usage', `must be ${QUEUE_RULE}`);
}

function readTime(text: string): number {
  const ms = durationMs(text);
  if (ms === undefined) throw new MangamotionError('usage', 'must be a time such as 60s or 5m');
  return ms;
}
