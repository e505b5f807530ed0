import { homedir } from 'node:os';
import path from 'node:path';
import type { Environment } from './environment.js';

/** Where a program keeps what it must not forget, by the XDG Base Directory Specification. */
export function defaultStateFolder({ XDG_STATE_HOME: home }: Environment): string {
  // A relative path is to be ignored, says the specification.
  const base =
    home !== undefined && path.isAbsolute(home) ? home : path.join(homedir(), '.local', 'state');
  return path.join(base, 'mangamotion');
}
