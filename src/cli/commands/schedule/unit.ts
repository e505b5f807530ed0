import { MangamotionError, isMangamotionError } from '../../../errors.js';
import type { Service } from '../../../schedule/unit.js';
import { listenText, parseListen } from '../../../schedule/notify/listen.js';
import { defineCommand } from '../../argv/command.js';
import type { CommandContext } from '../../argv/command.js';
import { FILE_OPTION, readSchedule, systemZone } from './file.js';
import {
  DEFAULT_UID,
  PARTS,
  type PartOptions,
  checkPartOptions,
  kubernetesText,
  partOptions,
  partSettings,
  refuseUnwritable,
} from './unit-parts.js';
import { STATE_OPTION, stateFolderOf } from './state-folder.js';

const DEFAULT_LISTEN = '127.0.0.1:3000';
const DEFAULT_IMAGE = 'node:20-bookworm-slim';
/** Where the schedule does not tell into which folders backups go. */
const DEFAULT_FOLDER = '/mnt/backup';

export const scheduleUnit = defineCommand({
  description:
    'Print a service definition that keeps the daemon running, or, with --for serve, `mangamotion ' +
    'serve` beside it, which needs SERVE_ADMIN_TOKEN or JWT_SECRET. For systemd, save it as ' +
    '/etc/systemd/system/mangamotion.service and put the secrets (MINIO_SECRET_KEY=… and so on) ' +
    'into /etc/mangamotion.env, chmod 600; then run `systemctl daemon-reload` and `systemctl ' +
    'enable --now mangamotion`, and `systemctl reload mangamotion` after a change to the ' +
    'schedule. For Docker, save it as compose.yaml and run `docker compose up -d`. It mounts the ' +
    'folders that the schedule backs up to. With --for worker it prints a `backup worker` for ' +
    'systemd, Docker or Kubernetes, and with --for shards and --for head the Jobs of Kubernetes ' +
    'that make a backup without a queue.',
  arguments: {
    kind: { description: 'the service manager', choices: ['systemd', 'docker', 'kubernetes'] },
    destination: {
      description: 'with --for worker, shards or head: the folder or s3://bucket/prefix',
      optional: true,
      complete: 'destination',
    },
  },
  options: {
    for: {
      value: 'what',
      description:
        'schedule; serve: the HTTP API and the dashboard, with the backups of the schedule; worker: ' +
        'a `backup worker`; shards: an Indexed Job that captures the shares of a run; head: the Job ' +
        'that then makes the backup',
      choices: ['schedule', 'serve', ...PARTS],
      default: 'schedule',
    },
    listen: {
      value: 'address',
      description: `with --for serve, the address to listen on (default: ${DEFAULT_LISTEN})`,
      parse: readListen,
    },
    file: FILE_OPTION,
    stateDir: STATE_OPTION,
    user: {
      value: 'user',
      description:
        'run as this user or user:group (default: you; in Kubernetes a number, by default ' +
        `${DEFAULT_UID}); the state is then in /var/lib/mangamotion`,
      parse: readUser,
    },
    image: {
      value: 'image',
      description:
        `the Docker image (default: ${DEFAULT_IMAGE}); an image not based on node must contain ` +
        'mangamotion, and so must every image for Kubernetes',
      parse: readImage,
    },
    ...partOptions,
  },
  changes: 'nothing',
  usesStore: false,
  printsRows: false,
  endsWith: [],
  examples: {
    'mangamotion schedule unit systemd --file /etc/mangamotion.crontab --user backup | sudo tee /etc/systemd/system/mangamotion.service':
      'install it, then run: sudo systemctl daemon-reload && sudo systemctl enable --now mangamotion',
    'mangamotion schedule unit docker > compose.yaml && docker compose up -d':
      'run in a container; `docker compose ps` shows its health',
    'mangamotion schedule unit kubernetes s3://offsite/minio --for worker --image registry/mangamotion:1 | kubectl apply -f -':
      'run two workers for `backup full --engine bullmq` in a cluster',
  },
  async run(context, { kind, destination }, options) {
    checkPartOptions(kind, destination, options);
    const text = await textFor(context, kind, destination, options);
    await context.output.document({
      json: { kind, text },
      human: (page) => page.text(text.trimEnd()),
    });
    return undefined;
  },
});

