import { execa } from 'execa';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fishScript } from '../../../src/cli/completion/fish.js';
import { completionTree } from '../../../src/cli/completion/model.js';
import { zshScript } from '../../../src/cli/completion/zsh.js';
import { commands } from '../../unit/cli/completion/commands.js';

/** The scripts in the shells that not every machine has. Those of bash are tested in test/unit. */

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'mangamotion-completion-'));
  await mkdir(path.join(folder, 'backups here'));
  await writeFile(path.join(folder, 'bare.txt'), '');
  const tree = await completionTree({ commands, groups: {} });
  await writeFile(path.join(folder, '_mangamotion'), zshScript(tree));
  await writeFile(path.join(folder, 'fish'), fishScript(tree));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

describe('fish', () => {
  it.each([
    ['mangamotion ', ['backup', 'restore']],
    ['mangamotion backup ', ['full', 'list']],
    ['mangamotion --config backup backup l', ['list']],
    ['mangamotion restore --on-conflict ', ['fail', 'skip']],
    ['mangamotion restore bare.txt ', ['data', 'full']],
    ['mangamotion restore -b x bare.txt f', ['full']],
    ['mangamotion restore bar', ['bare.txt']],
    ['mangamotion restore --dry', ['--dry-run']],
    ['mangamotion backup list b', ['backups here/']],
    ['mangamotion backup list x ', []],
    ['mangamotion backup full one t', ['two']],
    ['mangamotion backup list --end', []],
  ])('%j is completed by %j', async (line, offered) => {
    const script = `source ./fish; complete -C ${JSON.stringify(line)}`;
    const { stdout } = await execa('fish', ['--no-config', '-c', script], { cwd: folder });
    const words = stdout.split('\n').map((text) => text.split('\t')[0] ?? '');
    expect(words.filter((word) => word !== '').sort()).toEqual(offered);
  });
});

describe('zsh', () => {
  it('reads the script without complaint', async () => {
    await execa('zsh', ['-n', '_mangamotion'], { cwd: folder });
    const load =
      'fpath=($PWD $fpath); autoload -Uz compinit; compinit -u -d ./dump; print $_comps[mangamotion]';
    const { stdout } = await execa('zsh', ['-fc', load], { cwd: folder });
    expect(stdout).toBe('_mangamotion');
  });
});
