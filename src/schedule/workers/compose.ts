import { REDIS_SETTING } from '../../config/hints.js';
import { type ComposeService, ENVIRONMENT_FILE, mountedProgram, volume, yaml } from '../unit.js';
import {
  WORKER_PORT,
  type WorkerSettings,
  stopSeconds,
  workerAdvice,
  workerMemory,
  workerWords,
} from './worker.js';

/** A service of Docker Compose with several workers. */
export function workerComposeService(
  service: Pick<ComposeService, 'image' | 'program' | 'user'> &
    WorkerSettings & { replicas: number },
): string {
  const { image, program, user, destination, isFolder, replicas } = service;
  const mounted = program === undefined ? undefined : mountedProgram(program);
  const command = [
    ...(mounted === undefined ? ['mangamotion'] : ['node', '--', mounted.program]),
    ...workerWords(service),
    ...['--listen', `127.0.0.1:${WORKER_PORT}`],
  ];
  const probe = `fetch('http://127.0.0.1:${WORKER_PORT}/readyz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))`;
  const volumes = [
    ...(mounted === undefined ? [] : volume(mounted.source, mounted.target, 'read-only')),
    ...(isFolder ? volume(destination, destination) : []),
  ];
  const lines = [
    '# compose.yaml',
    '# Made by `mangamotion schedule unit docker --for worker`.',
    'services:',
    '  mangamotion-worker:',
    `    image: ${yaml(image)}`,
    ...workerAdvice(service).map((line) => `    ${line}`),
    `    command: [${command.map(yaml).join(', ')}]`,
    ...(user === undefined ? [] : [`    user: ${yaml(user)}`]),
    `    # ${REDIS_SETTING}, the store and its secrets: NAME=value lines, chmod 600. Their addresses must work from inside`,
    '    # the container: localhost is the container itself.',
    `    env_file: [${yaml(ENVIRONMENT_FILE)}]`,
    '    init: true',
    '    restart: unless-stopped',
    '    security_opt: ["no-new-privileges:true"]',
    `    stop_grace_period: ${stopSeconds(service)}s`,
    '    deploy:',
    '      # Workers on this machine. More of them do the same as a higher --concurrency, but end one by one.',
    `      replicas: ${replicas}`,
    '      resources:',
    '        limits:',
    '          # Of each worker. The kernel ends a process beyond this, and its shard begins again.',
    `          memory: ${workerMemory(service).limit}M`,
    ...(volumes.length === 0 ? [] : ['    volumes:', ...volumes]),
    '    # Unhealthy while Redis is away. Docker only shows it: a worker connects again by itself.',
    '    healthcheck:',
    `      test: [${['CMD', 'node', '-e', probe].map(yaml).join(', ')}]`,
    '      interval: 30s',
    '      timeout: 5s',
    '      retries: 3',
    '      start_period: 30s',
  ];
  return `${lines.join('\n')}\n`;
}
