import { execa } from 'execa';
import { fileURLToPath } from 'node:url';

export const PROGRAM = fileURLToPath(new URL('../../bin/mangamotion.js', import.meta.url));

/** Runs the built program as a shell would, in an environment of its own. Never rejects. */
export function mangamotion(
  args: readonly string[],
  options: { cwd?: string; env?: Record<string, string> } = {},
) {
  return execa(process.execPath, [PROGRAM, ...args], {
    ...options,
    env: { PATH: process.env.PATH ?? '', ...options.env },
    extendEnv: false,
    reject: false,
    stripFinalNewline: false,
  });
}
