import { describe, expect, it } from 'vitest';
import type { Column } from '../../../../src/cli/output/columns.js';
import { fieldNames } from '../../../../src/cli/output/fields.js';
import { csvRows } from '../../../../src/cli/output/answers.js';
import { catalogOf, runMain } from '../world.js';

interface Row {
  id: string;
  size: number;
  total: { bytes: number; objects: number };
  problem?: string;
}

const all: Row[] = [
  { id: 'a', size: 1, total: { bytes: 3, objects: 4 } },
  { id: 'b', size: 2, total: { bytes: 5, objects: 6 }, problem: 'lost' },
];
const columns: Column<Row>[] = [
  { title: 'id', name: 'id', value: ({ id }) => id },
  { title: 'size', name: 'size', value: ({ size }) => size },
];

const fields = {
  ...fieldNames('id', 'size', 'problem'),
  total: fieldNames('bytes', 'objects'),
};
const answer = {
  ...{ member: 'rows', head: { from: 'x' }, columns, fields },
  json: (row: Row): Row => row,
};

const rows = catalogOf({
  printsRows: true,
  async run({ output }) {
    await output.rows({ ...answer, rows: all });
    return undefined;
  },
});

/** Fails a run that asks it for a row. */
const neverRead = catalogOf({
  printsRows: true,
  async run({ output }) {
    const asked = function* (): Generator<Row> {
      yield* [];
      throw new Error('a row was asked for');
    };
    await output.rows({ ...answer, rows: asked() });
    return undefined;
  },
});

const lines = catalogOf({
  async run({ output }) {
    output.expectFields({ event: true, row: fields });
    for (const row of all) await output.line({ event: 'added', row });
    return undefined;
  },
});

const documentOf = (changes: 'nothing' | 'always') =>
  catalogOf({
    changes,
    printsRows: true,
    async run({ output }) {
      const csv = csvRows(columns, all);
      await output.document({ json: { id: 'd', rows: all }, human: () => undefined, csv });
      return undefined;
    },
  });

async function run(catalog = rows, ...words: string[]) {
  const { status, stdout, stderr } = await runMain(['backup', 'test', ...words], catalog);
  return { status, stdout, stderr };
}

/** With --json stdout is one document, of the error alone; with --csv it is empty. */
function faultIn(form: string, stdout: string, stderr: string): { message: string } {
  if (form === '--csv') {
    expect(stdout).toBe('');
    return { message: stderr };
  }
  const { error, ...more } = JSON.parse(stdout) as { error: { message: string; hint: string } };
  expect(more).toEqual({});
  return { message: `${error.message}; ${error.hint}` };
}

describe('--fields', () => {
  it('picks the members of each row, and leaves what is around them', async () => {
    const { stdout } = await run(rows, '--json', '--fields', 'id,total.bytes,problem');
    expect(JSON.parse(stdout)).toEqual({
      from: 'x',
      rows: [
        { id: 'a', total: { bytes: 3 } },
        { id: 'b', total: { bytes: 5 }, problem: 'lost' },
      ],
    });
  });

  it('picks the columns of CSV, in that order', async () => {
    expect((await run(rows, '--csv', '--fields', 'size,id')).stdout).toBe(
      'size,id\r\n1,a\r\n2,b\r\n',
    );
  });

  it('picks the members of a document, and of the lists in it', async () => {
    const { stdout } = await run(documentOf('nothing'), '--json', '--fields', 'id,rows.size');
    expect(JSON.parse(stdout)).toEqual({ id: 'd', rows: [{ size: 1 }, { size: 2 }] });
  });

  it.each([
    [rows, '--json', 'idd', 'did you mean id? There are id, size, problem, total'],
    [
      rows,
      '--json',
      'total.byts',
      'did you mean total.bytes? There are total.bytes, total.objects',
    ],
    [lines, '--json', 'row.idd', 'did you mean row.id? There are row.id'],
    [rows, '--csv', 'total', 'There are id, size'],
    [documentOf('nothing'), '--json', 'rows.sizes', 'There are id, rows'],
  ])('refuses what is no field: %#', async (catalog, form, names, hint) => {
    const { status, stdout, stderr } = await run(catalog, form, '--fields', names);
    expect(status).toBe(2);
    const { message } = faultIn(form, stdout, stderr);
    expect(message).toContain(`--fields: there is no field ${names}`);
    expect(message).toContain(hint);
  });

  it.each(['--json', '--csv'])('refuses it before the first row is read: %s', async (form) => {
    const { status, stdout, stderr } = await run(neverRead, form, '--fields', 'nme');
    expect(status).toBe(2);
    expect(faultIn(form, stdout, stderr).message).toContain('there is no field nme');
  });

  it('takes a field that no row happens to have', async () => {
    const withoutProblems = catalogOf({
      printsRows: true,
      async run({ output }) {
        await output.rows({ ...answer, rows: all.slice(0, 1) });
        return undefined;
      },
    });
    const { status, stdout } = await run(withoutProblems, '--json', '--fields', 'id,problem');
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toEqual({ from: 'x', rows: [{ id: 'a' }] });
  });

  it('never loses the report of work that was done', async () => {
    const { status, stdout, stderr } = await run(documentOf('always'), '--json', '--fields', 'idd');
    expect({ status, stdout }).toEqual({ status: 0, stdout: '{}\n' });
    expect(stderr).toContain('there is no field idd');
  });

  it('needs a form that has fields', async () => {
    expect((await run(rows, '--fields', 'id')).status).toBe(2);
    expect((await run(rows, '--json', '--fields', 'id,,x')).status).toBe(2);
  });
});

describe('--csv of a document', () => {
  it('is its rows', async () => {
    expect((await run(documentOf('nothing'), '--csv')).stdout).toBe('id,size\r\na,1\r\nb,2\r\n');
  });
});

describe('--version', () => {
  it('is JSON with --json', async () => {
    const { status, stdout } = await runMain(['--version', '--json'], rows);
    expect(status).toBe(0);
    expect((JSON.parse(stdout) as { version: string }).version).toMatch(/^\d+\.\d+\.\d+/);
  });
});
