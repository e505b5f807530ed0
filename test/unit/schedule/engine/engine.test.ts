import { describe, expect, it } from 'vitest';
import { TEMPLATE } from '../../../../src/cli/commands/schedule/init.js';
import { debianCron } from '../debian-cron.js';
import { FakeWorld, entriesOf, settle } from './fake-world.js';

const MINUTE_MS = 60_000;
const HOURLY = '# name=hourly\n0 * * * * backup incremental /mnt/backup';

describe('a simulated year of the template', () => {
  it.each(['UTC', 'Europe/Berlin'])(
    'records every firing of cron once, in %s',
    async (zone) => {
      const text = TEMPLATE.replace(/^CRON_TZ=.*$/m, `CRON_TZ=${zone}`);
      const entries = entriesOf(text);
      expect(entries).toHaveLength(7);
      const takesMs = Object.fromEntries(
        entries.map(({ name, argv }) => [name, (argv[1] === 'full' ? 90 : 5) * MINUTE_MS]),
      );
      const [from, until] = ['2027-01-01T00:00:00Z', '2028-01-01T00:00:00Z'];
      const world = new FakeWorld({ now: from, takesMs });
      world.nowMs -= 1;
      world.begin(entries);
      await world.until(until, entries);
      for (const { name, timing } of entries) {
        const expected = [
          ...debianCron(timing.fields, timing.zone, Date.parse(from), Date.parse(until)),
        ].map((ms) => new Date(ms).toISOString());
        const own = world.records.filter((record) => record.name === name);
        const pending = world.saved?.pending.filter((firing) => firing.name === name) ?? [];
        const due = [...own, ...pending].map(({ due_at }) => due_at).sort();
        expect(due, name).toEqual(expected);
        expect(own.every(({ count, trigger }) => count === 1 && trigger === 'cron')).toBe(true);
      }
      // While the full one runs, two hourly ones come due: one waits for it, the other one is too many.
      const results = new Set(world.records.map(({ result }) => result));
      expect(results).toEqual(new Set(['run', 'waited', 'skipped']));
    },
    120_000,
  );
});

describe('entries of one destination', () => {
  const both = `${HOURLY}\n# name=daily\n0 2 * * * backup full /mnt/backup`;

  it('wait for each other, the full backup first, though it stands behind', async () => {
    const world = new FakeWorld({ now: '2026-01-01T01:30:00Z' });
    world.begin(entriesOf(both));
    await world.at('2026-01-01T02:00:00Z');
    expect(world.started).toEqual(['daily 2026-01-01T02:00']);
    world.nowMs += 10 * MINUTE_MS;
    await world.finish('daily');
    expect(world.started).toEqual(['daily 2026-01-01T02:00', 'hourly 2026-01-01T02:10']);
    await world.finish('hourly');
    expect(world.results()).toEqual([
      'daily 2026-01-01T02:00 run',
      'hourly 2026-01-01T02:00 waited',
    ]);
  });

  it('of two destinations run side by side', async () => {
    const world = new FakeWorld({ now: '2026-01-01T01:30:00Z' });
    world.begin(entriesOf(both.replace('full /mnt/backup', 'full /mnt/other')));
    await world.at('2026-01-01T02:00:00Z');
    expect(world.mostAtOnce).toBe(2);
  });
});

