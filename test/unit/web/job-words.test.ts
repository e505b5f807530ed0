import { describe, expect, it } from 'vitest';
import {
  attemptsOf,
  mostAttempts,
  optionsText,
  placesInQueue,
  placeText,
  reasonText,
  resultKind,
  tookSeconds,
  waitsLongest,
  waitText,
} from '../../../src/web/jobs/words.js';
import { jobDocument, shownJob } from './job-documents.js';

const waiting = (id: number, fields = {}) =>
  jobDocument(id, { status: 'pending', state: 'waiting', ...fields });

describe('the queue', () => {
  it('is served in the order of creation', () => {
    const rows = [waiting(9), waiting(8), jobDocument(7), waiting(6), undefined];
    const places = placesInQueue(rows, 3);
    expect(['6', '8', '9'].map((id) => placeText(places.get(id)!))).toEqual([
      'next',
      '2nd in the queue',
      '3rd in the queue',
    ]);
    expect(waitsLongest(rows, 3)).toBe(waiting(6).created_at);
  });

  it('has no places while some that wait are not known, or wait for something else', () => {
    expect(placesInQueue([waiting(9), undefined], 2).size).toBe(0);
    expect(placesInQueue([waiting(9), waiting(8, { state: 'delayed' })], 2).size).toBe(0);
    expect(waitsLongest([waiting(9), undefined], 2)).toBeUndefined();
  });

  it('says what a job waits for', () => {
    const text = (fields: object) => waitText(waiting(1, fields), (time) => `at ${time}`);
    expect(text({})).toBeUndefined();
    expect(text({ due_at: 'noon' })).toBe('due at noon');
    expect(text({ children_waiting: 1 })).toBe('waits for 1 child');
    expect(text({ children_waiting: 2 })).toBe('waits for 2 children');
    expect(text({ state: 'paused' })).toBe('the queue is paused');
    expect(text({ state: 'prioritized' })).toBe('has a priority');
  });
});

describe('attempts', () => {
  it('are those that failed, and the one that did not', () => {
    const job = shownJob({ attempts_made: 2, stacktrace: ['Error: stalled\n    at x'] });
    expect(attemptsOf(job)).toEqual([
      { number: 1, status: 'failed', reason: 'stalled' },
      { number: 2, status: 'completed', reason: undefined },
    ]);
    expect(mostAttempts(job)).toBe(3);
  });

  it('that run are counted before the queue counts them', () => {
    const job = shownJob({ status: 'processing', attempts_made: 0 });
    expect(attemptsOf(job)).toMatchObject([{ number: 1, status: 'processing' }]);
  });

  it('of a long history have reasons at its end alone', () => {
    const job = shownJob({ status: 'failed', attempts_made: 4, stacktrace: ['a', 'b'] });
    expect(attemptsOf(job).map(({ reason }) => reason)).toEqual([undefined, undefined, 'a', 'b']);
  });

  it('are none of a job that waits', () => {
    expect(attemptsOf(shownJob({ status: 'pending', attempts_made: 0 }))).toEqual([]);
  });

  it('are one where the queue says nothing', () => {
    for (const options of [null, {}, { attempts: 0 }, { attempts: 'x' }])
      expect(mostAttempts(shownJob({ options }))).toBe(1);
  });
});

it('a reason is its first line', () => {
  expect(reasonText('no frame\n    at x')).toBe('no frame');
  expect(reasonText(null)).toBe('');
});

it('a result is named by what it is', () => {
  expect(['a/video.mp4', 'a/x.ZIP', 'a/x', 'a.b/x', 'constructor'].map(resultKind)).toEqual([
    'video',
    'archive',
    'file',
    'file',
    'file',
  ]);
});

it('a job took the time between its start and its end', () => {
  const times = { started_at: '2026-11-24T12:00:00Z', finished_at: '2026-11-24T12:01:30Z' };
  expect(tookSeconds(jobDocument(1, times))).toBe(90);
  expect(tookSeconds(jobDocument(1, { ...times, started_at: null }))).toBeNull();
});

it('options are what the job was given besides user and files', () => {
  const data = { user_id: 'alice', files: [], style: 'ink', fps: 24, deep: { a: 1 }, loop: false };
  expect(optionsText(data)).toBe('style ink, fps 24, loop false');
  expect(optionsText(null)).toBe('');
  expect(optionsText('text')).toBe('');
});
