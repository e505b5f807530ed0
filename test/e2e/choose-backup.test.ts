import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeSummary } from '../../src/repository/summary-codec.js';
import { temporaryFolder } from '../helpers/backups.js';
import { summaryOf } from '../helpers/summaries.js';
import { runHere } from '../helpers/in-process.js';

const { folder, remove } = temporaryFolder();
const first = summaryOf({ sequence: 1, at: '2024-01-15T02:00:00.000Z' });
const second = summaryOf({ sequence: 2, at: '2024-01-16T02:00:00.000Z' });
const partial = summaryOf({ sequence: 3, at: '2024-01-17T02:00:00.000Z', status: 'partial' });

beforeAll(() => {
  for (const summary of [first, second, partial]) {
    writeFileSync(join(folder, `${summary.id}.json`), encodeSummary(summary));
    writeFileSync(join(folder, `${summary.id}.tar.gz`), Buffer.alloc(100));
  }
});
afterAll(remove);

const show = (...args: string[]) => runHere(['backup', 'show', ...args, '--json']);

describe('naming a backup by its folder', () => {
  it('takes the newest complete one, and says on stderr what it passed over', async () => {
    const { exitCode, stdout, stderr } = await show(folder, '--latest');
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ id: second.id });
    expect(stderr).toContain(`chose ${second.id}`);
    expect(stderr).toContain(`skipped ${partial.id}: it is partial`);
  });

  it('takes the one of a day', async () => {
    const { stdout } = await show(folder, '--at', '2024-01-15');
    expect(JSON.parse(stdout)).toMatchObject({ id: first.id });
  });

  it.each([
    ['both options', [folder, '--latest', '--at', '7d'], 'cannot be combined'],
    ['one backup', [join(folder, first.id), '--latest'], 'need a folder'],
    ['a folder alone', [folder], '--latest or --at TIME'],
  ])('refuses %s', async (_, args, message) => {
    const { exitCode, stdout, stderr } = await show(...args);
    expect(exitCode).toBe(2);
    expect(stdout + stderr).toContain(message);
  });
});
