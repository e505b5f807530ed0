import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { appendHistory } from '../../../src/schedule/state/history.js';
import { removeAtExit } from '../../helpers/child-processes.js';
import { runAt } from '../../helpers/in-process.js';
import { runRecord } from '../../helpers/run-records.js';

/** What the tables of the schedule tell of an entry's zone to readers in other zones. */

const NOW = '2026-11-29T12:00:00Z';
const folder = mkdtempSync(join(tmpdir(), 'mangamotion-zones-'));
afterAll(removeAtExit(folder));
const file = join(folder, 'mangamotion.crontab');
const state = join(folder, 'state');

const NEXT = ['schedule', 'next', '--file', file, '--count', '1'];
const STATUS = ['schedule', 'status', '--file', file, '--state-dir', state];
const HISTORY = ['schedule', 'history', '--state-dir', state];

beforeAll(async () => {
  writeFileSync(file, 'CRON_TZ=Europe/Berlin\n# name=daily\n30 3 * * * billing all-users\n');
  mkdirSync(state);
  await appendHistory(state, [
    runRecord({ due_at: '2026-11-29T02:30:00.000Z', zone: 'Europe/Berlin' }),
  ]);
});

const shown = async (args: readonly string[], TZ: string | undefined, columns?: number) => {
  const env = { NO_COLOR: '1', ...(TZ !== undefined && { TZ }) };
  return (await runAt(NOW, args, columns === undefined ? { env } : { env, columns })).stdout;
};

describe.each([
  ['next', NEXT],
  ['status', STATUS],
  ['history', HISTORY],
])('schedule %s', (_name, args) => {
  it.each([
    ['Asia/Tokyo', / 11:30:00 GMT\+9.* 03:30 Europe\/Berlin$/m],
    ['America/Los_Angeles', / 18:30:00 .* 11-(29|30) 03:30 Europe\/Berlin$/m],
    ['UTC', / 02:30:00 UTC.* 03:30 Europe\/Berlin$/m],
    ['/usr/share/zoneinfo/Asia/Tokyo', / 11:30:00 GMT\+9.* 03:30 Europe\/Berlin$/m],
    ['CET-1CEST', / 02:30:00 UTC.* 03:30 Europe\/Berlin$/m],
    // Clocks there show the same.
    ['Europe/Paris', / 03:30:00 CET.* Europe\/Berlin$/m],
  ])('for a reader in %s', async (zone, row) => {
    const text = await shown(args, zone, 150);
    expect(text).toMatch(row);
    if (zone === 'Europe/Paris') expect(text).not.toContain('03:30 Europe/Berlin');
  });

  it('keeps the other time on a narrow terminal, and not a zone that is the reader’s', async () => {
    const columns = args === STATUS ? 80 : 60;
    expect(await shown(args, 'UTC', columns)).toMatch(/ 03:30 \S*rlin$/m);
    expect(await shown(args, 'Europe/Berlin', 60)).not.toContain('Berlin');
  });

  it('is in UTC in a pipe and with --utc, and has both times there', async () => {
    expect(await shown(args, 'Asia/Tokyo')).toMatch(/ 02:30:00 UTC.* 03:30 Europe\/Berlin$/m);
    const text = await shown([...args, '--utc'], 'Asia/Tokyo', 150);
    expect(text).toMatch(/ 02:30:00 UTC.* 03:30 Europe\/Berlin$/m);
  });

  it('has the zone as a field of its own in JSON and in CSV', async () => {
    const answer = JSON.parse(await shown([...args, '--json'], 'Asia/Tokyo')) as {
      runs?: { zone: string }[];
      entries?: { zone: string }[];
    };
    expect((answer.runs ?? answer.entries)?.[0]?.zone).toBe('Europe/Berlin');
    const [head, row] = (await shown([...args, '--csv'], 'Asia/Tokyo')).split('\r\n');
    expect([head?.split(',').at(-1), row?.split(',').at(-1)]).toEqual(['zone', 'Europe/Berlin']);
  });
});
