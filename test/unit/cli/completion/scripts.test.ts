import { execa } from 'execa';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bashScript } from '../../../../src/cli/completion/bash.js';
import { fishScript } from '../../../../src/cli/completion/fish.js';
import { completionTree } from '../../../../src/cli/completion/model.js';
import { zshScript } from '../../../../src/cli/completion/zsh.js';
import { commands } from './commands.js';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'mangamotion-completion-'));
  await mkdir(path.join(folder, 'backups here'));
  await writeFile(path.join(folder, 'bare.txt'), '');
  const tree = await completionTree({ commands, groups: {} });
  await writeFile(path.join(folder, 'bash'), bashScript(tree));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

/** What bash offers for the last of the words. */
async function bash(...words: string[]): Promise<string[]> {
  const line = ['mangamotion', ...words].join(' ').replaceAll(/ = ?/g, '=');
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
      env: { COMP_LINE: line },
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
    [['--vers'], ['--version']],
  ])('%j is completed by %j', async (words, offered) => {
    expect(await bash(...words)).toEqual(offered);
  });
});

describe('fish', () => {
  it('escapes quotes', async () => {
    expect(fishScript(await completionTree({ commands, groups: {} }))).toContain(
      String.raw`-d 'don\'t [care]: x'`,
    );
  });
});

describe('zsh', () => {
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