describe('a firing while its entry still runs', () => {
  const withOverlap = (overlap: string) =>
    entriesOf(HOURLY.replace('hourly', `hourly overlap=${overlap}`));

  it('is skipped', async () => {
    const world = new FakeWorld({ now: '2026-01-01T00:30:00Z' });
    world.begin(withOverlap('skip'));
    await world.at('2026-01-01T01:00:00Z');
    await world.at('2026-01-01T02:00:00Z');
    expect(world.records).toMatchObject([{ result: 'skipped', reason: 'it was still running' }]);
  });

  it('waits, and of those that wait there is one', async () => {
    const world = new FakeWorld({ now: '2026-01-01T00:30:00Z' });
    world.begin(withOverlap('wait'));
    for (const hour of ['01', '02', '03']) await world.at(`2026-01-01T${hour}:00:00Z`);
    await world.finish('hourly');
    await world.finish('hourly');
    expect(world.results()).toEqual([
      'hourly 2026-01-01T03:00 skipped',
      'hourly 2026-01-01T01:00 run',
      'hourly 2026-01-01T02:00 waited',
    ]);
  });

  it('ends the run before it, and takes its place', async () => {
    const world = new FakeWorld({ now: '2026-01-01T00:30:00Z' });
    world.begin(withOverlap('kill'));
    await world.at('2026-01-01T01:00:00Z');
    await world.at('2026-01-01T02:00:00Z');
    expect(world.records).toMatchObject([
      {
        due_at: '2026-01-01T01:00:00.000Z',
        result: 'run',
        exit_code: 143,
        reason: 'its next firing was due',
      },
    ]);
    expect(world.started).toEqual(['hourly 2026-01-01T01:00', 'hourly 2026-01-01T02:00']);
  });
});

describe('jitter', () => {
  it('begins a run by chance up to so much later, which is no waiting', async () => {
    const world = new FakeWorld({ now: '2026-01-01T00:30:00Z', random: () => 0.5 });
    world.begin(entriesOf(HOURLY.replace('hourly', 'hourly jitter=10m')));
    await world.at('2026-01-01T01:00:00Z');
    await world.at('2026-01-01T01:04:59Z');
    expect(world.started).toEqual([]);
    expect(world.engine.wakeAtMs).toBe(Date.parse('2026-01-01T01:05:00Z'));
    await world.at('2026-01-01T01:05:00Z');
    await world.finish('hourly');
    expect(world.results()).toEqual(['hourly 2026-01-01T01:00 run']);
  });
});

describe('a downtime', () => {
  it('is made up for once, by the newest firing that was missed; the others are told of', async () => {
    const world = new FakeWorld({ now: '2026-01-01T00:30:00Z', takesMs: { hourly: MINUTE_MS } });
    world.begin(entriesOf(HOURLY));
    await world.at('2026-01-01T01:00:00Z');
    await world.at('2026-01-01T01:01:00Z');
    world.nowMs = Date.parse('2026-01-01T05:30:00Z');
    world.restart(entriesOf(HOURLY));
    await world.tick();
    await world.at('2026-01-01T05:31:00Z');
    expect(world.results()).toEqual([
      'hourly 2026-01-01T01:00 run',
      'hourly 2026-01-01T02:00 missed x 3',
      'hourly 2026-01-01T05:00 run catch-up',
    ]);
    expect(world.records[1]?.reason).toBe(
      'no daemon was running, or the clock was set forward, ' +
        'from 2026-01-01T02:00:00.000Z to 2026-01-01T04:00:00.000Z',
    );
  });

  it.each([
    ['0 2 * * *', 13],
    ['0 3 * * 0', 1],
    ['30 * * * *', 14 * 24 - 1],
    ['*/20 * * * *', 14 * 24 * 3 - 1],
  ])('of a fortnight is one record (%s)', async (time, count) => {
    const text = `# name=one\n${time} billing all-users`;
    const world = new FakeWorld({ now: '2026-01-01T00:30:00Z', takesMs: { one: 1 } });
    world.begin(entriesOf(text));
    await world.tick();
    world.nowMs = Date.parse('2026-01-15T00:30:30Z');
    world.restart(entriesOf(text));
    await world.tick();
    const missed = world.records.filter(({ result }) => result === 'missed');
    expect(missed.map((record) => record.count)).toEqual([count]);
    expect(world.started).toHaveLength(1);
  });

  it('is not made up for with catchup=none, nor where a firing is on time', async () => {
    for (const [text, back] of [
      [HOURLY.replace('hourly', 'hourly catchup=none'), '2026-01-01T03:30:00Z'],
      [HOURLY, '2026-01-01T04:00:00Z'],
    ] as const) {
      const world = new FakeWorld({ now: '2026-01-01T01:30:00Z', takesMs: { hourly: 1 } });
      world.begin(entriesOf(text));
      await world.tick();
      world.nowMs = Date.parse(back);
      world.restart(entriesOf(text));
      await world.tick();
      expect(world.records).toMatchObject([{ result: 'missed', count: 2 }]);
      expect(world.started).toHaveLength(back.includes('04:00') ? 1 : 0);
    }
  });

  it('of an entry that is new, or comes at another time now, misses nothing', async () => {
    const world = new FakeWorld({ now: '2026-01-01T00:30:00Z' });
    world.begin(entriesOf(HOURLY));
    await world.tick();
    world.nowMs = Date.parse('2026-01-03T00:00:30Z');
    world.restart(
      entriesOf(HOURLY.replace('0 *', '30 *') + '\n# name=new\n0 * * * * billing all-users'),
    );
    await world.tick();
    expect(world.records).toEqual([]);
    expect(world.started).toEqual([]);
  });

  it('of a schedule of every second, of a year, is told in one record, and soon', async () => {
    const text = '# name=often\n* * * * * * billing all-users';
    const world = new FakeWorld({ now: '2026-01-01T00:00:00Z' });
    world.begin(entriesOf(text));
    await world.tick();
    world.nowMs = Date.parse('2027-01-01T00:00:00.500Z');
    world.restart(entriesOf(text));
    await world.tick();
    expect(world.records[0]).toMatchObject({ result: 'missed', count: 100_000 });
    expect(world.started).toHaveLength(1);
  });
});

