import { spawnSync } from 'node:child_process';
import { findCommand } from './child-processes.js';
import { DEBIAN_PACKAGES, DEBIAN_PEERS, installHint } from './install-hint.js';
import { isRgwInstalled } from './rgw.js';

/**
 * `npm run setup:servers`: sees to it that the tests find an S3 server, Redis, bsdtar, python3, zsh,
 * fish, jq and tmux.
 * `--peers`: also the tools that the benchmark compares with. `--servers-only`: no more than the
 * demo needs. Can be run again at any time.
 */

const wantsPeers = process.argv.includes('--peers');
const wantsClients = !process.argv.includes('--servers-only');

/** The packages that provide what is not there yet. */
function missingPackages(): string[] {
  const hasS3 = findCommand('minio') !== undefined || isRgwInstalled();
  const lacks = (command: string): boolean => findCommand(command) === undefined;
  return [
    ...(lacks('redis-server') ? ['redis-server'] : []),
    ...(hasS3 ? [] : DEBIAN_PACKAGES.filter((name) => /^(ceph-|radosgw)/.test(name))),
    ...(wantsClients && lacks('bsdtar') ? ['libarchive-tools'] : []),
    ...(wantsClients ? ['python3', 'zsh', 'fish', 'jq', 'tmux'].filter(lacks) : []),
    ...(wantsPeers ? DEBIAN_PEERS.filter(lacks) : []),
  ];
}

/** How commands run as root here: directly, or with a sudo that asks nothing. */
function rootPrefix(): string[] | undefined {
  if (process.getuid?.() === 0) return [];
  const sudo = findCommand('sudo');
  if (sudo === undefined) return undefined;
  return spawnSync(sudo, ['-n', 'true']).status === 0 ? [sudo, '-n'] : undefined;
}

function run(prefix: string[], ...command: string[]): boolean {
  const [program = '', ...args] = [...prefix, ...command];
  console.log(`$ ${[program, ...args].join(' ')}`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  return spawnSync(program, args, { stdio: 'inherit', env }).status === 0;
}

function main(): number {
  const missing = missingPackages();
  if (missing.length === 0) {
    console.log('everything is here: nothing to install');
    return 0;
  }
  console.log(`not here yet: ${missing.join(', ')}`);
  const prefix = findCommand('apt-get') === undefined ? undefined : rootPrefix();
  if (prefix === undefined) {
    console.error(`cannot install them here. ${installHint()}`);
    return 1;
  }
  const installed =
    run(prefix, 'apt-get', 'update') &&
    run(prefix, 'apt-get', 'install', '--yes', '--no-install-recommends', ...missing);
  const left = missingPackages();
  if (installed && left.length === 0) {
    console.log('all there');
    return 0;
  }
  console.error(`still missing: ${left.join(', ')}. ${installHint()}`);
  return 1;
}

process.exitCode = main();
