import path from 'node:path';
import { MOST_WORKERS } from '../../../config/backup-values.js';
import { MangamotionError } from '../../../errors.js';
import { isS3Url, parseS3Url } from '../../../repository/s3/s3-location.js';
import type { WorkerSettings } from '../../../schedule/workers/worker.js';
import type { CommandContext } from '../../argv/command.js';
import { flagOf, type OptionSpecs, type OptionValues } from '../../argv/option-specs.js';
import { wholeNumberTo } from '../../values/count.js';
import { parseDuration } from '../../values/duration.js';
import { MOST_SHARDS, parseRunName } from '../../values/shards.js';
import { DEFAULT_FILE } from './file.js';

/** The options of `schedule unit` for workers, shards and heads, and which of them fit together. */

export const PARTS = ['worker', 'shards', 'head'] as const;
type Part = (typeof PARTS)[number];
type Kind = 'systemd' | 'docker' | 'kubernetes';

/** That of `node` in the images of Node.js. */
export const DEFAULT_UID = 1000;
const DEFAULT_SHARDS = 8;
const DEFAULT_REPLICAS = 2;
const DEFAULT_CONCURRENCY = 2;
const MOST_CONCURRENCY = 16;
const MOST_REPLICAS = 1000;
const DEFAULT_GRACE_MS = 60_000;
const MOST_GRACE_MS = 24 * 3_600_000;

export const partOptions = {
  replicas: {
    value: 'n',
    description: `with --for worker in Docker or Kubernetes, run n workers (default: ${DEFAULT_REPLICAS})`,
    parse: wholeNumberTo(MOST_REPLICAS),
  },
  concurrency: {
    value: 'n',
    description: `with --for worker, shards that each worker captures at once (default: ${DEFAULT_CONCURRENCY})`,
    parse: wholeNumberTo(MOST_CONCURRENCY),
  },
  queue: {
    value: 'name',
    description: 'with --for worker, the queue (default: that of the settings)',
    parse: readQueue,
  },
  grace: {
    value: 'time',
    description: 'with --for worker, how long shards may go on at shutdown (default: 60s)',
    parse: readGrace,
  },
  workers: {
    value: 'n',
    description:
      'with --for worker, shards or head, threads of each process that captures, of up to 60 MB ' +
      'each (default: 1)',
    parse: wholeNumberTo(MOST_WORKERS),
  },
  shards: {
    value: 'n',
    description: `with --for shards, cut the backup into n shares (default: ${DEFAULT_SHARDS})`,
    parse: wholeNumberTo(MOST_SHARDS),
  },
  type: {
    value: 'type',
    description: 'with --for shards or head, the type of the backup (default: full)',
    choices: ['full', 'incremental'],
  },
  run: {
    value: 'name',
    description: 'with --for head, the run: the name of the Job of its shards',
    parse: parseRunName,
  },
  volumeClaim: {
    value: 'name',
    description:
      'in Kubernetes, the PersistentVolumeClaim (ReadWriteMany) to mount at a destination that is a folder',
    parse: readClaim,
  },
} as const satisfies OptionSpecs;

type PartValues = OptionValues<typeof partOptions>;
export type PartOptions = PartValues & {
  file: string;
  stateDir: string | undefined;
  listen: string | undefined;
  user: string | undefined;
  image: string | undefined;
};
type What = 'schedule' | 'serve' | Part;

/** What an option applies to; all kinds where it does not say. */
const APPLIES: Partial<Record<keyof PartOptions, { to: readonly What[]; on?: readonly Kind[] }>> = {
  file: { to: ['schedule', 'serve'] },
  stateDir: { to: ['schedule', 'serve'] },
  listen: { to: ['serve'] },
  image: { to: ['schedule', 'serve', ...PARTS], on: ['docker', 'kubernetes'] },
  replicas: { to: ['worker'], on: ['docker', 'kubernetes'] },
  concurrency: { to: ['worker'] },
  queue: { to: ['worker'] },
  grace: { to: ['worker'] },
  workers: { to: PARTS },
  shards: { to: ['shards'] },
  type: { to: ['shards', 'head'] },
  run: { to: ['head'] },
  volumeClaim: { to: PARTS, on: ['kubernetes'] },
};

/** Throws `usage` for options that do not fit together. */
export function checkPartOptions(
  kind: Kind,
  destination: string | undefined,
  options: PartOptions & { for: What },
): void {
  const what = options.for;
  checkKind(kind, what);
  for (const [name, { to, on = [] }] of Object.entries(APPLIES)) {
    const value = options[name as keyof PartOptions];
    if (value === undefined || (name === 'file' && value === DEFAULT_FILE)) continue;
    if (!to.includes(what)) {
      const fitting = to.map((one) => `--for ${one}`).join(', ');
      throw new MangamotionError('usage', `${flagOf(name)} applies only to ${fitting}`);
    }
    if (on.length > 0 && !on.includes(kind)) {
      throw new MangamotionError('usage', `${flagOf(name)} applies only to ${on.join(' and ')}`);
    }
  }
  if (what === 'schedule' || what === 'serve') {
    if (destination === undefined) return;
    throw new MangamotionError('usage', 'a destination needs --for worker, shards or head', {
      hint: 'The daemon and serve take the destinations from the schedule.',
    });
  }
  if (destination === undefined) {
    throw new MangamotionError('usage', `--for ${what} needs a destination`, {
      hint: `For example: mangamotion schedule unit ${kind} s3://offsite/minio --for ${what}`,
    });
  }
  if (what === 'head' && options.run === undefined) {
    throw new MangamotionError('usage', '--for head needs --run', {
      hint: 'The run has the name of the Job of its shards: kubectl get jobs',
    });
  }
}

