import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { filesIn, temporaryFolder } from '../helpers/backups.js';
import { run, runJson } from '../helpers/cli.js';
import { type Made, idAt, writeBackup } from '../helpers/summaries.js';

/** A folder with two lines, of the whole store and of one bucket. */

const MAIN = '127.0.0.1:9000';
const TEMP = '127.0.0.1:9000/temp';
const temp = { source: { buckets: ['temp'] }, buckets: ['temp'] };

let folder: string;
let removeFolder: () => void;

beforeEach(async () => {
  ({ folder, remove: removeFolder } = temporaryFolder());
  for (const made of [on(1), on(2), on(3, temp), on(4, temp)]) await writeBackup(folder, made);
});
afterEach(() => {
  removeFolder();
});

function on(day: number, made: Partial<Made> = {}): Made {
  return { at: `2024-01-0${day}T02:00:00.000Z`, sequence: day, ...made };
}
const id = (day: number) => idAt(on(day).at);
const there = async () =>
  (await filesIn(folder)).filter((name) => name.endsWith('.json')).map((name) => name.slice(0, -5));

describe('two lines in one folder', () => {
  it('are told by list, and the widest is what show takes', async () => {
    const list = await runJson<{ backups: { line: string; trusted: boolean }[] }>([
      ...['backup', 'list', folder],
    ]);
    expect(list.answer.backups.map(({ line }) => line)).toEqual([MAIN, MAIN, TEMP, TEMP]);
    const show = await runJson(['backup', 'show', folder, '--latest']);
    expect(show).toMatchObject({ exitCode: 0, answer: { id: id(2), line: MAIN } });
    expect(show.stderr).toContain(`(choose one with --line): ${TEMP}`);
    const other = await runJson(['backup', 'show', folder, '--latest', '--line', TEMP]);
    expect(other).toMatchObject({ exitCode: 0, answer: { id: id(4), line: TEMP } });
  });

  it('keep one backup each with --keep-last 1, or one of them is pruned alone', async () => {
    const prune = ['backup', 'prune', folder, '--keep-last', '1', '--no-input'];
    await run([...prune, '--line', TEMP]);
    expect(await there()).toEqual([id(1), id(2), id(4)]);
    await run(prune);
    expect(await there()).toEqual([id(2), id(4)]);
  });

  it('are retired by their names, and then prune takes all', async () => {
    const unknown = await run(['backup', 'retire-line', folder, 'nothing']);
    expect(unknown.exitCode).toBe(4);
    expect(unknown.stderr).toContain(`${MAIN}, ${TEMP}`);
    const dry = await runJson(['backup', 'retire-line', folder, TEMP, '--dry-run']);
    expect(dry.answer).toMatchObject({ dry_run: true, backups: [id(3), id(4)] });
    expect(await filesIn(folder)).not.toContain(`${id(4)}.retired`);
    expect((await run(['backup', 'retire-line', folder, TEMP])).exitCode).toBe(0);
    await run(['backup', 'prune', folder, '--keep-last', '1']);
    expect(await filesIn(folder)).toEqual([`${id(2)}.json`, `${id(2)}.tar.gz`]);
  });
});

describe('a suspect backup', () => {
  const accept = (name: string, ...more: string[]) =>
    run(['backup', 'accept', join(folder, name), ...more]);

  it('is accepted, and then is what --latest means', async () => {
    await writeBackup(folder, on(5, { status: 'suspect' }));
    const latest = ['backup', 'show', folder, '--latest', '--line', MAIN];
    expect(await runJson(latest)).toMatchObject({ answer: { id: id(2) } });
    expect((await accept(id(5), '--dry-run')).exitCode).toBe(0);
    expect(await runJson(latest)).toMatchObject({ answer: { id: id(2) } });
    expect((await accept(`${id(5)}.tar.gz`)).exitCode).toBe(0);
    expect(await runJson(latest)).toMatchObject({ answer: { id: id(5), accepted: true } });
    const prune = await run(['backup', 'prune', folder, '--keep-last', '1']);
    expect(prune.exitCode).toBe(0);
    expect(await there()).toEqual([id(4), id(5)]);
  });

  it('has to be one, and to be there', async () => {
    expect(await accept(id(1))).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('there is nothing to accept') as unknown,
    });
    expect((await accept(id(9))).exitCode).toBe(4);
  });
});