describe('a kill -9', () => {
  it('in the middle of a run lets the run be made up for, and records it once', async () => {
    const world = new FakeWorld({ now: '2026-01-01T00:30:00Z' });
    world.begin(entriesOf(HOURLY));
    await world.at('2026-01-01T01:00:00Z');
    world.nowMs += 5 * MINUTE_MS;
    world.restart(entriesOf(HOURLY));
    await world.tick();
    await world.finish('hourly');
    expect(world.started).toHaveLength(2);
    expect(world.results()).toEqual(['hourly 2026-01-01T01:00 run catch-up']);
    expect(world.saved?.pending).toEqual([]);
  });

  it('in the middle of a run, and hours of downtime, make up for it once', async () => {
    const world = new FakeWorld({ now: '2026-01-01T00:30:00Z' });
    world.begin(entriesOf(HOURLY));
    await world.at('2026-01-01T01:00:00Z');
    world.nowMs = Date.parse('2026-01-01T03:20:00Z');
    world.restart(entriesOf(HOURLY));
    await world.tick();
    await world.finish('hourly');
    expect(world.results().sort()).toEqual([
      'hourly 2026-01-01T01:00 run',
      'hourly 2026-01-01T02:00 missed',
      'hourly 2026-01-01T03:00 run catch-up',
    ]);
    expect(world.records.find(({ trigger }) => trigger === 'cron')).toMatchObject({
      exit_code: null,
      finished_at: null,
    });
    expect(world.started).toHaveLength(2);
  });

  it('leaves a run that goes on: it is waited for, and not begun again', async () => {
    const world = new FakeWorld({ now: '2026-01-01T00:30:00Z' });
    world.begin(entriesOf(HOURLY));
    await world.at('2026-01-01T01:00:00Z');
    let end: () => void = () => undefined;
    const ended = new Promise<void>((resolve) => (end = resolve)).then(() => ({
      ...{ exit_code: null, reason: 'not known', bytes: null, archive_bytes: null },
    }));
    world.nowMs += 5 * MINUTE_MS;
    world.restart(entriesOf(HOURLY), () => ({ process: null, ended, end: () => undefined }));
    await world.at('2026-01-01T02:00:00Z');
    expect(world.results()).toEqual(['hourly 2026-01-01T02:00 skipped']);
    end();
    await settle();
    expect(world.records.at(-1)).toMatchObject({ result: 'run', reason: 'not known' });
    expect(world.started).toHaveLength(1);
  });

  it('between the state and the history loses no record', async () => {
    const world = new FakeWorld({ now: '2026-01-01T00:30:00Z' });
    world.begin(entriesOf(HOURLY));
    await world.at('2026-01-01T01:00:00Z');
    await world.finish('hourly');
    expect(world.saved?.outbox).toMatchObject([{ name: 'hourly', result: 'run' }]);
  });
});

