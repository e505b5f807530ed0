import { REDIS_SETTING } from '../../config/hints.js';
import { HARDENING } from '../hardening.js';
import {
  ENVIRONMENT_FILE,
  type SystemdService,
  systemdListed,
  systemdProgram,
  systemdWord,
} from '../unit.js';
import {
  type WorkerSettings,
  stopSeconds,
  workerAdvice,
  workerMemory,
  workerWords,
} from './worker.js';

/**
 * The unit of a worker. There is one for a machine: it captures each shard in a process of its own, so that
 * `--concurrency` takes the place of several.
 */
export function workerSystemdUnit(
  service: Pick<SystemdService, 'node' | 'program' | 'flags' | 'user'> & WorkerSettings,
): string {
  const { node, program, flags, user, destination, isFolder } = service;
  const [name, group] = user?.split(':') ?? [];
  const words = [...flags, ...workerWords(service)];
  const command = [systemdProgram(node), ...['--', program, ...words].map(systemdWord)].join(' ');
  const lines = [
    '# /etc/systemd/system/mangamotion-worker.service',
    '# Made by `mangamotion schedule unit systemd --for worker`; generate it again if node or mangamotion moves.',
    '[Unit]',
    'Description=MangaMotion: worker for shards of backups',
    'Wants=network-online.target',
    'After=network-online.target',
    ...(isFolder
      ? [
          '# All workers and the head need the same folder, such as one on NFS.',
          `RequiresMountsFor=${systemdListed(destination)}`,
        ]
      : []),
    '',
    '[Service]',
    'Type=exec',
    ...workerAdvice(service),
    `ExecStart=${command}`,
    '# mangamotion.config.json is looked for here.',
    'WorkingDirectory=/etc',
    `# ${REDIS_SETTING}, the store and its secrets: NAME=value lines, chmod 600. The same on all workers and the head.`,
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
    '# The worker alone gets SIGTERM: the processes that it started end their shards first.',
    'KillMode=mixed',
    'KillSignal=SIGTERM',
    `TimeoutStopSec=${stopSeconds(service)}`,
    '',
    '# The kernel ends a process beyond this, and its shard begins again; the worker goes on.',
    `MemoryMax=${workerMemory(service).limit}M`,
    'OOMPolicy=continue',
    '',
    isFolder
      ? '# It writes backups and temporary files, and nothing else.'
      : '# It writes temporary files, and nothing else.',
    'ProtectSystem=strict',
    ...(isFolder ? [`ReadWritePaths=${systemdListed(destination)}`] : []),
    'ProtectHome=read-only',
    'PrivateTmp=yes',
    ...HARDENING,
    '',
    '[Install]',
    'WantedBy=multi-user.target',
  ];
  return `${lines.join('\n')}\n`;
}
