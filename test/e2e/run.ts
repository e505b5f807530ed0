import { execa } from 'execa';
import { fileURLToPath } from 'node:url';

export const PROGRAM = fileURLToPath(new URL('../../bin/mangamotion.js', import.meta.url));

interface Options {
  cwd?: string;
  env?: Record<string, string>;
  /** The program of Node.js; this one where absent. */
  node?: string;
}

/** Runs the built program as a shell would, in an environment of its own. Never rejects. */
export function mangamotion(
  args: readonly string[],
  { node = process.execPath, ...options }: Options = {},
) {
  return execa(node, [PROGRAM, ...args], {
    ...options,
    env: { PATH: process.env.PATH ?? '', ...options.env },
    extendEnv: false,
    reject: false,
    stripFinalNewline: false,
  });
}
