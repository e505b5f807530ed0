import stringWidth from 'string-width';
import { describe, expect, it } from 'vitest';
import type { Column } from '../../../../src/cli/output/columns.js';
import type { RowsAnswer } from '../../../../src/cli/output/answers.js';
import { MangamotionError } from '../../../../src/errors.js';
import { catalogOf, runMain, world } from '../world.js';

interface ObjectRow {
  key: string;
  size: number;
  at: string;
}

const columns: Column<ObjectRow>[] = [
  { title: 'Key', name: 'key', value: ({ key }) => key },
  {
    title: 'Size',
    name: 'size',
    value: ({ size }) => size,
    show: ({ size }, people) => people.bytes(size),
    align: 'right',
  },
  {
    title: 'Modified',
    name: 'last_modified',
    value: ({ at }) => at,
    show: ({ at }, people) => people.time(at),
    tone: () => 'good',
  },
];

const fields = { key: true, size: true, at: true } as const;

const AT = '2024-01-15T01:00:00Z';
const rows: ObjectRow[] = [
  { key: 'a', size: 1, at: AT },
  { key: 'ページ.png', size: 2048, at: AT },
];

function listing(answer: Partial<RowsAnswer<ObjectRow, ObjectRow>> = {}) {
  return catalogOf({
    printsRows: true,
    async run({ output }) {
      await output.rows({
        ...{ member: 'objects', rows, columns, json: (row: ObjectRow) => row, fields },
        ...answer,
      });
      return undefined;
    },
  });
}

const argv = ['backup', 'test'];

function* many(count: number): Generator<ObjectRow> {
  for (let index = 0; index < count; index++) yield { key: `k${index}`, size: index, at: AT };
}

describe('rows in a pipe', () => {
  it('are plain columns without colour or borders, as wide as they look', async () => {
    expect((await runMain(argv, listing())).stdout).toBe(
      [
        'Key            Size  Modified',
        'a               1 B  2024-01-15T01:00:00Z',
        'ページ.png  2.0 KiB  2024-01-15T01:00:00Z',
        '',
      ].join('\n'),
    );
  });

  it('show what is hostile in a key, and do not obey it', async () => {
    const hostile = listing({ rows: [{ key: '\u001b]0;x\u0007\n', size: 1, at: AT }] });
    expect((await runMain(argv, hostile)).stdout).toContain(
      String.raw`\u001b]0;x\u0007\u000a   1 B`,
    );
  });

  it('say so where there are none', async () => {
    const none = listing({ rows: [], empty: 'no objects', footer: () => '0 in all' });
    expect((await runMain(argv, none)).stdout).toBe('no objects\n0 in all\n');
  });

  it('keep the widths of the first rows when there are many', async () => {
    const { stdout } = await runMain(argv, listing({ rows: many(2000) }));
    const lines = stdout.trimEnd().split('\n');
    expect(lines).toHaveLength(2001);
    expect(lines[1]).toBe('k0      0 B  2024-01-15T01:00:00Z');
    expect(lines[2000]).toBe('k1999  2.0 KiB  2024-01-15T01:00:00Z');
  });
});