describe('a clock', () => {
  it('that is set back an hour runs nothing twice, and one set forward misses nothing unseen', async () => {
    const world = new FakeWorld({ now: '2026-01-01T09:30:00Z', takesMs: { hourly: 1 } });
    const entries = entriesOf(HOURLY);
    world.begin(entries);
    await world.at('2026-01-01T10:00:00Z');
    for (const time of ['09:10', '09:30', '10:00', '10:30'])
      await world.at(`2026-01-01T${time}:00Z`);
    expect(world.started).toEqual(['hourly 2026-01-01T10:00']);
    await world.at('2026-01-01T11:00:00Z');
    await world.at('2026-01-01T15:00:20Z');
    await world.at('2026-01-01T15:00:21Z');
    expect(world.results()).toEqual([
      'hourly 2026-01-01T10:00 run',
      'hourly 2026-01-01T11:00 run',
      'hourly 2026-01-01T12:00 missed x 3',
      'hourly 2026-01-01T15:00 run',
    ]);
  });

  it('that was days ahead does not keep the schedule from running when it is set right', async () => {
    const world = new FakeWorld({ now: '2026-01-05T09:30:00Z', takesMs: { hourly: 1 } });
    world.begin(entriesOf(HOURLY));
    await world.at('2026-01-05T10:00:00Z');
    await world.finish('hourly');
    await world.at('2026-01-01T09:59:00Z');
    await world.at('2026-01-01T10:00:00Z');
    expect(world.started).toEqual(['hourly 2026-01-05T10:00', 'hourly 2026-01-01T10:00']);
    expect(world.told.join()).toContain('set back');
  });

  it('that is set right while no daemon is there does not either', async () => {
    const world = new FakeWorld({ now: '2036-01-05T09:30:00Z', takesMs: { hourly: 1 } });
    world.begin(entriesOf(HOURLY));
    await world.at('2036-01-05T10:00:00Z');
    await world.finish('hourly');
    world.nowMs = Date.parse('2026-01-01T09:59:00Z');
    world.restart(entriesOf(HOURLY));
    await world.tick();
    await world.at('2026-01-01T10:00:00Z');
    expect(world.started).toEqual(['hourly 2036-01-05T10:00', 'hourly 2026-01-01T10:00']);
    expect(world.told.join()).toContain('set back');
  });

  it('that is set right while something waits does not leave it waiting for years', async () => {
    const text =
      '# name=full\n0 * * * * backup full /a\n# name=hourly\n0 * * * * backup incremental /a';
    const world = new FakeWorld({ now: '2036-01-05T09:30:00Z', takesMs: { hourly: 1 } });
    world.begin(entriesOf(text));
    await world.at('2036-01-05T10:00:00Z');
    expect(world.engine.waitingCount).toBe(1);
    await world.at('2026-01-01T09:10:00Z');
    await world.finish('full');
    expect(world.started.at(-1)).toBe('hourly 2026-01-01T09:10');
    await world.at('2026-01-01T09:11:00Z');
    world.restart(entriesOf(text));
    await world.at('2026-01-01T10:00:00Z');
    expect(world.started.at(-1)).toBe('full 2026-01-01T10:00');
  });

  it('that is set right while no daemon is there lets what waited begin', async () => {
    const text = '# name=late jitter=30m\n0 * * * * backup full /a';
    const world = new FakeWorld({ now: '2036-01-05T09:30:00Z', random: () => 0.9 });
    world.begin(entriesOf(text));
    await world.at('2036-01-05T10:00:00Z');
    expect(world.engine.waitingCount).toBe(1);
    world.nowMs = Date.parse('2026-01-01T09:10:00Z');
    world.restart(entriesOf(text));
    await world.tick();
    expect(world.started).toEqual(['late 2026-01-01T09:10']);
  });
});

