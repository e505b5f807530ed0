import { describe, expect, it } from 'vitest';
import { MangamotionError } from '../../../src/errors.js';
import { csvAnswer, rowsAnswer } from '../../../src/serve/rows-answer.js';

const parts = {
  member: 'users',
  head: { total: 2 },
  json: (row: number) => ({ row }),
  tail: () => ({ sum: 3 }),
};

describe('an answer of rows', () => {
  it.each([['at once', [1, 2]] as const, ['as they come', from([1, 2])] as const])(
    '%s is one document',
    async (_how, rows) => {
      const answer = await rowsAnswer({ ...parts, rows }).json();
      expect(answer).toEqual({ total: 2, users: [{ row: 1 }, { row: 2 }], sum: 3 });
    },
  );

  it('is made no faster than it is read', async () => {
    let made = 0;
    function* rows() {
      for (; made < 1_000_000; made++) yield made;
    }
    const reader = rowsAnswer({ ...parts, rows: rows() }).body!.getReader();
    await reader.read();
    await new Promise(setImmediate);
    expect(made).toBeLessThan(20_000);
    await reader.cancel();
    await new Promise(setImmediate);
    expect(made).toBeLessThan(20_000);
  });

  it('that breaks off names the error without an address, and ends the connection', async () => {
    async function* rows() {
      yield* from([1]);
      throw new MangamotionError('unreachable', 'cannot reach Redis at 10.0.0.1:6379');
    }
    const reader = rowsAnswer({ ...parts, rows: rows() }).body!.getReader();
    const first = (await reader.read()) as { value: Uint8Array };
    expect(JSON.parse(new TextDecoder().decode(first.value))).toEqual({
      ...{ total: 2, users: [{ row: 1 }] },
      ...{ error: 'Redis is unavailable', code: 'unavailable' },
    });
    await expect(reader.read()).rejects.toThrow();
  });
});

describe('an answer of rows in CSV', () => {
  const cells = { row: (row: number) => row, formula: () => '=1+1' };

  it('has the names of the columns, also without a row', async () => {
    const some = csvAnswer({ cells, rows: [1, 2], fileName: 'rows.csv' });
    expect(some.headers.get('content-disposition')).toBe('attachment; filename="rows.csv"');
    expect(await some.text()).toBe("row,formula\r\n1,'=1+1\r\n2,'=1+1\r\n");
    const none = csvAnswer({ cells, rows: from([]), fileName: 'rows.csv' });
    expect(await none.text()).toBe('row,formula\r\n');
  });

  it('that breaks off ends the connection', async () => {
    async function* rows() {
      yield* from([1]);
      throw new MangamotionError('unreachable', 'cannot reach Redis');
    }
    const reader = csvAnswer({ cells, rows: rows(), fileName: 'rows.csv' }).body!.getReader();
    const first = (await reader.read()) as { value: Uint8Array };
    expect(new TextDecoder().decode(first.value)).toBe("row,formula\r\n1,'=1+1\r\n");
    await expect(reader.read()).rejects.toThrow();
  });
});

async function* from(rows: readonly number[]): AsyncGenerator<number> {
  for (const row of rows) {
    await Promise.resolve();
    yield row;
  }
}
