import path from 'node:path/posix';
import { HARDENING } from './hardening.js';
import { OWN_FOLDER } from './state/own-folder.js';

/**
 * Texts that keep the daemon running: a unit of systemd, a service of Docker Compose. All paths are
 * absolute and without control characters.
 */

export interface Service {
  /** The crontab. */
  file: string;
  stateFolder: string;
  /** `name` or `name:group`; `undefined` for the default of the system, which is root. */
  user: string | undefined;
}

export interface SystemdService extends Service {
  node: string;
  /** The script that node runs. */
  program: string;
  /** The flags before the command, which say where the settings are. */
  flags: readonly string[];
}

export interface ComposeService extends Service {
  image: string;
  /** The script on this machine, links resolved; `undefined` where the image has `mangamotion`. */
  program: string | undefined;
  /** The folders into which backups are written. */
  folders: readonly string[];
  /** The time zone of the crontab if it names none. */
  zone: string;
}

/** The file with secrets, one NAME=value a line. */
export const ENVIRONMENT_FILE = '/etc/mangamotion.env';

/** The state folder that systemd creates for a service, with the right owner. */
export const SYSTEM_STATE_FOLDER = '/var/lib/mangamotion';

/** The daemon gives its runs 60 s to end (--grace) and then ends them; killed earlier, it cannot. */
const STOP_SECONDS = 90;

/** The address at which the daemon serves probes, in a container. */
const HEALTH_ADDRESS = '127.0.0.1:9464';

export function systemdUnit(service: SystemdService): string {
  const { node, program, flags, file, stateFolder, user } = service;
  const [name, group] = user?.split(':') ?? [];
  const words = [...flags, 'schedule', '--file', file, '--state-dir', stateFolder];
  const command = [systemdProgram(node), ...['--', program, ...words].map(systemdWord)].join(' ');
  const lines = [
    '# /etc/systemd/system/mangamotion.service',
    '# Made by `mangamotion schedule unit systemd`; generate it again if node or mangamotion moves.',
    '[Unit]',
    'Description=MangaMotion schedule: backups of the object store',
    'Wants=network-online.target',
    'After=network-online.target',
    '',
    '[Service]',
    'Type=exec',
    `# State, history and logs are in the folder ${OWN_FOLDER} of --state-dir, mode 0700.`,
    `ExecStart=${command}`,
    'ExecReload=/bin/kill -HUP $MAINPID',
    '# Relative paths in the schedule, and mangamotion.config.json, are resolved here.',
    `WorkingDirectory=${systemdPath(path.dirname(file))}`,
    '# Secrets: NAME=value lines, chmod 600. It may be absent.',
    `EnvironmentFile=-${ENVIRONMENT_FILE}`,
    ...(name === undefined ? [] : [`User=${name}`]),
    ...(group === undefined ? [] : [`Group=${group}`]),
    ...(stateFolder === SYSTEM_STATE_FOLDER
      ? ['StateDirectory=mangamotion', 'StateDirectoryMode=0700']
      : []),
    'UMask=0077',
    '',
    'Restart=on-failure',
    'RestartSec=10',
    '# A restart does not fix wrong settings or a mistake in the schedule.',
    'RestartPreventExitStatus=2',
    'SuccessExitStatus=130 143',
    '# The daemon stops its own runs, which takes up to a minute.',
    'KillMode=mixed',
    'KillSignal=SIGTERM',
    `TimeoutStopSec=${STOP_SECONDS}`,
    '',
    '# Backups may be written anywhere except to system folders.',
    'ProtectSystem=full',
    ...HARDENING,
    '',
    '[Install]',
    'WantedBy=multi-user.target',
  ];
  return `${lines.join('\n')}\n`;
}

/** See systemd.service(5), "Command lines": % begins a specifier, $ a variable. */
export function systemdWord(word: string): string {
  return quotedUnless(/^[\w@%+=:,./$-]+$/, systemdPath(word).replaceAll('$', '$$$$'));
}

/** Variables are not looked for in the program itself. */
export function systemdProgram(program: string): string {
  return quotedUnless(/^[\w@%+=:,./-]+$/, systemdPath(program));
}

function quotedUnless(plain: RegExp, text: string): string {
  if (plain.test(text)) return text;
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}

/** A setting that is one path is taken as it is, spaces and quotes too. */
export function systemdPath(text: string): string {
  return text.replaceAll('%', '%%');
}

/** One path in a setting that takes several, which spaces divide and quotes keep together. */
export function systemdListed(path: string): string {
  return quotedUnless(/^[\w@%+=:,./-]+$/, systemdPath(path));
}

/** The paths inside the container. */
const INSIDE = { file: '/etc/mangamotion.crontab', program: '/opt/mangamotion' };

/** What a service of Compose runs, and how it looks whether that works. */
interface Contained {
  /** The service, in the file and for Docker. */
  name: string;
  /** What made the file. */
  madeBy: string;
  words: readonly string[];
  probeUrl: string;
  stopSeconds: number;
  /** Lines of the service, before its volumes. */
  more: readonly string[];
  /** Whether backups are only read. */
  readsOnly: boolean;
}

