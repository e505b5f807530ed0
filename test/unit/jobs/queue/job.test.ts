import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  LONG_FIELDS,
  SMALL_FIELDS,
  decodeQueueJob,
  namesUser,
  summaryOfData,
  unreadableQueueJob,
} from '../../../../src/jobs/queue/job.js';

const decode = (fields: Readonly<Record<string, string | null>>) =>
  decodeQueueJob('ai-job', '7', 'failed', fields);
const ALL_FIELDS = [...SMALL_FIELDS, ...LONG_FIELDS];
const ofData = (data: unknown) => decode({ data: JSON.stringify(data) });

const NOTHING = {
  ...{ queue: 'ai-job', id: '7', state: 'failed', name: null, data: null, userId: null },
  ...{
    files: null,
    fileCount: null,
    progress: null,
    progressDetail: null,
    createdAt: null,
    startedAt: null,
  },
  ...{ finishedAt: null, attemptsMade: null, options: {}, failedReason: null, stacktrace: [] },
  ...{ returnValue: null, dueAt: null, childrenWaiting: null, stalled: null },
  ...{ problems: [], notes: [] },
};

describe('a job', () => {
  it('as BullMQ writes it is read', () => {
    const data = { type: 'manga', files: ['a.png'], user_id: 'alice' };
    const job = decode({
      name: 'render',
      data: JSON.stringify(data),
      opts: '{"attempts":3,"delay":0}',
      progress: '45',
      timestamp: '1764000000000',
      processedOn: '1764000001000',
      finishedOn: '1764000002000',
      failedReason: 'boom',
      atm: '3',
      stacktrace: '["Error: one","Error: two"]',
      returnvalue: '{"path":"outputs/7/video.mp4"}',
    });
    expect(job).toEqual({
      ...NOTHING,
      ...{ name: 'render', data, userId: 'alice', files: ['a.png'], fileCount: 1, progress: 45 },
      createdAt: new Date(1_764_000_000_000),
      startedAt: new Date(1_764_000_001_000),
      finishedAt: new Date(1_764_000_002_000),
      ...{ attemptsMade: 3, options: { attempts: 3, delay: 0 }, failedReason: 'boom' },
      stacktrace: ['Error: one', 'Error: two'],
      returnValue: { path: 'outputs/7/video.mp4' },
    });
  });

  it('without fields has nothing, and no problem', () => {
    expect(decode({})).toEqual(NOTHING);
    expect(decode(Object.fromEntries(ALL_FIELDS.map((field) => [field, null])))).toEqual(NOTHING);
  });

  it('whose key holds no hash says so', () => {
    expect(unreadableQueueJob('ai-job', '7', 'failed')).toEqual({
      ...{ ...NOTHING, problems: ['its key holds no hash'] },
    });
  });

  it('is read whatever the fields hold', () => {
    const texts = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.json(),
      fc.double().map(String),
      fc.jsonValue().map((value) => JSON.stringify(value)),
      fc.constantFrom('{"user_id":{"toString":1},"files":[{"path":{}},null,[[]]]}', '"', '[1e999]'),
    );
    const fields = fc.dictionary(fc.constantFrom(...ALL_FIELDS), fc.option(texts));
    fc.assert(
      fc.property(fields, (some) => {
        const job = decode(some);
        for (const time of [job.createdAt, job.startedAt, job.finishedAt]) {
          expect(time === null || !Number.isNaN(time.getTime())).toBe(true);
        }
        expect(job.progress === null || Number.isFinite(job.progress)).toBe(true);
        expect(job.attemptsMade === null || Number.isSafeInteger(job.attemptsMade)).toBe(true);
        const { userId } = job;
        if (userId !== null) expect(namesUser(some.data!, userId)).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('the data', () => {
  it.each([
    ['{"a":', '{"a":', ['its data is not JSON']],
    ['', '', ['its data is not JSON']],
    ['undefined', 'undefined', ['its data is not JSON']],
    ['"a text"', 'a text', []],
    ['17', 17, []],
    ['null', null, []],
    ['[{"user_id":"u"}]', [{ user_id: 'u' }], []],
  ])('%j are %j', (data, value, problems) => {
    expect(decode({ data })).toEqual({ ...NOTHING, data: value, problems });
  });

  it.each([
    [{ user_id: 'alice' }, 'alice'],
    [{ user_id: '' }, ''],
    [{ user_id: 42 }, '42'],
    [{ user_id: 1.5 }, '1.5'],
    [{ userId: 'alice' }, 'alice'],
    [{ userId: 42 }, '42'],
    [{ user_id: 'alice', userId: 'bob' }, 'alice'],
    [{ user_id: null, userId: 'bob' }, 'bob'],
    [{}, null],
  ])('%j name the user %j', (data, userId) => {
    expect(ofData(data)).toMatchObject({ userId, problems: [] });
  });

  it.each([
    ['{"user_id":true}', 'its user_id is neither a text nor a number'],
    ['{"user_id":["u"]}', 'its user_id is neither a text nor a number'],
    ['{"user_id":{"toString":1}}', 'its user_id is neither a text nor a number'],
    ['{"user_id":9007199254740993}', 'its user_id is a number with too many digits'],
    ['{"user_id":1e300}', 'its user_id is a number with too many digits'],
  ])('%s name no user, and that is told', (data, problem) => {
    expect(decode({ data })).toMatchObject({ userId: null, problems: [problem] });
  });

  it.each([
    [['a', 'b'], ['a', 'b'], []],
    [[], [], []],
    [[{ path: 'p', key: 'k', name: 'n' }], ['p'], []],
    [[{ key: 'k', name: 'n' }, { name: 'n' }], ['k', 'n'], []],
    [[{ path: 7, name: 'n' }], ['n'], []],
    [['a', 7, {}, null, ['b']], ['a'], ['4 of its 5 files have no path']],
    ['a', null, ['its files are not a list']],
    [{ 0: 'a' }, null, ['its files are not a list']],
    [null, null, []],
  ])('with the files %j have the paths %j', (files, paths, problems) => {
    expect(ofData({ files })).toMatchObject({ files: paths, problems });
  });
});

describe('long data', () => {
  const long = (data: unknown) => summaryOfData(Buffer.from(JSON.stringify(data)));
  const nothing = { userId: null, fileCount: null, problems: [], notes: [] };

  it.each([
    [{ page: 'x'.repeat(99), files: ['a', { path: 'b' }], user_id: 'alice' }, 'alice', 2],
    [{ user_id: null, userId: 42, files: [] }, '42', 0],
    [{ nested: { user_id: 'bob', files: [1] }, files: null }, null, null],
    [['user_id', 'alice'], null, null],
  ])('%j have the user and the files, though they are not parsed', (data, userId, fileCount) => {
    expect(long(data)).toEqual({ ...nothing, userId, fileCount });
  });

  it('name a user as short ones do', () => {
    const data = Buffer.from(String.raw`{"x":"alice","user_id":"\u0062ob"}`);
    expect(namesUser(data, 'bob')).toBe(true);
    expect(namesUser(data, 'alice')).toBe(false);
  });

  it('are shown in part, and so are texts, and that is noted', () => {
    const job = decodeQueueJob('ai-job', '7', 'failed', {
      data: Buffer.from(JSON.stringify({ page: 'x'.repeat(50_000), user_id: 'alice' })),
      failedReason: Buffer.from('é'.repeat(50_000)),
      returnvalue: 70 * 1024 * 1024,
    });
    expect(job).toMatchObject({ userId: 'alice', data: { user_id: 'alice' }, problems: [] });
    expect(JSON.stringify(job).length).toBeLessThan(10_000);
    expect(job.notes).toEqual([
      'its data is shown in part: 49 KiB',
      'its failedReason is shown in part: 98 KiB',
      'its return value is too long to be read: 71680 KiB',
    ]);
  });

  it('nested too deep are shown in part', () => {
    const deep = '['.repeat(200_000) + ']'.repeat(200_000);
    const job = decode({ data: `{"user_id":"alice","x":${deep}}`, returnvalue: deep });
    expect(job).toMatchObject({ userId: 'alice', problems: [] });
    expect(JSON.stringify(job).length).toBeLessThan(10_000);
    expect(job.notes).toHaveLength(2);
  });
});

describe('the progress', () => {
  it.each([
    ['0', 0],
    ['100', 100],
    ['33.3', 33.3],
    ['"45"', 45],
  ])('%s is %d', (progress, value) => {
    expect(decode({ progress })).toEqual({ ...NOTHING, progress: value });
  });

  it.each([
    ['4235', 4235, 'its progress is 4235, which is not from 0 to 100'],
    ['-1', -1, 'its progress is -1, which is not from 0 to 100'],
    ['1e300', 1e300, 'its progress is 1e+300, which is not from 0 to 100'],
  ])('%s is shown as it is, and noted', (progress, value, note) => {
    expect(decode({ progress })).toEqual({ ...NOTHING, progress: value, notes: [note] });
  });

  it.each([
    ['{"percent":30,"step":"render"}', 30, { percent: 30, step: 'render' }],
    ['{"progress":31}', 31, { progress: 31 }],
    ['{"percentage":"32"}', 32, { percentage: '32' }],
    ['{"step":"render"}', null, { step: 'render' }],
    ['{"percent":"most"}', null, { percent: 'most' }],
    ['[1,2]', null, [1, 2]],
    ['true', null, true],
    ['"soon"', null, 'soon'],
    ['soon', null, 'soon'],
    ['null', null, null],
  ])('%s is %j with its detail', (progress, value, detail) => {
    expect(decode({ progress })).toEqual({
      ...{ ...NOTHING, progress: value, progressDetail: detail },
    });
  });
});

describe('a time', () => {
  it.each([
    ['1764000000000', '2025-11-24T16:00:00.000Z'],
    ['1764000000000.75', '2025-11-24T16:00:00.000Z'],
    ['253402300799999', '9999-12-31T23:59:59.999Z'],
  ])('%s is read', (timestamp, text) => {
    expect(decode({ timestamp }).createdAt?.toISOString()).toBe(text);
  });

  it.each(['0', '-5', 'NaN', 'Infinity', '1e12', 'soon', ' 1', '253402300800000', '9'.repeat(400)])(
    '%j is none, and that is told',
    (text) => {
      const job = decode({ timestamp: text, processedOn: text, finishedOn: text });
      expect(job).toEqual({
        ...NOTHING,
        problems: [
          ...['its timestamp is not a time', 'its processedOn is not a time'],
          ...['its finishedOn is not a time'],
        ],
      });
    },
  );

  it('that is empty is absent', () => {
    expect(decode({ finishedOn: '' })).toEqual(NOTHING);
  });
});

describe('the other fields', () => {
  it.each([
    [{ attemptsMade: '2' }, 2, []],
    [{ atm: '2' }, 2, []],
    [{ attemptsMade: '1', atm: '2' }, 2, []],
    [{ attemptsMade: 'x', atm: '2' }, 2, ['its number of attempts is not a number']],
    [{ atm: '-1' }, null, ['its number of attempts is not a number']],
  ])('%j are %j attempts', (fields, attemptsMade, problems) => {
    expect(decode(fields)).toEqual({ ...NOTHING, attemptsMade, problems });
  });

  it.each([
    ['{"attempts":', {}, ['its opts are not JSON']],
    ['"text"', {}, ['its opts are not an object']],
    ['[1]', {}, ['its opts are not an object']],
    ['null', {}, []],
    ['{"a":1}', { a: 1 }, []],
  ])('opts %s are %j', (opts, options, problems) => {
    expect(decode({ opts })).toEqual({ ...NOTHING, options, problems });
  });

  it.each([
    ['Error: plain', ['Error: plain'], ['its stacktrace is not JSON']],
    ['"Error: one"', ['"Error: one"'], []],
    ['["a",7,null]', ['a'], ['parts of its stacktrace are not text']],
    ['null', [], []],
    ['[]', [], []],
    ['', [], []],
  ])('stacktrace %s is %j', (text, stacktrace, problems) => {
    expect(decode({ stacktrace: text })).toEqual({ ...NOTHING, stacktrace, problems });
  });

  it.each([
    ['"x"', 'x', []],
    ['null', null, []],
    ['plain', 'plain', ['its return value is not JSON']],
  ])('returnvalue %s is %j', (returnvalue, returnValue, problems) => {
    expect(decode({ returnvalue })).toEqual({ ...NOTHING, returnValue, problems });
  });
});

describe('whether the data name a user', () => {
  /** Users that look like one another, and like numbers. */
  const users = fc.oneof(
    fc.string({ unit: 'binary' }).map((text) => text.toWellFormed()),
    fc.constantFrom('42', '042', '4.2', '-1', '1e21', '0', 'NaN', 'é', '"', '\\', '/', 'a"b', 'ab'),
  );
  const ids = fc.oneof(users, fc.integer(), fc.double(), fc.constantFrom(42, 4.2, -1, 0, null));

  /** A text of JSON in which some characters, by turns of `choices`, are escaped needlessly. */
  function spelled(text: string, choices: readonly boolean[]): string {
    const units = Array.from({ length: text.length }, (_none, index) => text.charAt(index));
    const spellings = units.map((unit, index) =>
      choices[index % choices.length] === true
        ? `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
        : /[\ud800-\udfff]/.test(unit)
          ? unit
          : JSON.stringify(unit).slice(1, -1),
    );
    return `"${spellings.join('')}"`;
  }

  it('is what reading them says, however they are spelled', () => {
    const names = fc.constantFrom('user_id', 'userId', 'user');
    const choices = fc.array(fc.boolean(), { minLength: 1, maxLength: 7 });
    const files = fc.array(users, { maxLength: 2 });
    fc.assert(
      fc.property(ids, users, names, choices, files, (id, user, name, spelling, more) => {
        for (const value of [id, user]) {
          const text = (one: unknown) =>
            typeof one === 'string' ? spelled(one, spelling) : JSON.stringify(one);
          const data = `{"files":[${more.map(text).join()}],${text(name)}:${text(value)}}`;
          expect(JSON.parse(data)).toEqual(
            JSON.parse(JSON.stringify({ files: more, [name]: value })),
          );
          expect(namesUser(data, user)).toBe(decode({ data }).userId === user);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    ['{"user_id":4.2e1}', '42', true],
    ['{"user_id" :\n\t42.0}', '42', true],
    ['{"user_id":42}', '042', false],
    ['{"user_id":420}', '42', false],
    [String.raw`{"user_id":"a\/b"}`, 'a/b', true],
    ['{"user_id":"a","files":["b"]}', 'b', false],
    ['{"owner":{"user_id":"a"}}', 'a', false],
    ['not "a" JSON', 'a', false],
    ['"a"', 'a', false],
  ])('%s: %s: %s', (data, userId, isNamed) => {
    expect(namesUser(data, userId)).toBe(isNamed);
  });
});
