import { describe, expect, it } from 'vitest';
import {
  jobIdOf,
  offerOf,
  processName,
  slotName,
  workersIn,
} from '../../../src/engine/bullmq/queue.js';
import {
  failureText,
  readFailure,
  readJob,
  readProgress,
} from '../../../src/engine/bullmq/messages.js';

const RUN = { run: 'minio_backup_full_20261130_020000', token: '0123456789abcdef'.repeat(2) };

describe('the id of a job', () => {
  it('is read as it was written, and is that of one run alone', () => {
    const id = jobIdOf(RUN, { number: 17, attempt: 2 });
    expect(id).toBe('minio_backup_full_20261130_020000-01234567-17-2');
    expect(offerOf(RUN, id)).toEqual({ number: 17, attempt: 2 });
    expect(offerOf({ ...RUN, token: 'f'.repeat(32) }, id)).toBeUndefined();
    expect(offerOf({ ...RUN, run: 'minio_backup_full_20261130_0200' }, id)).toBeUndefined();
    for (const other of ['-1', '-1-', '-a-1', '-1-1-1', '']) {
      expect(offerOf(RUN, `${RUN.run}-01234567${other}`)).toBeUndefined();
    }
  });
});

describe('the name of a worker', () => {
  it('has no character that Redis forbids, and tells slots apart', () => {
    const name = processName('büro 1/x', 4711, 8);
    expect(name).toBe('b_ro_1_x/4711/8');
    expect(slotName(name, 3)).toBe('b_ro_1_x/4711/3');
  });

  it('is counted with its slots, in its own queue alone', () => {
    const client = (queue: string, name: string) =>
      `id=1 addr=127.0.0.1:1 name=mangamotion:${Buffer.from(queue).toString('base64')}${name} age=1\n`;
    const list = [
      client('q', ':w:a/1/2'),
      client('q', ':w:b/2/16'),
      client('q', ''),
      client('q2', ':w:a/1/2'),
      'id=3 name= cmd=get\n',
    ];
    expect(workersIn(list.join(''), 'q')).toBe(18);
    expect(workersIn('', 'q')).toBe(0);
  });
});

describe('what is in a job', () => {
  const job = {
    ...{ format: 1, ...RUN, tool: 'mangamotion 1.0.0', number: 0, attempt: 1 },
    kind: 'capture',
    range: { bucket: 'b', after: null, through: 'k' },
  };

  it('is read where it is ours, and refused otherwise', () => {
    expect(readJob(job)).toEqual(job);
    const wrong: unknown[] = [
      ...[undefined, null, 'x', [], {}, { ...job, format: 2 }, { ...job, token: 'x' }],
      ...[
        { ...job, number: -1 },
        { ...job, number: 10_000_000 },
        { ...job, attempt: 0 },
        { ...job, range: null },
        { ...job, kind: 'other' },
        { ...job, kind: 'verify' },
        { ...job, kind: undefined },
      ],
      { ...job, run: 'x'.repeat(1000) },
    ];
    for (const data of wrong) {
      expect(() => readJob(data)).toThrow(expect.objectContaining({ code: 'refused' }) as Error);
    }
  });

  it('is no progress where somebody else wrote it', () => {
    const progress = { report: 1, worker: 'a/1/1', objects: 2, bytes: 3, elapsed_ms: 4 };
    expect(readProgress(JSON.stringify(progress))).toEqual(progress);
    for (const text of [
      null,
      '',
      '5',
      '{"objects":-1}',
      JSON.stringify({ ...progress, bytes: 1.5 }),
    ]) {
      expect(readProgress(text)).toBeUndefined();
    }
  });

  it('is a failure with its code, or one without', () => {
    const failure = { code: 'refused', message: 'no' } as const;
    expect(readFailure(failureText(failure))).toEqual(failure);
    expect(readFailure('{"code":"none","message":"x"}').code).toBe('internal');
    expect(readFailure(null)).toEqual({ code: 'internal', message: 'no reason is given' });
    expect(readFailure('job stalled more than allowable limit').code).toBe('unreachable');
    expect(failureText({ ...failure, message: 'x'.repeat(5000) }).length).toBeLessThan(1100);
  });
});
