import { execa } from 'execa';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { mangamotion, PROGRAM } from './run.js';

describe('mangamotion', () => {
  it('--version prints the version of the package', async () => {
    const { version } = JSON.parse(
      await readFile(new URL('../../package.json', import.meta.url), 'utf8'),
    ) as { version: string };
    expect(await mangamotion(['--version'])).toMatchObject({
      exitCode: 0,
      stdout: `${version}\n`,
      stderr: '',
    });
  });

  it('--help prints help on stdout', async () => {
    const { exitCode, stdout, stderr } = await mangamotion(['--help']);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toMatch(/^Usage: mangamotion/);
  });

  it('without a command prints help on stderr, with status 2', async () => {
    const { exitCode, stdout, stderr } = await mangamotion([]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toMatch(/^Usage: mangamotion/);
  });

  it('answers an unknown command with the one that was meant', async () => {
    expect(await mangamotion(['completoin', 'bash'])).toMatchObject({
      exitCode: 2,
      stdout: '',
      stderr:
        "mangamotion: unknown command 'completoin'\n" +
        '  hint: did you mean completion? Otherwise run `mangamotion --help`\n',
    });
  });

  it('tells an error on stdout too with --json', async () => {
    const { exitCode, stdout } = await mangamotion(['completion', 'tcsh', '--json']);
    expect(exitCode).toBe(2);
    expect(JSON.parse(stdout)).toEqual({
      error: {
        code: 'usage',
        message: "<bash|zsh|fish> must be one of bash, zsh, fish, not 'tcsh'",
        hint: 'run `mangamotion completion --help`',
      },
    });
  });

  it('prints the completion script as text, and as a document', async () => {
    const { stdout: script } = await mangamotion(['completion', 'bash']);
    await execa('bash', ['-n'], { input: script });
    const { stdout } = await mangamotion(['completion', 'bash', '--json']);
    expect(JSON.parse(stdout)).toEqual({ shell: 'bash', script });
  });

  it('ends after an error, although something in it still waits', async () => {
    const waits = '--import=data:text/javascript,setInterval(()=>undefined,1000)';
    const env = { NODE_OPTIONS: waits };
    const { exitCode, stderr } = await mangamotion(['backup', 'list', '/no/such/folder'], { env });
    expect(exitCode).toBe(4);
    expect(stderr).toContain('no such folder');
  });

  it('ends without a word when the reader of its output goes away', async () => {
    const command = `"${process.execPath}" "${PROGRAM}" completion zsh | head -c 1; echo "\${PIPESTATUS[0]}"`;
    const { stdout, stderr } = await execa('bash', ['-c', command]);
    expect(stdout).toBe('#0');
    expect(stderr).toBe('');
  });

  it('ends without a word when there is no reader from the start', async () => {
    const command = `"${process.execPath}" "${PROGRAM}" --help | true; echo "\${PIPESTATUS[0]}"`;
    expect(await execa('bash', ['-c', command])).toMatchObject({ stdout: '0', stderr: '' });
  });

  it.runIf(existsSync('/dev/full'))('says so when the disk under stdout is full', async () => {
    const command = `"${process.execPath}" "${PROGRAM}" completion zsh > /dev/full`;
    const { exitCode, stderr } = await execa('bash', ['-c', command], { reject: false });
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/^mangamotion: cannot write to stdout: ENOSPC/);
  });
});
