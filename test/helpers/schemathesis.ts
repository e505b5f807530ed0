import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { findCommand } from './child-processes.js';
import { installHint } from './install-hint.js';

/** The program that asks an HTTP API everything that its OpenAPI document allows, and what it does not. */

const VERSION = '4.32.5';

/** A virtual environment of its own for each version. It is shared by all checkouts of a user. */
function environmentFolder(): string {
  const cache = process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache');
  return join(cache, 'mangamotion-tests', `schemathesis-${VERSION}`);
}

/** Returns the command that runs it. Throws, and says what to do, where it is not installed. */
export function schemathesisCommand(): [string, ...string[]] {
  const python = join(environmentFolder(), 'bin', 'python3');
  if (!existsSync(python))
    throw new Error(
      `This test needs schemathesis ${VERSION}, and it is not here. ${installHint()}`,
    );
  return [python, '-c', 'import schemathesis.cli; schemathesis.cli.schemathesis()'];
}

export function hasSchemathesis(): boolean {
  return existsSync(environmentFolder());
}

/** Installs it with pip. Returns false if it was there; throws what pip said where that cannot be done. */
export function installSchemathesis(): boolean {
  if (hasSchemathesis()) return false;
  const folder = environmentFolder();
  // The folder gets its name when it is whole: another process may be installing it too.
  const unfinished = `${folder}.${process.pid}`;
  console.log(`not here yet: schemathesis ${VERSION}, from PyPI`);
  mkdirSync(dirname(folder), { recursive: true });
  try {
    run(findCommand('python3') ?? 'python3', '-m', 'venv', unfinished);
    const pip = [join(unfinished, 'bin', 'python3'), '-m', 'pip', 'install'] as const;
    run(...pip, '--quiet', '--disable-pip-version-check', `schemathesis==${VERSION}`);
    if (!hasSchemathesis()) renameSync(unfinished, folder);
    return true;
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
}

function run(command: string, ...args: string[]): void {
  console.log(`$ ${[command, ...args].join(' ')}`);
  const { status, stderr, error } = spawnSync(command, args, { encoding: 'utf8' });
  if (status === 0) return;
  const why = error?.message ?? stderr.trim();
  throw new Error(`schemathesis ${VERSION} cannot be installed: ${why}`);
}