describe('a clock that was ahead and is set right', () => {
  it('while no daemon runs, keeps the next one from nothing, what waited neither', async () => {
    const entries = entriesOf(`${HOURLY}\n# name=other\n0 * * * * backup full /mnt/other`);
    const world = new FakeWorld({ now: '2030-01-05T09:30:00Z', atOnce: 1 });
    world.begin(entries);
    await world.at('2030-01-05T10:00:00Z');
    expect(world.saved?.pending).toHaveLength(2);
    world.nowMs = Date.parse('2026-01-01T09:30:00Z');
    world.restart(entries);
    await world.tick();
    const waited = [world.running[0]?.name ?? ''];
    await world.finish(waited[0]!);
    waited.push(world.running[0]?.name ?? '');
    await world.finish(waited[1]!);
    expect(waited.sort()).toEqual(['hourly', 'other']);
    await world.at('2026-01-01T10:00:00Z');
    expect(world.started.at(-1)).toMatch(/2026-01-01T10:00$/);
  });

  it('lets what waits for its jitter begin when so much time has gone by', async () => {
    const world = new FakeWorld({ now: '2026-01-05T09:30:00Z', random: () => 0.5 });
    world.begin(entriesOf(HOURLY.replace('name=hourly', 'name=hourly jitter=2m')));
    await world.at('2026-01-05T10:00:00Z');
    await world.at('2026-01-05T09:00:00Z');
    expect(world.started).toEqual([]);
    await world.at('2026-01-05T09:01:00Z');
    expect(world.started).toEqual(['hourly 2026-01-05T09:01']);
  });
});

describe('a thousand entries of one second', () => {
  it('all run, no more at once than may', async () => {
    const text = Array.from(
      { length: 1000 },
      (_none, at) => `# name=e${at}\n0 1 * * * backup full /d${at}`,
    );
    const entries = entriesOf(text.join('\n'));
    const takesMs = Object.fromEntries(entries.map(({ name }, at) => [name, 1 + (at % 7)]));
    const world = new FakeWorld({ now: '2026-01-01T00:59:00Z', takesMs, atOnce: 5 });
    world.begin(entries);
    await world.until('2026-01-01T02:00:00Z', entries);
    expect(new Set(world.records.map(({ name }) => name)).size).toBe(1000);
    expect(world.records.every(({ exit_code }) => exit_code === 0)).toBe(true);
    expect(world.mostAtOnce).toBe(5);
  });
});

describe('a disk that is full', () => {
  it('keeps no run from running; what could not be written is written later', async () => {
    const world = new FakeWorld({ now: '2026-01-01T00:30:00Z' });
    world.begin(entriesOf(HOURLY));
    world.diskFails = true;
    await world.at('2026-01-01T01:00:00Z');
    await world.finish('hourly');
    expect(world.started).toHaveLength(1);
    expect(world.records).toEqual([]);
    expect(world.told.filter((line) => line.includes('cannot be written'))).toHaveLength(1);
    world.diskFails = false;
    await world.at('2026-01-01T01:00:01Z');
    expect(world.results()).toEqual(['hourly 2026-01-01T01:00 run']);
  });
});

