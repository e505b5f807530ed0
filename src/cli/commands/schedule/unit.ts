import { MangamotionError, isMangamotionError } from '../../../errors.js';
import type { Service } from '../../../schedule/unit.js';
import { listenText, parseListen } from '../../../schedule/notify/listen.js';
import { defineCommand } from '../../argv/command.js';
import type { CommandContext } from '../../argv/command.js';
import { FILE_OPTION, readSchedule, systemZone } from './file.js';
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
    'folders that the schedule backs up to.',
  arguments: {
    kind: { description: 'the service manager', choices: ['systemd', 'docker'] },
  },
  options: {
    for: {
      value: 'what',
      description:
        'schedule, or serve: the HTTP API and the dashboard, with the backups of the schedule',
      choices: ['schedule', 'serve'],
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
        'run as this user or user:group (default: you); the state is then in /var/lib/mangamotion',
      parse: readUser,
    },
    image: {
      value: 'image',
      description:
        `the Docker image (default: ${DEFAULT_IMAGE}); an image not based on node must contain ` +
        'mangamotion',
      parse: readImage,
    },
  },
  changes: 'nothing',
  usesStore: false,
  printsRows: false,
  endsWith: [],
  examples: {
    'mangamotion schedule unit systemd --file /etc/mangamotion.crontab --user backup | sudo tee /etc/systemd/system/mangamotion.service':
      'install it, then run: sudo systemctl daemon-reload && sudo systemctl enable --now mangamotion',
    'mangamotion schedule unit systemd --for serve | sudo tee /etc/systemd/system/mangamotion-serve.service':
      'serve the API and the dashboard too',
    'mangamotion schedule unit docker > compose.yaml && docker compose up -d':
      'run in a container; `docker compose ps` shows its health',
  },
  async run(context, { kind }, options) {
    if (options.for === 'schedule' && options.listen !== undefined) {
      throw new MangamotionError('usage', '--listen applies only to --for serve');
    }
    if (kind === 'systemd' && options.image !== undefined) {
      throw new MangamotionError('usage', '--image applies only to docker');
    }
    const text =
      kind === 'systemd'
        ? await systemdText(context, options)
        : await dockerText(context, options, options.image ?? DEFAULT_IMAGE);
    await context.output.document({
      json: { kind, text },
      human: (page) => page.text(text.trimEnd()),
    });
    return undefined;
  },
});

interface UnitOptions {
  for: 'schedule' | 'serve';
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
  const { realpath } = await import('node:fs/promises');
  const { composeService, serveComposeService, ENVIRONMENT_FILE } =
    await import('../../../schedule/unit.js');
  const service = await serviceOf(context, options, ({ uid, gid }) => `${uid}:${gid}`);
  const { folders, destinations } = await placesOf(context, options.file);
  const flags = context.settingFlags.filter((word) => word.startsWith('--'));
  if (flags.length > 0) {
    context.warn(`${flags.join(', ')} not included: put the settings into ${ENVIRONMENT_FILE}`);
  }
  const program = isOfNode(image) ? await realpath(process.argv[1] ?? '') : undefined;
  refuseUnwritable([service.file, service.stateFolder, program ?? '', ...folders]);
  const contained = { ...service, image, program, folders, zone: systemZone() };
  if (options.for === 'schedule') return composeService(contained);
  refuseUnwritable(destinations);
  const listen = options.listen ?? DEFAULT_LISTEN;
  return serveComposeService({ ...contained, listen, destinations });
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

/** A line end would begin another setting, and one behind a backslash is none. */
function refuseUnwritable(paths: readonly string[]): void {
  const wrong = paths.find((path) => /\p{Cc}|\\$/u.test(path));
  if (wrong === undefined) return;
  throw new MangamotionError('usage', `a service cannot use the path ${JSON.stringify(wrong)}`, {
    hint: 'use a path without control characters and without a trailing backslash',
  });
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