async function textFor(
  context: CommandContext,
  kind: 'systemd' | 'docker' | 'kubernetes',
  destination: string | undefined,
  options: UnitOptions & PartOptions,
): Promise<string> {
  const image = options.image ?? DEFAULT_IMAGE;
  if (options.for === 'schedule' || options.for === 'serve') {
    return kind === 'systemd'
      ? await systemdText(context, options)
      : await dockerText(context, options, image);
  }
  const part = partSettings(context, options.for, destination ?? '', options);
  const { user } = options;
  if (kind === 'kubernetes') return await kubernetesText(options.for, part, options);
  if (kind === 'systemd') {
    const { workerSystemdUnit } = await import('../../../schedule/workers/systemd.js');
    const [node, program] = [process.execPath, process.argv[1] ?? ''];
    const flags = await absoluteFlags(context);
    refuseUnwritable([part.destination, node, program, ...flags]);
    const name = user ?? (await thisUser(({ username }) => username));
    return workerSystemdUnit({ ...part, node, program, flags, user: name });
  }
  const { workerComposeService } = await import('../../../schedule/workers/compose.js');
  await warnOfFlags(context);
  const program = await mountedScript(image);
  refuseUnwritable([part.destination, program ?? '']);
  const name = user ?? (await thisUser(({ uid, gid }) => `${uid}:${gid}`));
  return workerComposeService({ ...part, image, program, user: name });
}

interface UnitOptions {
  for: 'schedule' | 'serve' | (typeof PARTS)[number];
  listen: string | undefined;
  file: string;
  stateDir: string | undefined;
  user: string | undefined;
}

async function systemdText(context: CommandContext, options: UnitOptions): Promise<string> {
  const { systemdUnit } = await import('../../../schedule/unit.js');
  const service = await serviceOf(context, options, ({ username }) => username);
  const places = await placesOf(context, options.file);
  const [node, program] = [process.execPath, process.argv[1] ?? ''];
  const flags = await absoluteFlags(context);
  refuseUnwritable([service.file, service.stateFolder, node, program, ...flags]);
  if (options.for === 'schedule') return systemdUnit({ ...service, node, program, flags });
  const { serveSystemdUnit } = await import('../../../schedule/serve-unit.js');
  refuseUnwritable(places.destinations);
  const { destinations } = places;
  const listen = options.listen ?? DEFAULT_LISTEN;
  return serveSystemdUnit({ ...service, node, program, flags, listen, destinations });
}

async function dockerText(
  context: CommandContext,
  options: UnitOptions,
  image: string,
): Promise<string> {
  const { composeService, serveComposeService } = await import('../../../schedule/unit.js');
  const service = await serviceOf(context, options, ({ uid, gid }) => `${uid}:${gid}`);
  const { folders, destinations } = await placesOf(context, options.file);
  await warnOfFlags(context);
  const program = await mountedScript(image);
  refuseUnwritable([service.file, service.stateFolder, program ?? '', ...folders]);
  const contained = { ...service, image, program, folders, zone: systemZone() };
  if (options.for === 'schedule') return composeService(contained);
  refuseUnwritable(destinations);
  const listen = options.listen ?? DEFAULT_LISTEN;
  return serveComposeService({ ...contained, listen, destinations });
}

/** No file of this machine is in a container. */
async function warnOfFlags(context: CommandContext): Promise<void> {
  const { ENVIRONMENT_FILE } = await import('../../../schedule/unit.js');
  const flags = context.settingFlags.filter((word) => word.startsWith('--'));
  if (flags.length === 0) return;
  context.warn(`${flags.join(', ')} not included: put the settings into ${ENVIRONMENT_FILE}`);
}