describe('a lease', () => {
  it('runs what is claimed, and tells who runs the rest', async () => {
    const world = new FakeWorld({
      now: '2026-01-01T00:30:00Z',
      lease: {
        claim: (_name, dueMs) =>
          Promise.resolve(
            new Date(dueMs).getUTCHours() === 1 ? { kind: 'ours' } : { kind: 'taken', by: 'other' },
          ),
      },
      takesMs: { hourly: 1 },
    });
    world.begin(entriesOf(HOURLY));
    for (const hour of ['01', '02']) await world.at(`2026-01-01T${hour}:00:00Z`);
    expect(world.started).toHaveLength(1);
    expect(world.records.at(-1)).toMatchObject({ result: 'skipped', reason: 'other runs it' });
  });

  it('that cannot be had begins nothing, says so once, and begins it when it can', async () => {
    let isThere = false;
    const world = new FakeWorld({
      now: '2026-01-01T00:30:00Z',
      lease: { claim: () => Promise.resolve({ kind: isThere ? 'ours' : 'unavailable' }) },
    });
    world.begin(entriesOf(`${HOURLY}\n# name=strict catchup=none\n0 * * * * billing all-users`));
    await world.at('2026-01-01T01:00:00Z');
    await world.at('2026-01-01T01:00:30Z');
    await world.at('2026-01-01T01:02:00Z');
    expect(world.started).toEqual([]);
    expect(world.engine.canClaim).toBe(false);
    expect(world.told).toEqual(['Redis cannot be reached: no run starts until it can']);
    expect(world.results()).toEqual(['strict 2026-01-01T01:00 missed']);
    isThere = true;
    await world.at('2026-01-01T01:10:00Z');
    expect(world.started).toEqual(['hourly 2026-01-01T01:10']);
    expect(world.engine.canClaim).toBe(true);
  });
});

describe('another schedule', () => {
  it('takes the place of the one that runs: what waits of entries that are gone is skipped', async () => {
    const world = new FakeWorld({ now: '2026-01-01T00:30:00Z', atOnce: 1 });
    const other = '# name=other\n0 1 * * * backup incremental /mnt/other';
    world.begin(entriesOf(`${HOURLY}\n${other}`));
    await world.at('2026-01-01T01:00:00Z');
    expect(world.started).toEqual(['hourly 2026-01-01T01:00']);
    world.engine.replace(entriesOf(HOURLY.replace('0 *', '30 *')));
    await world.at('2026-01-01T01:10:00Z');
    expect(world.results()).toEqual(['other 2026-01-01T01:00 skipped']);
    await world.finish('hourly');
    await world.at('2026-01-01T01:30:00Z');
    expect(world.started.at(-1)).toBe('hourly 2026-01-01T01:30');
  });
});

describe('the end', () => {
  it('waits for runs, ends those that take too long, and leaves what waits to the next daemon', async () => {
    const world = new FakeWorld({ now: '2026-01-01T00:30:00Z', atOnce: 1 });
    const text = `${HOURLY}\n# name=other\n0 1 * * * backup incremental /mnt/other`;
    world.begin(entriesOf(text));
    await world.at('2026-01-01T01:00:00Z');
    await world.engine.stop(1);
    expect(world.records).toMatchObject([
      { name: 'hourly', exit_code: 143, reason: 'the daemon was stopped' },
    ]);
    expect(world.saved?.pending).toMatchObject([{ name: 'other', started_at: null }]);
    world.restart(entriesOf(text));
    await world.at('2026-01-01T01:05:00Z');
    await world.finish('other');
    expect(world.records.at(-1)).toMatchObject({
      name: 'other',
      trigger: 'catch-up',
      exit_code: 0,
    });
  });
});

describe('a run that is asked for', () => {
  it('goes the way of all runs, and tells what became of it', async () => {
    const world = new FakeWorld({ now: '2026-01-01T00:30:00Z' });
    const entries = entriesOf(HOURLY);
    world.begin(entries);
    const asked = world.engine.runNow(entries[0]!, 'asked');
    await settle();
    expect(await world.engine.runNow(entries[0]!, 'again')).toMatchObject({
      ...{ id: 'again', result: 'skipped', trigger: 'manual' },
    });
    await world.finish('hourly', { exit_code: 3 });
    expect(await asked).toMatchObject({ id: 'asked', result: 'run', exit_code: 3 });
  });
});
