import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../helpers/backups.js';
import { run, runJson } from '../helpers/cli.js';

/** The schedules that operators take from the examples and from the manual. */

const example = fileURLToPath(new URL('../../examples/mangamotion.crontab', import.meta.url));
const page = readFileSync(new URL('../../src/manual/schedule.md', import.meta.url), 'utf8');

const { folder, remove } = temporaryFolder();
afterAll(remove);

/** What stands behind `<!-- schedule: NAME -->`. */
function blockOf(name: string, language: string): string {
  const marked = new RegExp(`<!-- schedule: ${name} -->\\s*\`\`\`${language}\\n([^]*?)\`\`\``).exec(
    page,
  );
  if (marked?.[1] === undefined) throw new Error(`the page has no ${name} of a schedule`);
  return marked[1];
}

const linesOf = (text: string) => text.split('\n').filter((line) => line !== '');

interface Checked {
  ok: boolean;
  entries: number;
  problems: unknown[];
}

async function check(file: string): Promise<Checked & { exitCode: number | undefined }> {
  const { answer, exitCode } = await runJson<Checked>(['schedule', 'check', '--file', file]);
  return { ...answer, exitCode };
}

describe('the schedule in the examples', () => {
  it('has no mistakes, and every entry of it a name of its own that is short', async () => {
    expect(await check(example)).toMatchObject({ exitCode: 0, entries: 9, problems: [] });
    const args = ['schedule', 'next', '--file', example, '--count', '2000'];
    const { answer } = await runJson<{ runs: { name: string }[] }>(args);
    const names = [...new Set(answer.runs.map(({ name }) => name))].sort();
    const expected = 'audit billing daily drill fresh hourly monthly verify weekly';
    expect(names).toEqual(expected.split(' '));
  });

  it('has all options in its explanation, none of which is taken for one that is set', () => {
    const text = readFileSync(example, 'utf8');
    for (const option of 'name timeout jitter overlap catchup on-failure on-success pass-env'.split(
      ' ',
    )) {
      expect(text).toMatch(new RegExp(`^#   (\\S+, )*${option}(, \\S+)* `, 'm'));
    }
  });

  it('is found wrong with the first letter of a command taken away', async () => {
    const broken = join(folder, 'broken.crontab');
    writeFileSync(broken, readFileSync(example, 'utf8').replaceAll(' backup ', ' ackup '));
    expect(await check(broken)).toMatchObject({ exitCode: 5, ok: false });
  });
});

describe('the schedule of the manual', () => {
  it('has no mistakes', async () => {
    const file = join(folder, 'mangamotion.crontab');
    writeFileSync(file, blockOf('file', 'cron'));
    const checked = await check(file);
    expect(checked).toMatchObject({ exitCode: 0, problems: [] });
    expect(checked.entries).toBeGreaterThanOrEqual(4);
  });

  it('runs what the crontab that it was imported from ran', async () => {
    const crontab = join(folder, 'crontab');
    writeFileSync(crontab, blockOf('crontab', 'cron'));
    const imported = await run(['schedule', 'import', crontab]);
    expect(imported).toMatchObject({ exitCode: 0, stderr: '' });
    const commandsOf = (text: string) =>
      linesOf(text)
        .filter((line) => /^[\d*@]/.test(line))
        .map((line) => line.replace(/ +/g, ' '));
    expect(commandsOf(blockOf('file', 'cron'))).toEqual(
      expect.arrayContaining(commandsOf(imported.stdout)),
    );
  });
});