function checkKind(kind: Kind, what: What): void {
  if (kind === 'kubernetes' && (what === 'schedule' || what === 'serve')) {
    throw new MangamotionError(
      'usage',
      'kubernetes needs --for worker, --for shards or --for head',
    );
  }
  if (kind === 'kubernetes' || !(what === 'shards' || what === 'head')) return;
  throw new MangamotionError('usage', `--for ${what} applies only to kubernetes`, {
    hint:
      'Elsewhere run "mangamotion backup full DESTINATION --run NAME --shard i/n" on each machine, and then ' +
      'with --head in place of --shard; or let workers take the shards from a queue: --for worker.',
  });
}

/** Throws `usage` for a destination that a service cannot have. */
export function partSettings(
  { cwd }: Pick<CommandContext, 'cwd'>,
  what: Part,
  destination: string,
  options: PartValues,
): WorkerSettings & { replicas: number } {
  const { concurrency = DEFAULT_CONCURRENCY, workers = 1, replicas = DEFAULT_REPLICAS } = options;
  const isFolder = !isS3Url(destination);
  if (destination === '') throw new MangamotionError('usage', `--for ${what} needs a destination`);
  const place = isFolder ? path.resolve(cwd, destination) : parseS3Url(destination).url;
  refuseUnwritable([place]);
  const graceSeconds = Math.ceil((options.grace ?? DEFAULT_GRACE_MS) / 1000);
  const { queue } = options;
  return {
    ...{ destination: place, isFolder, concurrency, threads: workers },
    ...{ queue, graceSeconds, replicas },
  };
}

/** Returns a manifest. Throws `usage` for what a cluster does not have. */
export async function kubernetesText(
  what: Part,
  settings: WorkerSettings & { replicas: number },
  options: PartOptions,
): Promise<string> {
  const { image, volumeClaim: claim, user, type = 'full', shards = DEFAULT_SHARDS } = options;
  const { destination, isFolder, threads } = settings;
  if (image === undefined) {
    throw new MangamotionError('usage', 'kubernetes needs --image, an image that has mangamotion', {
      hint: '"mangamotion help schedule" has a Dockerfile that makes one.',
    });
  }
  if (isFolder && claim === undefined) {
    throw new MangamotionError('usage', `${destination} is a folder, which pods do not share`, {
      hint: 'Name a PersistentVolumeClaim that all nodes can write to (ReadWriteMany) with --volume-claim, or use an s3:// destination.',
    });
  }
  if (!isFolder && claim !== undefined) {
    throw new MangamotionError('usage', `--volume-claim: ${destination} is not a folder`);
  }
  const { workerDeployment, shardsJob, headJob } =
    await import('../../../schedule/workers/kubernetes.js');
  const cluster = { image, claim, ...numbersOf(user) };
  if (what === 'worker') return workerDeployment({ ...settings, ...cluster });
  const run = { ...cluster, type, destination, threads };
  if (what === 'shards') return shardsJob({ ...run, shards });
  return headJob({ ...run, run: options.run ?? '' });
}

function numbersOf(user: string | undefined): { uid: number; gid: number } {
  const [uid, gid = uid] = (user ?? String(DEFAULT_UID)).split(':');
  const isNumber = (text: string | undefined) => /^[1-9]\d{0,8}$/.test(text ?? '');
  if (isNumber(uid) && isNumber(gid)) return { uid: Number(uid), gid: Number(gid) };
  throw new MangamotionError('usage', '--user must be numbers for kubernetes, such as 1000:1000', {
    hint: 'Root (0) is refused: the pods have runAsNonRoot.',
  });
}

/**
 * A line end would begin another setting, and one behind a backslash is none. YAML has line ends of its own.
 * Throws `usage`.
 */
export function refuseUnwritable(paths: readonly string[]): void {
  const wrong = paths.find((one) => /[\p{Cc}\p{Zl}\p{Zp}]|\\$/u.test(one));
  if (wrong === undefined) return;
  throw new MangamotionError('usage', `a service cannot use the path ${JSON.stringify(wrong)}`, {
    hint: 'use a path without control characters and without a trailing backslash',
  });
}

function readQueue(text: string): string {
  if (/^[A-Za-z0-9][\w.-]{0,99}$/.test(text)) return text;
  throw new MangamotionError(
    'usage',
    'must be the name of a queue: letters, digits, ".", "_" and "-", at most 100',
  );
}

function readGrace(text: string): number {
  const ms = parseDuration(text);
  if (ms <= MOST_GRACE_MS) return ms;
  throw new MangamotionError('usage', 'must be at most 24h');
}

/** The rule of Kubernetes for names (RFC 1123). */
function readClaim(text: string): string {
  if (text.length <= 253 && /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/.test(text)) return text;
  throw new MangamotionError('usage', 'must be a name in Kubernetes, such as backups');
}