export function composeService(service: ComposeService): string {
  return composeText(service, {
    name: 'mangamotion',
    madeBy: 'mangamotion schedule unit docker',
    words: ['schedule', ...STATE_FLAGS, '--listen', HEALTH_ADDRESS],
    probeUrl: `http://${HEALTH_ADDRESS}/healthz`,
    stopSeconds: STOP_SECONDS,
    more: [
      '    # An editor replaces the schedule with a new file: after a change, run',
      '    # `docker compose restart mangamotion`, so that the container sees it.',
    ],
    readsOnly: false,
  });
}

/** The port inside the container. */
const SERVE_PORT = 3000;
/** Requests have 10 s to end (--grace). */
const SERVE_STOP_SECONDS = 20;

/** `listen` is the address on this machine at which Docker listens, with the port. */
export function serveComposeService(
  service: ComposeService & { listen: string; destinations: readonly string[] },
): string {
  return composeText(service, {
    name: 'mangamotion-serve',
    madeBy: 'mangamotion schedule unit docker --for serve',
    words: [
      ...['serve', '--listen', `:${SERVE_PORT}`, '--auth', 'token'],
      ...['--host', 'localhost', '--host', '127.0.0.1', ...STATE_FLAGS],
      ...service.destinations.flatMap((one) => ['--backup', one]),
    ],
    probeUrl: `http://127.0.0.1:${SERVE_PORT}/api/session`,
    stopSeconds: SERVE_STOP_SECONDS,
    more: [
      '    # For this machine alone; put a proxy with TLS in front of it for others, and name its host with --host.',
      `    ports: [${yaml(`${service.listen.replace(/^:/, '')}:${SERVE_PORT}`)}]`,
    ],
    readsOnly: true,
  });
}

const STATE_FLAGS = ['--file', INSIDE.file, '--state-dir', SYSTEM_STATE_FOLDER];

function composeText(service: ComposeService, contained: Contained): string {
  const { image, program, file, stateFolder, user, folders, zone } = service;
  const { name, madeBy, words, probeUrl, stopSeconds, more, readsOnly } = contained;
  const mounted = program === undefined ? undefined : mountedProgram(program);
  const command = [
    ...(mounted === undefined ? ['mangamotion'] : ['node', '--', mounted.program]),
    ...words,
  ];
  const probe = `fetch('${probeUrl}').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))`;
  const lines = [
    '# compose.yaml',
    `# Made by \`${madeBy}\`.`,
    'services:',
    `  ${name}:`,
    `    image: ${yaml(image)}`,
    `    command: [${command.map(yaml).join(', ')}]`,
    ...(user === undefined ? [] : [`    user: ${yaml(user)}`]),
    '    # Secrets: NAME=value lines, chmod 600. The address of the store must work from inside the container.',
    `    env_file: [${yaml(ENVIRONMENT_FILE)}]`,
    '    environment:',
    `      TZ: ${yaml(zone)}`,
    '    init: true',
    '    restart: unless-stopped',
    ...(readsOnly ? [] : ['    # The daemon stops its own runs, which takes up to a minute.']),
    `    stop_grace_period: ${stopSeconds}s`,
    ...more,
    '    volumes:',
    ...(mounted === undefined ? [] : volume(mounted.source, mounted.target, 'read-only')),
    ...volume(file, INSIDE.file, 'read-only'),
    `      # State, history and logs are in its folder ${OWN_FOLDER}, mode 0700.`,
    ...volume(stateFolder, SYSTEM_STATE_FOLDER, 'created'),
    ...folders.flatMap((folder) => volume(folder, folder, readsOnly ? 'read-only' : undefined)),
    '    healthcheck:',
    `      test: [${['CMD', 'node', '-e', probe].map(yaml).join(', ')}]`,
    '      interval: 30s',
    '      timeout: 5s',
    '      retries: 3',
    '      start_period: 30s',
  ];
  return `${lines.join('\n')}\n`;
}

/** Docker creates a folder for a missing path, which is right only for the state. */
export function volume(source: string, target: string, kind?: 'read-only' | 'created'): string[] {
  return [
    '      - type: bind',
    `        source: ${yaml(source)}`,
    `        target: ${yaml(target)}`,
    ...(kind === 'read-only' ? ['        read_only: true'] : []),
    `        bind: { create_host_path: ${kind === 'created'} }`,
  ];
}

/** JSON is YAML, and Compose takes $ for the beginning of a variable in every value. */
export function yaml(text: string): string {
  return JSON.stringify(text.replaceAll('$', '$$$$'));
}

/**
 * Returns what to mount for the program to find all that it needs: its own folder, or the outermost
 * `node_modules` that it was installed into, where its dependencies can lie beside it.
 */
export function mountedProgram(program: string): {
  source: string;
  target: string;
  program: string;
} {
  const [, above, inside] = /^(.*?)\/node_modules\/(.*)$/s.exec(program) ?? [];
  if (above !== undefined && inside !== undefined) {
    const target = `${INSIDE.program}/node_modules`;
    return { source: `${above}/node_modules`, target, program: `${target}/${inside}` };
  }
  const source = path.dirname(path.dirname(program));
  const target = INSIDE.program;
  return { source, target, program: path.join(target, path.relative(source, program)) };
}
