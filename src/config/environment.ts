import { homedir } from 'node:os';
import path from 'node:path';
import { isSecretVariable } from './variables.js';

/** Variables by name, as a process has them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The environment of this process. No other file reads it. */
export function processEnvironment(): Environment {
  return process.env;
}

/** Returns an environment for a command that is not ours: without our secrets, but for those named. */
export function withoutSecrets(
  environment: Environment,
  kept: readonly string[] = [],
): Record<string, string> {
  const shown = Object.entries(environment).filter(
    (pair): pair is [string, string] =>
      pair[1] !== undefined && (!isSecretVariable(pair[0]) || kept.includes(pair[0])),
  );
  return Object.fromEntries(shown);
}

/** Returns the folder for state, as the XDG Base Directory Specification defines it. */
export function defaultStateFolder({ XDG_STATE_HOME: home }: Environment): string {
  // A relative path is to be ignored, says the specification.
  const base =
    home !== undefined && path.isAbsolute(home) ? home : path.join(homedir(), '.local', 'state');
  return path.join(base, 'mangamotion');
}
