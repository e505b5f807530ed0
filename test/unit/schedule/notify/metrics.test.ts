import { beforeEach, describe, expect, it } from 'vitest';
import { register } from 'prom-client';
import { ScheduleMetrics } from '../../../../src/schedule/notify/metrics.js';
import { recordOf } from './kept-log.js';

let metrics: ScheduleMetrics;

beforeEach(() => {
  metrics = new ScheduleMetrics();
});

interface Family {
  help: string | undefined;
  type: string | undefined;
  /** By what stands in braces. */
  samples: Map<string, number>;
}

const LABEL = String.raw`[a-z_]+="(?:[^"\\\n]|\\[\\"n])*"`;
const SAMPLE = new RegExp(`^([a-z_]+)(?:\\{(${LABEL}(?:,${LABEL})*)\\})? (-?[0-9.e+-]+)$`);

/** Reads the text format strictly: what it does not understand is an error. */
async function scraped(): Promise<Map<string, Family>> {
  const families = new Map<string, Family>();
  const text = await metrics.text();
  expect(text.endsWith('\n')).toBe(true);
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const [, kind, described = '', rest] = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line) ?? [];
    const [, name = described, labels = '', value] = SAMPLE.exec(line) ?? [];
    if (name === '') throw new Error(`not understood: ${line}`);
    const family = families.get(name) ?? { help: undefined, type: undefined, samples: new Map() };
    families.set(name, family);
    if (kind === 'HELP') family.help = rest;
    else if (kind === 'TYPE') family.type = rest;
    else {
      if (family.samples.has(labels)) throw new Error(`twice: ${line}`);
      family.samples.set(labels, Number(value));
    }
  }
  return families;
}

async function value(name: string, labels = ''): Promise<number | undefined> {
  return (await scraped()).get(`mangamotion_schedule_${name}`)?.samples.get(labels);
}

const DAILY = 'entry="daily"';

async function ofDaily(): Promise<Record<string, number>> {
  const found: Record<string, number> = {};
  for (const [name, { samples }] of await scraped()) {
    const sample = samples.get(DAILY);
    if (sample !== undefined) found[name.replace('mangamotion_schedule_', '')] = sample;
  }
  return found;
}

