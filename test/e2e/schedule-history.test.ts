import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { appendHistory } from '../../src/schedule/state/history.js';
import type { RunRecord } from '../../src/schedule/state/record.js';
import { writeState } from '../../src/schedule/state/state.js';
import { temporaryFolder } from '../helpers/backups.js';
import { run, runJson, runProcess } from '../helpers/cli.js';
import { entryState, notRun, runRecord, scheduleState } from '../helpers/run-records.js';

const { folder, remove } = temporaryFolder();
afterAll(remove);

let state: string;
let tests = 0;
beforeEach(() => {
  state = join(folder, String(++tests));
  mkdirSync(state);
});

const args = (...more: string[]) => ['schedule', 'history', '--state-dir', state, ...more];
const history = (...more: string[]) => run(args(...more));
const runsOf = async (...more: string[]) => {
  const { exitCode, answer } = await runJson<{ runs: RunRecord[] }>(args(...more));
  return { exitCode, runs: answer.runs };
};

const well = runRecord();
const failed = runRecord({ exit_code: 6, reason: 'the store \u001b[31mdoes not answer' });
const missed = notRun('missed', { count: 3 });
const skipped = notRun('skipped', { name: 'weekly' });

describe('schedule history', () => {
  it('has the records as they are, the newest first', async () => {
    await appendHistory(state, [well, failed, missed, skipped]);
    expect(await runsOf()).toEqual({ exitCode: 0, runs: [skipped, missed, failed, well] });
    expect((await runsOf('--limit', '1')).runs).toEqual([skipped]);
    expect((await runsOf('daily', '--failed')).runs).toEqual([missed, failed]);
  });

  it('has 20 where nothing is said of how many', async () => {
    const many = Array.from({ length: 21 }, () => runRecord());
    await appendHistory(state, many);
    expect((await runsOf()).runs).toEqual(many.slice(1).reverse());
  });

  it('tells people of each result by a mark and a word, and nothing that a terminal acts on', async () => {
    await appendHistory(state, [well, failed, missed, skipped]);
    const { stdout, stderr, exitCode } = await history();
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    const lines = stdout.split('\n').slice(1);
    expect(lines[0]).toMatch(/^2026-01-01 02:00:00 UTC {2}weekly {2}– skipped .* the machine was/);
    expect(lines[1]).toMatch(/ – missed 3 times .* the machine was off$/);
    expect(lines[2]).toMatch(/ ✕ failed +1m 30s +6 +512 B +300 B +the store \\u001b\[31mdoes not/);
    expect(lines[3]).toMatch(/ ✓ ran +1m 30s +0 +512 B +300 B +logs\/daily\.log$/);
  });

  it('has every field in CSV', async () => {
    await appendHistory(state, [well]);
    const { stdout } = await history('--csv');
    expect(stdout).toBe(
      'due_at,name,result,started_at,finished_at,exit_code,trigger,bytes,archive_bytes,reason,log_file,count,copied_bytes,zone\r\n' +
        `${well.due_at},daily,run,${well.due_at},2026-01-01T02:01:30.000Z,0,cron,1024,512,,logs/daily.log,1,300,\r\n`,
    );
  });

  it('has what a daemon that was killed had no time to write into it', async () => {
    await appendHistory(state, [well]);
    await writeState(state, scheduleState({ outbox: [well, failed] }));
    expect((await runsOf()).runs).toEqual([failed, well]);
  });

  it('is without the lines that are no records, counts them, and ends with status 3', async () => {
    await appendHistory(state, [well]);
    appendFileSync(join(state, 'history.ndjson'), 'noise\n{"id":"cut sh');
    await appendHistory(state, [failed]);
    const { exitCode, stdout, stderr } = await history('--json');
    expect(exitCode).toBe(3);
    expect((JSON.parse(stdout) as { runs: RunRecord[] }).runs).toEqual([failed, well]);
    expect(stderr).toBe(
      `mangamotion: warning: 2 lines of the history in ${state} are not records\n`,
    );
  });

  it.each(['', '{"version":1,"saved_at":"2026', '{"version":99}'])(
    'with a state that cannot be used (%j) says so, and ends with status 3',
    async (text) => {
      writeFileSync(join(state, 'state.json'), text);
      const empty = await history();
      expect(empty).toMatchObject({ exitCode: 3, stdout: 'no record of a run can be read\n' });
      expect(empty.stderr).toContain(`warning: the state in ${state} cannot be used: `);
      await appendHistory(state, [well]);
      expect(await runsOf()).toEqual({ exitCode: 3, runs: [well] });
    },
  );

  it('that has no record but damaged lines does not say that nothing has run', async () => {
    writeFileSync(join(state, 'history.ndjson'), '\0\0\0\0');
    const { exitCode, stdout } = await history();
    expect({ exitCode, stdout }).toEqual({
      ...{ exitCode: 3, stdout: 'no record of a run can be read\n' },
    });
  });

  it('of a name that there is not is status 4, with those that there are', async () => {
    await appendHistory(state, [well]);
    await writeState(state, scheduleState({ entries: { hourly: entryState() } }));
    const { exitCode, stderr } = await history('dayly');
    expect(exitCode).toBe(4);
    expect(stderr).toContain('an entry dayly');
    expect(stderr).toContain('there are daily, hourly');
    // Known, and not run yet.
    expect(await history('hourly')).toMatchObject({
      exitCode: 0,
      stdout: 'no run of hourly yet\n',
    });
  });

  it('that is empty says where to look', async () => {
    const { exitCode, stdout } = await history();
    expect(exitCode).toBe(0);
    expect(stdout).toContain('mangamotion schedule next');
    expect(await runsOf()).toEqual({ exitCode: 0, runs: [] });
  });

  it('without a failure says so', async () => {
    await appendHistory(state, [well, skipped]);
    expect((await history('--failed')).stdout).toBe('no run failed or was missed\n');
  });

  it('without a state folder is status 4, and with a file in its place status 2', async () => {
    state = join(state, 'missing');
    const { exitCode, stderr } = await history();
    expect(exitCode).toBe(4);
    expect(stderr).toContain('--state-dir');
    writeFileSync(state, '');
    expect((await history()).exitCode).toBe(2);
  });

  it.each(['0', '-1', 'many', '1e3'])('takes no limit of %s', async (limit) => {
    expect((await history(`--limit=${limit}`)).exitCode).toBe(2);
  });

  it('looks where the daemon of this user leaves it', async () => {
    const { exitCode, stderr } = await runProcess(['schedule', 'history'], {
      env: { XDG_STATE_HOME: state },
    });
    expect(exitCode).toBe(4);
    expect(stderr).toContain(join(state, 'mangamotion'));
  });
});
