import { execa } from 'execa';
import { mkdirSync, mkdtempSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { x as extract } from 'tar';
import { removeAtExit } from './child-processes.js';

const repository = fileURLToPath(new URL('../../', import.meta.url));

export interface Consumer {
  folder: string;
  /** How the script ended, by itself; killed, and then rejecting, where it does not end. */
  run: (
    file: string,
    text: string,
    env?: Record<string, string>,
  ) => Promise<{ stdout: string; stderr: string }>;
  remove: () => void;
}

/** A project that has installed the packed library, with the dependencies that lie here. */
export async function installPacked(): Promise<Consumer> {
  const folder = mkdtempSync(path.join(tmpdir(), 'mangamotion-consumer-'));
  const remove = removeAtExit(folder);
  // The tests run on a built program: building it again would pull it from under other tests.
  const flags = ['--json', '--ignore-scripts', '--pack-destination', folder];
  const { stdout } = await execa('npm', ['pack', ...flags], { cwd: repository });
  const [packed] = JSON.parse(stdout) as { filename: string }[];
  if (packed === undefined) throw new Error('nothing was packed');
  const modules = path.join(folder, 'node_modules');
  const library = path.join(modules, 'mangamotion');
  mkdirSync(library, { recursive: true });
  await extract({ file: path.join(folder, packed.filename), cwd: library, strip: 1 });
  for (const name of readdirSync(path.join(repository, 'node_modules'))) {
    if (name.startsWith('.')) continue;
    symlinkSync(path.join(repository, 'node_modules', name), path.join(modules, name));
  }
  return {
    folder,
    remove,
    run: async (file, text, env = {}) => {
      writeFileSync(path.join(folder, file), text);
      const clean = { PATH: process.env.PATH ?? '', ...env };
      const options = { cwd: folder, env: clean, extendEnv: false, timeout: 50_000 };
      return await execa(process.execPath, [file], options);
    },
  };
}
