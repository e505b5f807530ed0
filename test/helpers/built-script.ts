import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build, type Plugin } from 'esbuild';
import { removeAtExit } from './child-processes.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** What a script imports from src is that of the built program. */
const fromTheBuiltProgram: Plugin = {
  name: 'built program',
  setup: (bundle) => {
    bundle.onResolve({ filter: /\/src\// }, ({ path, resolveDir }) => {
      const module = relative(join(ROOT, 'src'), resolve(resolveDir, path));
      return { path: pathToFileURL(join(ROOT, 'dist', module)).href, external: true };
    });
  },
};

/**
 * Resolves to the path of a script of this folder as JavaScript, which Node.js runs by itself, on the modules of
 * the built program. A loader of TypeScript in each process would take seconds to read what the script imports.
 */
export async function builtScript(name: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'mangamotion-script-'));
  removeAtExit(folder);
  const outfile = join(folder, `${name}.mjs`);
  await build({
    entryPoints: [join(ROOT, 'test/helpers', `${name}.ts`)],
    ...{ outfile, bundle: true, packages: 'external', platform: 'node', format: 'esm' },
    ...{ target: 'node20', logLevel: 'warning', plugins: [fromTheBuiltProgram] },
  });
  return outfile;
}