describe('the metrics', () => {
  it('have names and types as Prometheus wants them, and a help text each', async () => {
    metrics.setEntries(['daily']);
    metrics.lease(true);
    metrics.reloaded(true, new Date());
    metrics.ended(recordOf(), null);
    for (const [name, { help, type }] of await scraped()) {
      expect(name).toMatch(/^(mangamotion_schedule|process)_[a-z_]+[a-z]$/);
      expect(help?.endsWith('.'), name).toBe(true);
      expect(type, name).toBe(name.endsWith('_total') ? 'counter' : 'gauge');
      expect(name).not.toMatch(/_(ms|milliseconds|minutes|count|sum|bucket)$/);
    }
  });

  it('are nobody else’s', async () => {
    expect(await register.getMetricsAsJSON()).toEqual([]);
    const other = new ScheduleMetrics();
    other.setEntries(['of-the-other']);
    expect(await metrics.text()).not.toContain('of-the-other');
  });

  it('say nothing of runs before there is one, and count from 0', async () => {
    metrics.setEntries(['daily', 'weekly']);
    expect(await ofDaily()).toEqual({ running: 0 });
    expect(await value('entries')).toBe(2);
    expect(await value('waiting')).toBe(0);
    for (const result of ['run', 'waited', 'skipped', 'missed']) {
      expect(await value('firings_total', `${DAILY},result="${result}"`)).toBe(0);
    }
  });

  it('tell of a run that succeeded', async () => {
    metrics.setEntries(['daily']);
    metrics.started('daily');
    expect(await ofDaily()).toEqual({ running: 1 });
    metrics.ended(recordOf(), '2026-11-24T02:03:01.500Z');
    metrics.next('daily', new Date('2026-11-25T02:00:00Z'));
    const ended = Date.parse('2026-11-24T02:03:01.500Z') / 1000;
    expect(await ofDaily()).toEqual({
      running: 0,
      last_success_timestamp_seconds: ended,
      last_run_timestamp_seconds: ended,
      last_duration_seconds: 180.5,
      last_bytes: 700,
      last_archive_bytes: 600,
      last_exit_code: 0,
      next_run_timestamp_seconds: Date.parse('2026-11-25T02:00:00Z') / 1000,
    });
    expect(await value('firings_total', `${DAILY},result="run"`)).toBe(1);
  });

  it('keep the last success when a run fails, and forget its bytes', async () => {
    metrics.setEntries(['daily']);
    metrics.ended(recordOf(), '2026-11-24T02:03:01.500Z');
    const failed = recordOf({
      ...{ started_at: '2026-11-25T02:00:00.000Z', finished_at: '2026-11-25T02:00:02.000Z' },
      ...{ exit_code: 6, bytes: null, archive_bytes: null, copied_bytes: null },
    });
    metrics.ended(failed, '2026-11-24T02:03:01.500Z');
    expect(await ofDaily()).toEqual({
      running: 0,
      last_success_timestamp_seconds: Date.parse('2026-11-24T02:03:01.500Z') / 1000,
      last_run_timestamp_seconds: Date.parse('2026-11-25T02:00:02.000Z') / 1000,
      last_duration_seconds: 2,
      last_exit_code: 6,
    });
  });

  it('take a run without an exit code for no success', async () => {
    metrics.setEntries(['daily']);
    metrics.ended(recordOf({ exit_code: null }), null);
    expect(await value('last_exit_code', DAILY)).toBe(-1);
  });

  it('leave the last run as it is where a firing did not run, and count all that were missed', async () => {
    metrics.setEntries(['daily']);
    metrics.ended(recordOf(), '2026-11-24T02:03:01.500Z');
    const before = await ofDaily();
    metrics.started('daily');
    const idle = { started_at: null, finished_at: null, exit_code: null, bytes: null };
    metrics.ended(recordOf({ ...idle, result: 'skipped' }), '2026-11-24T02:03:01.500Z');
    metrics.ended(recordOf({ ...idle, result: 'missed', count: 40 }), '2026-11-24T02:03:01.500Z');
    expect(await ofDaily()).toEqual({ ...before, running: 1 });
    expect(await value('firings_total', `${DAILY},result="skipped"`)).toBe(1);
    expect(await value('firings_total', `${DAILY},result="missed"`)).toBe(40);
  });

  it('show what a daemon before has left, and do not count it', async () => {
    metrics.setEntries(['daily', 'weekly']);
    metrics.remembered('daily', recordOf(), '2026-11-24T02:03:01.500Z');
    metrics.remembered('weekly', null, null);
    expect(await ofDaily()).toMatchObject({ last_exit_code: 0, last_duration_seconds: 180.5 });
    expect(await value('firings_total', `${DAILY},result="run"`)).toBe(0);
  });

  it('have no run that takes less than nothing when the clock is set back', async () => {
    metrics.setEntries(['daily']);
    metrics.ended(recordOf({ finished_at: '2026-11-24T01:00:00.000Z' }), null);
    expect(await value('last_duration_seconds', DAILY)).toBe(0);
  });

  it('forget an entry that is gone, also when its run ends later', async () => {
    metrics.setEntries(['daily', 'weekly']);
    metrics.started('daily');
    metrics.ended(recordOf(), '2026-11-24T02:03:01.500Z');
    metrics.next('daily', new Date());
    metrics.setEntries(['weekly']);
    expect(await metrics.text()).not.toContain('daily');
    metrics.started('daily');
    metrics.ended(recordOf(), '2026-11-24T02:03:01.500Z');
    metrics.remembered('daily', recordOf(), null);
    metrics.next('daily', new Date());
    expect(await metrics.text()).not.toContain('daily');
    expect(await value('entries')).toBe(1);
  });

  it('leave an entry that stays as it is when the schedule is read again', async () => {
    metrics.setEntries(['daily']);
    metrics.started('daily');
    metrics.ended(recordOf(), null);
    const before = await ofDaily();
    metrics.setEntries(['daily', 'weekly']);
    expect(await ofDaily()).toEqual(before);
    expect(await value('firings_total', `${DAILY},result="run"`)).toBe(1);
  });

  it('have no next run where there is none', async () => {
    metrics.setEntries(['daily']);
    metrics.next('daily', new Date());
    metrics.next('daily', undefined);
    expect(await ofDaily()).toEqual({ running: 0 });
  });

  it('have a lease and a reload only where there are such', async () => {
    const names = async (): Promise<string[]> => [...(await scraped()).keys()];
    expect((await names()).filter((name) => /lease|reload/.test(name))).toEqual([]);
    metrics.lease(false);
    metrics.reloaded(true, new Date(5000));
    metrics.reloaded(false, new Date(9000));
    expect(await value('lease_available')).toBe(0);
    expect(await value('reload_ok')).toBe(0);
    expect(await value('last_reload_timestamp_seconds')).toBe(5);
    metrics.lease(true);
    metrics.reloaded(true, new Date(11_000));
    expect(await value('lease_available')).toBe(1);
    expect(await value('reload_ok')).toBe(1);
    expect(await value('last_reload_timestamp_seconds')).toBe(11);
  });

  it('write names that hold quotes, backslashes and line ends as the format has them', async () => {
    metrics.setEntries(['a"b\\c\nd']);
    expect(await value('running', String.raw`entry="a\"b\\c\nd"`)).toBe(0);
  });

  it('tell of the process as it is at each scrape', async () => {
    const sample = async (name: string) => (await scraped()).get(name)?.samples.get('') ?? NaN;
    const before = await sample('process_cpu_seconds_total');
    for (let index = 0, sum = 0; index < 3e7; index++) sum += Math.sqrt(index + sum);
    expect(await sample('process_cpu_seconds_total')).toBeGreaterThan(before);
    expect(await sample('process_resident_memory_bytes')).toBeGreaterThan(1e7);
    const startedAt = await sample('process_start_time_seconds');
    expect(Math.abs(Date.now() / 1000 - process.uptime() - startedAt)).toBeLessThan(5);
  });
});