/** The program of this machine, for an image without one. */
async function mountedScript(image: string): Promise<string | undefined> {
  const { realpath } = await import('node:fs/promises');
  return isOfNode(image) ? await realpath(process.argv[1] ?? '') : undefined;
}

async function serviceOf(
  context: CommandContext,
  { file, stateDir, user }: UnitOptions,
  ourselves: (user: { username: string; uid: number; gid: number }) => string,
): Promise<Service> {
  const path = await import('node:path');
  const { SYSTEM_STATE_FOLDER } = await import('../../../schedule/unit.js');
  // The default of this user is closed to another one.
  const ownFolder = user === undefined ? undefined : SYSTEM_STATE_FOLDER;
  return {
    file: path.resolve(context.cwd, file),
    stateFolder: stateFolderOf(context, stateDir ?? ownFolder),
    user: user ?? (await thisUser(ourselves)),
  };
}

const FILE_FLAGS: readonly string[] = ['--env-file', '--config', '--ca-file'];

/** The daemon runs in the folder of the schedule, not in this one. */
async function absoluteFlags({ settingFlags, cwd }: CommandContext): Promise<string[]> {
  const path = await import('node:path');
  return settingFlags.map((word, at) =>
    FILE_FLAGS.includes(settingFlags[at - 1] ?? '') ? path.resolve(cwd, word) : word,
  );
}

/** `undefined` for root, which is what services run as anyway. */
async function thisUser(
  ourselves: (user: { username: string; uid: number; gid: number }) => string,
): Promise<string | undefined> {
  const { userInfo } = await import('node:os');
  const uid = process.getuid?.() ?? 0;
  if (uid === 0) return undefined;
  try {
    return ourselves(userInfo());
  } catch {
    // Not among the users of this machine: it has a number and no name.
    return ourselves({ username: String(uid), uid, gid: process.getgid?.() ?? uid });
  }
}

interface Places {
  /** Absolute paths in the backups of the schedule; the usual one if there are none. */
  folders: string[];
  /** These, and the `s3://` URLs there. */
  destinations: string[];
}

/** Where the schedule puts backups. What is wrong with it is told, and no more. */
async function placesOf(context: CommandContext, file: string): Promise<Places> {
  const unknown = { folders: [DEFAULT_FOLDER], destinations: [DEFAULT_FOLDER] };
  try {
    const { entries, problems } = await readSchedule(context, file);
    if (problems.length > 0) {
      context.warn(`${file} has mistakes: run \`mangamotion schedule check\``);
    }
    const words = entries.flatMap(({ argv }) => (argv[0] === 'backup' ? argv : []));
    const folders = [...new Set(words.filter((word) => /^\/[^/]/.test(word)))];
    const urls = [...new Set(words.filter((word) => /^s3:\/\//i.test(word)))];
    const destinations = [...folders, ...urls];
    if (folders.length > 0) return { folders, destinations };
    return destinations.length > 0 ? { ...unknown, destinations } : unknown;
  } catch (error) {
    if (!isMangamotionError(error, 'not_found')) throw error;
    context.warn(`${error.message} yet: \`mangamotion schedule init\` creates one`);
    return unknown;
  }
}

/** An image without mangamotion: that of this machine is mounted into it. */
function isOfNode(image: string): boolean {
  return /^([^@]*\/)?node([:@]|$)/.test(image);
}

/** A bare port is one of this machine; Docker would open it to others. */
function readListen(text: string): string {
  const address = parseListen(text);
  return address.host === undefined ? `:${address.port}` : listenText(address);
}

function readUser(text: string): string {
  if (/^\w[\w.@-]*(:\w[\w.@-]*)?$/.test(text)) return text;
  throw new MangamotionError('usage', 'must be a user, or a user:group');
}

function readImage(text: string): string {
  if (/^\w[\w.:/@-]*$/.test(text)) return text;
  throw new MangamotionError('usage', 'must be an image such as registry/name:tag');
}