describe('rows on a terminal', () => {
  it('are the same plain columns, with relative times and colour', async () => {
    const host = world({ columns: 80, env: { COLORTERM: 'truecolor' } });
    const { stdout } = await runMain(argv, listing(), host);
    expect(stdout).toContain('\u001b[38;2;16;185;129m1 h ago\u001b[39m');
  });

  it('have no colour with --no-color, NO_COLOR or TERM=dumb', async () => {
    for (const [words, env] of [
      [[...argv, '--no-color'], { TERM: 'xterm' }],
      [argv, { NO_COLOR: '1' }],
      [argv, { TERM: 'dumb' }],
    ] as const) {
      const { stdout } = await runMain(words, listing(), world({ columns: 80, env }));
      expect(stdout).toBe(
        'Key            Size  Modified\na               1 B  1 h ago\nページ.png  2.0 KiB  1 h ago\n',
      );
    }
  });

  const env = { NO_COLOR: '1' };
  const wide = { key: `${'ページ'.repeat(20)}.png`, size: 3, at: AT };
  const some = (answer: Partial<RowsAnswer<ObjectRow, ObjectRow>> = {}) =>
    listing({ rows: [rows[0] ?? wide, wide], ...answer });

  it('are cut in the middle to the width of the terminal', async () => {
    const { stdout } = await runMain(argv, some(), world({ columns: 40, env }));
    expect(stdout).toBe(
      'Key                       Size  Modified\n' +
        'a                          1 B  1 h ago\n' +
        'ページページ…ページ.png    3 B  1 h ago\n',
    );
  });

  it('hide what can best be done without, and say so once', async () => {
    const dispensable = columns.map((column, at) => ({ ...column, dispensable: at }));
    const narrow = some({ columns: dispensable, footer: () => '2 objects' });
    const { stdout } = await runMain(argv, narrow, world({ columns: 22, env }));
    expect(stdout).toBe(
      'Key               Size\na                  1 B\nページペ…ジ.png    3 B\n2 objects\n' +
        '1 column hidden; --wide or --json shows all\n',
    );
  });

  it('are shown whole with --wide', async () => {
    const host = world({ columns: 22, env });
    const { stdout } = await runMain([...argv, '--wide'], some(), host);
    expect(stdout).toContain(`${wide.key}   3 B  1 h ago\n`);
  });

  it('never wrap, also where later rows are wider', async () => {
    function* widening() {
      yield* many(1000);
      yield wide;
    }
    const { stdout } = await runMain(argv, some({ rows: widening() }), world({ columns: 30, env }));
    const lines = stdout.trimEnd().split('\n');
    expect(lines).toHaveLength(1002);
    expect(Math.max(...lines.map((line) => stringWidth(line)))).toBeLessThanOrEqual(30);
    expect(lines.at(-1)).toMatch(/^ペ.*…ジ\.png    3 B  1 h ago$/);
  });
});

describe('cells of a pipe', () => {
  it('are capped, so that one long key does not move all others; --wide shows them', async () => {
    const long = listing({ rows: [{ key: 'k'.repeat(1000), size: 1, at: AT }] });
    const { stdout } = await runMain(argv, long);
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThan(140);
    expect(stdout).toContain(`${'k'.repeat(50)}…${'k'.repeat(49)}`);
    expect((await runMain([...argv, '--wide'], long)).stdout).toContain('k'.repeat(1000));
  });

  it('have no blanks behind the last one', async () => {
    const bare = columns.map((column) => ({ ...column, show: () => '' }));
    const { stdout } = await runMain(argv, listing({ columns: [...columns, ...bare] }));
    expect(stdout).not.toMatch(/ $/m);
  });
});

describe('rows as CSV', () => {
  it('are exact, under the names of the JSON fields', async () => {
    expect((await runMain([...argv, '--csv'], listing())).stdout).toBe(
      `key,size,last_modified\r\na,1,${AT}\r\nページ.png,2048,${AT}\r\n`,
    );
  });

  it('are guarded against formulas, but not with --raw-csv', async () => {
    const formula = listing({ rows: [{ key: '=1', size: 1, at: AT }] });
    expect((await runMain([...argv, '--csv'], formula)).stdout).toContain("\n'=1,1,");
    expect((await runMain([...argv, '--raw-csv'], formula)).stdout).toContain('\n=1,1,');
  });

  it('are raw in a pipe but not on a terminal', async () => {
    const hostile = listing({ rows: [{ key: 'a\u001b[2J', size: 1, at: AT }] });
    const words = [...argv, '--csv'];
    expect((await runMain(words, hostile)).stdout).toContain('a\u001b[2J,1');
    expect((await runMain(words, hostile, world({ columns: 80 }))).stdout).not.toContain('\u001b');
  });
});

