import { execa } from 'execa';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const churn = fileURLToPath(new URL('../helpers/churn.js', import.meta.url));
const memory = fileURLToPath(new URL('../../dist/cli/memory.js', import.meta.url));
const node = process.env.MANGAMOTION_NODE ?? process.execPath;

interface Churned {
  collections: number;
  newSpaceBytes: number;
}

async function measure(...args: string[]): Promise<Churned> {
  const { stdout, stderr } = await execa(node, [churn, ...args]);
  // A flag that this V8 does not know would be named here.
  expect(stderr).toBe('');
  return JSON.parse(stdout) as Churned;
}

it('V8 looks for garbage sooner than by default, in a process that runs already', async () => {
  const byDefault = await measure();
  const small = await measure(memory);
  expect(small.collections).toBeGreaterThan(byDefault.collections);
  expect(small.newSpaceBytes).toBeLessThan(byDefault.newSpaceBytes);
});
