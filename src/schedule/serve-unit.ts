import path from 'node:path/posix';
import { HARDENING } from './hardening.js';
import {
  ENVIRONMENT_FILE,
  systemdListed,
  systemdPath,
  systemdProgram,
  systemdWord,
  type SystemdService,
} from './unit.js';

/** Texts that keep `mangamotion serve` running, beside the daemon of the schedule that it shows. */

export interface ServedPlaces {
  /** The address to listen on. */
  listen: string;
  /** The destinations whose backups it shows: absolute folders, and `s3://` URLs. */
  destinations: readonly string[];
}

/** Requests have 10 s to end (--grace). */
const STOP_SECONDS = 20;

export function serveSystemdUnit(service: SystemdService & ServedPlaces): string {
  const { node, program, flags, file, stateFolder, user, listen, destinations } = service;
  const [name, group] = user?.split(':') ?? [];
  const words = [
    ...[...flags, 'serve', '--listen', listen, '--auth', 'token'],
    ...['--file', file, '--state-dir', stateFolder],
    ...destinations.flatMap((one) => ['--backup', one]),
  ];
  const command = [systemdProgram(node), ...['--', program, ...words].map(systemdWord)].join(' ');
  const lines = [
    '# /etc/systemd/system/mangamotion-serve.service',
    '# Made by `mangamotion schedule unit systemd --for serve`; generate it again if node or mangamotion moves.',
    '[Unit]',
    'Description=MangaMotion: HTTP API and dashboard',
    'Wants=network-online.target',
    'After=network-online.target',
    '',
    '[Service]',
    'Type=exec',
    `ExecStart=${command}`,
    '# Relative paths in the schedule, and mangamotion.config.json, are resolved here.',
    `WorkingDirectory=${systemdPath(path.dirname(file))}`,
    '# Settings, secrets among them, as NAME=value lines, chmod 600; see `mangamotion help serve`.',
    `EnvironmentFile=-${ENVIRONMENT_FILE}`,
    ...(name === undefined ? [] : [`User=${name}`]),
    ...(group === undefined ? [] : [`Group=${group}`]),
    'UMask=0077',
    '',
    'Restart=on-failure',
    'RestartSec=10',
    '# A restart does not fix wrong settings.',
    'RestartPreventExitStatus=2',
    'SuccessExitStatus=130 143',
    'KillSignal=SIGTERM',
    `TimeoutStopSec=${STOP_SECONDS}`,
    '',
    '# It writes nothing but requests to the daemon of the schedule.',
    'ProtectSystem=strict',
    `ReadWritePaths=${systemdListed(`-${stateFolder}`)}`,
    'ProtectHome=read-only',
    'PrivateTmp=yes',
    'CapabilityBoundingSet=',
    'ProtectHostname=yes',
    'RestrictNamespaces=yes',
    ...HARDENING,
    '',
    '[Install]',
    'WantedBy=multi-user.target',
  ];
  return `${lines.join('\n')}\n`;
}
