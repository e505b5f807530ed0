import { execa } from 'execa';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const project = fileURLToPath(new URL('../../', import.meta.url));
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'mangamotion-package-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

interface PackedFile {
  path: string;
}

describe('the package', () => {
  it('runs where nothing but the package was installed', { timeout: 300_000 }, async () => {
    // The tests run on a built program: building it again would pull it from under other tests.
    const flags = ['--json', '--ignore-scripts', '--pack-destination', folder];
    const { stdout } = await execa('npm', ['pack', ...flags], { cwd: project });
    const [packed] = JSON.parse(stdout) as { filename: string; files: PackedFile[] }[];
    if (packed === undefined) throw new Error('nothing was packed');
    const outside = packed.files.filter(
      (file) =>
        !/^(bin|dist|examples|src\/manual)\/|^(package\.json|README\.md|CHANGELOG\.md|LICENSE)$/.test(
          file.path,
        ),
    );
    expect(outside).toEqual([]);

    const archive = path.join(folder, packed.filename);
    const prefix = path.join(folder, 'global');
    const quiet = ['--no-audit', '--no-fund', '--prefer-offline'];
    await execa('npm', ['install', ...quiet, '--global', '--prefix', prefix, archive], {
      cwd: folder,
    });
    const mangamotion = (...words: string[]) =>
      execa(path.join(prefix, 'bin', 'mangamotion'), words, { cwd: folder });
    const run = await mangamotion('--version');
    const manifest = await readFile(path.join(project, 'package.json'), 'utf8');
    expect(run.stdout).toBe((JSON.parse(manifest) as { version: string }).version);
    const script = await mangamotion('completion', 'bash');
    expect(script.stdout).toContain('complete -F _mangamotion mangamotion');
    const page = await mangamotion('help', 'recovery');
    expect(page.stdout).toMatch(/^Recovery\n========\n/);

    const manual = path.join(prefix, 'share', 'man');
    const command = await readFile(path.join(manual, 'man1', 'mangamotion-restore.1'), 'utf8');
    expect(command).toContain('.SH EXIT STATUS');
    const topic = await readFile(path.join(manual, 'man7', 'mangamotion-recovery.7'), 'utf8');
    expect(topic).toContain('mangamotion restore /var/backups/minio \\-\\-latest');
  });
});
