import { spawnSync } from 'node:child_process';
import { findCommand } from './child-processes.js';
import { findChromium } from './find-chromium.js';
import { DEBIAN_PACKAGES, DEBIAN_PEERS, installHint } from './install-hint.js';
import { isRgwInstalled } from './rgw.js';
import { hasSchemathesis } from './schemathesis.js';

export interface Wanted {
  /** Shells and tools that the tests run, besides the servers. */
  wantsClients?: boolean;
  /** Tools that the benchmark compares with. */
  wantsPeers?: boolean;
}

/** The Debian packages that provide what is not there yet. */
function missingPackages({ wantsClients = false, wantsPeers = false }: Wanted): string[] {
  const hasS3 = findCommand('minio') !== undefined || isRgwInstalled();
  const lacks = (command: string): boolean => findCommand(command) === undefined;
  return [
    ...(lacks('redis-server') ? ['redis-server'] : []),
    ...(hasS3 ? [] : DEBIAN_PACKAGES.filter((name) => /^(ceph-|radosgw)/.test(name))),
    ...(wantsClients && lacks('bsdtar') ? ['libarchive-tools'] : []),
    ...(wantsClients
      ? ['python3', 'zsh', 'fish', 'jq', 'tmux', 'age', 'minisign'].filter(lacks)
      : []),
    ...(wantsClients && !hasSchemathesis() && !makesEnvironments() ? ['python3-venv'] : []),
    ...(wantsClients && findChromium() === undefined ? ['chromium'] : []),
    ...(wantsPeers ? DEBIAN_PEERS.filter(lacks) : []),
  ];
}

/** Whether python3 makes virtual environments with pip in them: Debian has that in a package of its own. */
function makesEnvironments(): boolean {
  return spawnSync('python3', ['-c', 'import ensurepip, venv']).status === 0;
}

/**
 * Installs what is missing, as root on Debian. Throws one error that says what to install where that
 * cannot be done here. Returns what was missing.
 */
export function installMissing(wanted: Wanted): string[] {
  const missing = missingPackages(wanted);
  if (missing.length === 0) return [];
  console.log(`not here yet: ${missing.join(', ')}`);
  const prefix = findCommand('apt-get') === undefined ? undefined : rootPrefix();
  if (prefix === undefined) {
    throw new Error(`${missing.join(', ')} cannot be installed here. ${installHint()}`);
  }
  const installed =
    run(prefix, 'apt-get', 'update') &&
    run(prefix, 'apt-get', 'install', '--yes', '--no-install-recommends', ...missing);
  const left = missingPackages(wanted);
  if (!installed || left.length > 0) {
    throw new Error(`still missing: ${left.join(', ')}. ${installHint()}`);
  }
  return missing;
}

/** How commands run as root here: directly, or with a sudo that needs no password. */
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
