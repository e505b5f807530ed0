import { open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { linesOfFile } from '../../../src/files/lines-of-file.js';
import { temporaryFolder } from '../../helpers/backups.js';

const { folder, remove } = temporaryFolder();
afterAll(remove);

async function linesOf(text: string): Promise<string[]> {
  const path = join(folder, 'lines');
  await writeFile(path, text);
  const file = await open(path);
  const lines: string[] = [];
  for await (const line of linesOfFile(file)) lines.push(line);
  await file.close();
  return lines;
}

it('a line ends at a line feed, and at no other character', async () => {
  const odd = ['a\u2028b', 'c\u2029d', 'e\rf', 'g\u0085h', 'ü'.repeat(300_000), 'end'];
  expect(await linesOf(`${odd.join('\n')}\n`)).toEqual(odd);
  expect(await linesOf('without its end')).toEqual(['without its end']);
  expect(await linesOf('')).toEqual([]);
});