describe('rows as JSON', () => {
  const words = [...argv, '--json'];

  it('are one document with what comes before and after them', async () => {
    const answer = listing({ head: { backup: 'b' }, tail: () => ({ total: 2n }) });
    const { stdout } = await runMain(words, answer);
    expect(JSON.parse(stdout)).toEqual({ backup: 'b', objects: rows, total: 2 });
    expect(stdout.split('\n')[1]).toBe(`{"key":"a","size":1,"at":"${AT}"},`);
  });

  it('are an empty list where there are none', async () => {
    expect((await runMain(words, listing({ rows: [] }))).stdout).toBe('{"objects":[]}\n');
  });

  it('stay a whole document when an error breaks them off', async () => {
    async function* broken(): AsyncGenerator<ObjectRow> {
      yield* many(2);
      await Promise.resolve();
      throw new MangamotionError('damaged', 'chunk 3 is not what was written');
    }
    const { status, stdout } = await runMain(words, listing({ rows: broken() }));
    expect(status).toBe(5);
    expect(JSON.parse(stdout)).toEqual({
      objects: [...many(2)],
      error: { code: 'damaged', message: 'chunk 3 is not what was written', hint: null },
    });
  });
});

describe('rows and their reader', () => {
  it('wait for each other', async () => {
    const host = world();
    let produced = 0;
    let most = 0;
    let taken = 0;
    host.stdout._write = (chunk: string, _encoding: string, callback: () => void) => {
      setTimeout(() => {
        taken += chunk.split('\n').length - 1;
        most = Math.max(most, produced - taken);
        callback();
      }, 1);
    };
    function* counted() {
      for (const row of many(20_000)) {
        produced++;
        yield row;
      }
    }
    await runMain([...argv, '--csv'], listing({ rows: counted() }), host);
    expect(taken).toBe(20_001);
    expect(most).toBeLessThan(8_000);
  });

  it('end together, without an error, when the reader goes away', async () => {
    const host = world();
    let produced = 0;
    host.stdout._write = (_chunk: string, _encoding: string, callback: (error: Error) => void) => {
      callback(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
    };
    function* counted() {
      for (const row of many(1_000_000)) {
        produced++;
        yield row;
      }
    }
    const { status, stderr } = await runMain(argv, listing({ rows: counted() }), host);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(produced).toBeLessThan(20_000);
  });

  it('fail as a disk does when stdout cannot be written', async () => {
    const host = world();
    host.stdout._write = (_chunk: string, _encoding: string, callback: (error: Error) => void) => {
      callback(Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC' }));
    };
    const { status, stderr } = await runMain(argv, listing(), host);
    expect(status).toBe(1);
    expect(stderr).toContain('cannot write to stdout: ENOSPC');
  });
});

describe('a document', () => {
  const catalog = catalogOf({
    async run({ output }) {
      await output.document({
        json: { id: 'b', failures: [] },
        human: (page) => {
          page
            .text('Backup \u001b[1mb\nsecond line')
            .fields([
              { label: 'Objects', text: page.people.count(12345) },
              { label: '容量', text: page.people.bytes(1024), tone: 'strong' },
            ])
            .table(columns, rows);
        },
      });
      return undefined;
    },
  });

  it('is what people read, block by block', async () => {
    const { stdout } = await runMain(argv, catalog);
    expect(stdout.split('\n').slice(0, 5)).toEqual([
      String.raw`Backup \u001b[1mb`,
      'second line',
      'Objects  12,345',
      '容量     1.0 KiB',
      'Key            Size  Modified',
    ]);
  });

  it('is indented JSON with --json, with empty lists as []', async () => {
    const { stdout } = await runMain([...argv, '--json'], catalog);
    expect(stdout).toBe('{\n  "id": "b",\n  "failures": []\n}\n');
  });
});
