import { execa } from 'execa';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bashScript } from '../../../../src/cli/completion/bash.js';
import { fishScript } from '../../../../src/cli/completion/fish.js';
import { completionTree } from '../../../../src/cli/completion/model.js';
import { zshScript } from '../../../../src/cli/completion/zsh.js';
import { catalogOf } from '../world.js';

const commands = [
  ...catalogOf(
    {
      arguments: {
        backup: { description: 'b', complete: 'file' },
        what: { description: 'w', choices: ['full', 'data'], default: 'full' },
      },
      options: {
        onConflict: { value: 'way', description: "don't [care]: x", choices: ['skip', 'fail'] },
        bucket: { short: 'b', value: 'name', description: 'one of them', repeatable: true },
      },
      changes: 'dry-run',
    },
    ['restore'],
  ).commands,
  ...catalogOf({ arguments: { folder: { description: 'f', complete: 'folder' } } }, [
    'backup',
    'list',
  ]).commands,
  ...catalogOf(
    {
      arguments: { jobs: { description: 'j', choices: ['one', 'two'], repeatable: true } },
      usesStore: true,
    },
    ['backup', 'full'],
  ).commands,
];

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'mangamotion-completion-'));
  await mkdir(path.join(folder, 'backups here'));
  await writeFile(path.join(folder, 'bare.txt'), '');
  const tree = await completionTree({ commands, groups: {} });
  await writeFile(path.join(folder, 'bash'), bashScript(tree));
  await writeFile(path.join(folder, '_mangamotion'), zshScript(tree));
  await writeFile(path.join(folder, 'fish'), fishScript(tree));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

/** What bash offers for the last of the words. */
async function bash(...words: string[]): Promise<string[]> {
  const script = `
    source ./bash
    COMP_WORDS=("$@")
    COMP_CWORD=$(( $# - 1 ))
    _mangamotion
    (( \${#COMPREPLY[@]} )) && printf '%s\\n' "\${COMPREPLY[@]}"
    exit 0`;
  const { stdout } = await execa(
    'bash',
    ['--norc', '-uc', script, 'bash', 'mangamotion', ...words],
    {
      cwd: folder,
    },
  );
  return stdout === '' ? [] : stdout.split('\n').sort();
}

describe('bash', () => {
  it.each([
    [[''], ['backup', 'restore']],
    [['b'], ['backup']],
    [
      ['backup', ''],
      ['full', 'list'],
    ],
    [['--json', '--config', 'backup', 'backup', 'l'], ['list']],
    [
      ['restore', '--on-conflict', ''],
      ['fail', 'skip'],
    ],
    [
      ['restore', '--on-conflict', '='],
      ['fail', 'skip'],
    ],
    [['restore', '--on-conflict', '=', 's'], ['skip']],
    [['restore', '--on-conflict', '=', 'skip', 'bar'], ['bare.txt']],
    [
      ['restore', 'ba'],
      ['backups here', 'bare.txt', 'bash'],
    ],
    [
      ['restore', 'bare.txt', ''],
      ['data', 'full'],
    ],
    [['restore', '-b', 'x', 'bare.txt', 'f'], ['full']],
    [['restore', '--dry'], ['--dry-run']],
    [['restore', '--bucket', ''], []],
    [['backup', 'list', 'b'], ['backups here']],
    [['backup', 'list', '--config', 'bar'], ['bare.txt']],
    [['backup', 'list', 'x', ''], []],
    [['backup', 'full', 'one', 't'], ['two']],
    [['backup', 'full', '--end'], ['--endpoint']],
    [['backup', 'list', '--end'], []],
    [['--v'], ['--version']],
  ])('%j is completed by %j', async (words, offered) => {
    expect(await bash(...words)).toEqual(offered);
  });
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

  it('escapes quotes', async () => {
    expect(fishScript(await completionTree({ commands, groups: {} }))).toContain(
      String.raw`-d 'don\'t [care]: x'`,
    );
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

  it('has a function for each command, with escaped descriptions', async () => {
    const script = zshScript(await completionTree({ commands, groups: {} }));
    expect(script).toMatch(/^#compdef mangamotion\n/);
    expect(script).toContain('_mangamotion_backup_list() {');
    expect(script).toContain(String.raw`'--on-conflict=[don'\''t \[care\]\: x]:way:(skip fail)'`);
    expect(script).toContain(`'*--bucket=[one of them]:name: '`);
    expect(script).toContain(`'*-b[one of them]:name: '`);
    expect(script).toContain(`'1:folder:_files -/'`);
    expect(script).toContain(`'2:what:(full data)'`);
    expect(script).toContain(`'*:jobs:(one two)'`);
  });
});
