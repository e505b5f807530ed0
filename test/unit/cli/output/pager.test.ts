import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { catalogOf, runMain, world } from '../world.js';

const folder = mkdtempSync(join(tmpdir(), 'mangamotion-pager-'));
const file = join(folder, 'paged');
afterAll(() => rmSync(folder, { recursive: true }));

let produced = 0;

function listing(count: number) {
  return catalogOf({
    printsRows: true,
    async run({ output }) {
      produced = 0;
      function* rows() {
        for (; produced < count; produced++) yield { n: produced };
      }
      await output.rows({
        ...{ member: 'rows', rows: rows(), json: (row: { n: number }) => row },
        fields: { n: true },
        columns: [{ title: 'n', name: 'n', value: ({ n }: { n: number }) => n }],
      });
      return 'partial';
    },
  });
}

async function onTerminal(count: number, pager: string, ...words: string[]) {
  const env = { PATH: process.env.PATH ?? '', PAGER: pager, NO_COLOR: '1' };
  const host = world({ columns: 80, env });
  Object.assign(host.stdout, { rows: 24 });
  return await runMain(['backup', 'test', ...words], listing(count), host);
}

describe('rows on a terminal', () => {
  it('go into the pager where they are longer than the screen', async () => {
    const { status, stdout } = await onTerminal(20_000, `cat > ${file}`);
    expect({ status, stdout }).toEqual({ status: 3, stdout: '' });
    const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
    expect(lines).toHaveLength(20_001);
    expect(lines.at(-1)).toBe('19999');
  });

  it('end quietly, with the status they would have had, where the pager is left early', async () => {
    const { status, stdout, stderr } = await onTerminal(1_000_000, 'head -n 3 > /dev/null');
    expect({ status, stdout, stderr }).toEqual({ status: 3, stdout: '', stderr: '' });
    expect(produced).toBeLessThan(500_000);
  });

  it.each([
    ['they fit', 10, `cat > ${file}`, []],
    ['--no-pager is given', 100, `cat > ${file}`, ['--no-pager']],
    ['PAGER is cat', 100, 'cat', []],
    ['PAGER is empty', 100, '', []],
    ['there is no such pager', 100, 'no-such-pager-here 2>&-', []],
    ['JSON was asked for', 100, `cat > ${file}`, ['--json']],
  ])('are printed where %s', async (_why, count, pager, words) => {
    const { status, stdout } = await onTerminal(count, pager, ...words);
    expect(status).toBe(3);
    expect(stdout.split('\n').length).toBeGreaterThan(count);
  });
});
